// SPDX-License-Identifier: EUPL-1.2
// Forms that may be sent without a network: kept on the phone, sent once it is back, counted once by the server
// (each form carries an idempotency_key). With a network the same path sends at once.

const DATABASE = "heitje-outbox";
const STORE = "letters";
const HEADERS = { "X-Outbox": "1", Accept: "text/html" };

export function enhanceOutboxForm(form) {
  form.addEventListener("submit", async (event) => {
    if (event.defaultPrevented) return;
    event.preventDefault();
    const button = event.submitter;
    if (button) button.disabled = true;
    const letter = {
      url: form.action,
      fields: [...new FormData(form, button)],
      title: form.dataset.outbox || document.title,
      person: document.querySelector("meta[name=person]")?.content ?? "",
      at: new Date().toISOString(),
    };
    try {
      await follow(await send(letter));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      await keep(letter);
      say(form, form.dataset.outboxKept ?? "");
    } finally {
      if (button) button.disabled = false;
    }
  });
}

// Sends everything that waits, oldest first. One page at a time does it; a refusal leaves the queue and is shown.
export async function flush() {
  await navigator.locks.request(DATABASE, { ifAvailable: true }, async (lock) => {
    if (!lock) return;
    const person = document.querySelector("meta[name=person]")?.content ?? "";
    for (const [key, letter] of await waiting()) {
      if (letter.person !== person) continue;
      let answer;
      try {
        answer = await send(letter);
      } catch {
        return;
      }
      if (answer.status >= 500 || answer.status === 429) return;
      await remove(key);
      report(letter, answer);
    }
  });
}

async function send(letter) {
  const body = new FormData();
  const token = document.querySelector("input[name=csrf_token]")?.value;
  for (const [name, value] of letter.fields) body.append(name, name === "csrf_token" && token ? token : value);
  return fetch(letter.url, { method: "POST", body, headers: HEADERS, credentials: "same-origin" });
}

// The server names the next page instead of redirecting (a redirect followed here would use up the page's messages);
// a form with errors comes back as this very page.
async function follow(answer) {
  const next = answer.headers.get("X-Next-Page");
  if (next) {
    location.assign(next);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  document.querySelector(".flashes")?.replaceChildren();
  document.querySelector("main").replaceWith(document.adoptNode(page.querySelector("main")));
  document.dispatchEvent(new Event("htmx:after:swap"));
  scrollTo(0, 0);
}

function say(form, text) {
  const place = document.querySelector(".flashes");
  const note = document.createElement("div");
  note.className = "notice warn";
  note.append(Object.assign(document.createElement("p"), { textContent: text }));
  place?.append(note);
  form.querySelectorAll("button").forEach((button) => (button.hidden = true));
  place?.scrollIntoView({ block: "center" });
}

function report(letter, answer) {
  const place = document.querySelector(".flashes");
  if (!place) return;
  const note = document.createElement("div");
  note.className = `notice ${answer.ok ? "good" : "bad"}`;
  const link = Object.assign(document.createElement("a"), { href: answer.headers.get("X-Next-Page") ?? letter.url, textContent: letter.title });
  note.append(link, answer.ok ? " ✓" : " ✗");
  place.append(note);
}

async function keep(letter) {
  await inStore("readwrite", (store) => store.add(letter));
  localStorage.setItem("heitje-outbox", "1");
}

async function waiting() {
  const keys = await inStore("readonly", (store) => store.getAllKeys());
  const letters = await inStore("readonly", (store) => store.getAll());
  return keys.map((key, place) => [key, letters[place]]);
}

async function remove(key) {
  await inStore("readwrite", (store) => store.delete(key));
  if (!(await waiting()).length) localStorage.removeItem("heitje-outbox");
}

async function inStore(mode, act) {
  const database = await asPromise(
    Object.assign(indexedDB.open(DATABASE, 1), {
      onupgradeneeded: (event) => event.target.result.createObjectStore(STORE, { autoIncrement: true }),
    }),
  );
  try {
    return await asPromise(act(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function asPromise(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

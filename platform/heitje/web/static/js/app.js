// SPDX-License-Identifier: EUPL-1.2
// Binds behaviours to what is on the page, by data attribute, and again to what htmx brings in later.

const behaviours = [
  ["form[data-outbox]", () => import("./outbox.js"), "enhanceOutboxForm"],
  ["[data-map]", () => import("./map.js"), "showMap"],
  ["[data-photo]", () => import("./photo.js"), "enhancePhotoField"],
  ["[data-scan]", () => import("./scan.js"), "enhanceScanner"],
  ["[data-keypad]", () => import("./keypad.js"), "enhanceKeypad"],
  ["[data-sound]", () => import("./sound.js"), "playOutcome"],
  ["[data-asks]", () => import("./asks.js"), "watchAsking"],
  ["[data-sound-ready]", () => import("./sound.js"), "readySound"],
  ["[data-check-all]", () => import("./choose.js"), "enhanceCheckAll"],
  ["[data-submit-on-change]", () => import("./choose.js"), "submitOnChange"],
  ["[data-near]", () => import("./near.js"), "enhanceNearButton"],
  ["[data-focus]", () => import("./focus.js"), "focusOn"],
  ["html[data-kept-at]", () => import("./kept.js"), "showAge"],
  ["[data-copy]", () => import("./copy.js"), "enhanceCopyButton"],
];
const bound = new WeakMap();

async function bind(root) {
  for (const [selector, load, name] of behaviours) {
    for (const element of root.querySelectorAll(selector)) {
      const names = bound.get(element) ?? new Set();
      if (names.has(name)) continue;
      bound.set(element, names.add(name));
      const module = await load();
      module[name](element);
    }
  }
}

async function rememberPerson(registration) {
  // The pages of the person before are not for the person after, on a shared phone.
  const person = document.querySelector("meta[name=person]")?.content ?? "";
  const before = localStorage.getItem("heitje-person") ?? "";
  if (person === before) return;
  localStorage.setItem("heitje-person", person);
  if (before) registration.active?.postMessage({ forget: true });
}

async function startServiceWorker() {
  const forPhones = document.documentElement.classList.contains("app");
  if (!forPhones || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/sw.js", { scope: "/" });
  await rememberPerson(await navigator.serviceWorker.ready);
}

async function flushOutbox() {
  if (!navigator.onLine || !localStorage.getItem("heitje-outbox")) return;
  const { flush } = await import("./outbox.js");
  await flush();
}

bind(document);
document.addEventListener("htmx:after:swap", () => bind(document));
document.addEventListener("htmx:after:process", () => bind(document));
addEventListener("online", flushOutbox);
flushOutbox();
startServiceWorker().catch(() => {
  // Without a service worker the pages work all the same, with a network.
});

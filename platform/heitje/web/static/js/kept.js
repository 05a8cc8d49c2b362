// SPDX-License-Identifier: EUPL-1.2
// Says from when a page is that came out of the phone's own memory.

export function showAge(page) {
  const at = new Date(page.dataset.keptAt);
  const when = at.toLocaleString(page.lang, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" });
  const note = document.createElement("div");
  note.className = "notice warn";
  note.append(Object.assign(document.createElement("p"), { textContent: `${page.dataset.keptText} ${when}` }));
  document.querySelector(".flashes")?.append(note);
}

// SPDX-License-Identifier: EUPL-1.2
// A part of the page that asks for news every second: says when the answers stay away, and hides that when they come.

export function watchAsking(part) {
  const note = part.querySelector("[data-asks-trouble]");

  const lost = () => { note.hidden = false; };
  part.addEventListener("htmx:error", lost);
  part.addEventListener("htmx:after:request", (event) => {
    const status = event.detail.ctx.response.status;
    // Signed out meanwhile: the page itself leads to where one signs in.
    if (status === 401) location.reload();
    note.hidden = status < 500;
  });
}

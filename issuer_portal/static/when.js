// SPDX-License-Identifier: EUPL-1.2
// Shows the fields that belong to the chosen kind of moment; without this module all of them are there.

export function enhanceWhen(form) {
  const parts = [...form.querySelectorAll("[data-when]")];
  const show = () => {
    const chosen = form.querySelector("input[name=timing]:checked")?.value;
    for (const part of parts) part.hidden = part.dataset.when !== chosen;
  };
  form.addEventListener("change", (event) => {
    if (event.target.name === "timing") show();
  });
  show();
}

for (const form of document.querySelectorAll("form:has([data-when])")) enhanceWhen(form);

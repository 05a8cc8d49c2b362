// SPDX-License-Identifier: EUPL-1.2
// One tick for all rows of a form, a count of what is ticked, and forms that send themselves when a choice changes.

export function enhanceCheckAll(box) {
  const form = box.closest("form") ?? document;
  const rows = () => [...form.querySelectorAll("tbody input[type=checkbox]:not([disabled])")];
  const count = form.querySelector("[data-chosen]");
  const plain = count?.textContent;

  const show = () => {
    const chosen = rows().filter((row) => row.checked).length;
    box.checked = chosen > 0 && chosen === rows().length;
    box.indeterminate = chosen > 0 && !box.checked;
    if (count) count.textContent = chosen ? `${chosen} ${count.dataset.chosen}:` : plain;
  };

  box.addEventListener("change", () => {
    for (const row of rows()) row.checked = box.checked;
    show();
  });
  form.addEventListener("change", (event) => {
    if (event.target !== box) show();
  });
  show();
}

export function submitOnChange(element) {
  element.addEventListener("change", () => element.form?.requestSubmit());
}

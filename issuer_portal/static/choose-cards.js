// SPDX-License-Identifier: EUPL-1.2
// One tick for all cards of a queue, and a count of what is ticked.

export function enhanceChooseAll(box) {
  const boxes = () => [...document.querySelectorAll(`input[type=checkbox][form="${box.dataset.chooseAll}"]`)];
  const count = document.querySelector("[data-choose-count]");
  const plain = count?.textContent;
  box.hidden = false;

  const show = () => {
    const chosen = boxes().filter((one) => one.checked).length;
    box.checked = chosen > 0 && chosen === boxes().length;
    box.indeterminate = chosen > 0 && !box.checked;
    if (count) count.textContent = chosen ? `${chosen} ${count.dataset.chooseCount}` : plain;
  };
  box.addEventListener("change", () => {
    for (const one of boxes()) one.checked = box.checked;
    show();
  });
  document.addEventListener("change", (event) => {
    if (event.target !== box) show();
  });
  show();
}

for (const box of document.querySelectorAll("[data-choose-all]")) enhanceChooseAll(box);

// SPDX-License-Identifier: EUPL-1.2
// A button that copies the text of another element: an account number, a code.

export function enhanceCopyButton(button) {
  const source = document.getElementById(button.dataset.copy);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent.trim());
    button.textContent = button.dataset.done ?? button.textContent;
  });
}

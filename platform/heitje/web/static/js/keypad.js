// SPDX-License-Identifier: EUPL-1.2
// The till's keys fill the amount as a cash register does: 1 2 5 0 becomes 12,50.

const MOST_DIGITS = 7;

export function enhanceKeypad(pad) {
  const input = document.getElementById(pad.dataset.keypad);
  let digits = input.value.replace(/\D/g, "").replace(/^0+/, "");

  const show = () => {
    const text = digits.padStart(3, "0");
    const whole = text.slice(0, -2).replace(/\B(?=(\d{3})+(?!\d))/g, "");
    input.value = digits ? `${whole},${text.slice(-2)}` : "";
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };

  pad.hidden = false;
  input.inputMode = "none";
  pad.addEventListener("click", (event) => {
    const key = event.target.closest("[data-key]")?.dataset.key;
    if (key === undefined) return;
    if (key === "back") digits = digits.slice(0, -1);
    else if (key === "clear") digits = "";
    else if ((digits + key).replace(/^0+/, "").length <= MOST_DIGITS) digits = (digits + key).replace(/^0+/, "");
    show();
  });
}

// SPDX-License-Identifier: EUPL-1.2
// Brings the eye and the screen reader to what went wrong.

export function focusOn(element) {
  element.focus();
}

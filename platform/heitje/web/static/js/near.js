// SPDX-License-Identifier: EUPL-1.2
// "Near me": fills the hidden fields latitude and longitude of its form and sends it. Asked for by a click, never before.

export function enhanceNearButton(button) {
  const form = button.form;
  const message = form.querySelector("[data-near-message]");
  button.hidden = !("geolocation" in navigator);
  button.addEventListener("click", (event) => {
    event.preventDefault();
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        // Three decimals are about 100 metres: enough to sort by, too coarse for a doorstep.
        form.elements.latitude.value = coords.latitude.toFixed(3);
        form.elements.longitude.value = coords.longitude.toFixed(3);
        form.requestSubmit();
      },
      () => {
        if (message) message.hidden = false;
      },
      { maximumAge: 300_000, timeout: 8_000 },
    );
  });
}

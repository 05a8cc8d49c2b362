// SPDX-License-Identifier: EUPL-1.2
// Looks for a QR code in one frame, off the page's own thread.

importScripts("../vendor/jsqr.js");

onmessage = ({ data: { data, width, height } }) => {
  const found = jsQR(data, width, height, { inversionAttempts: "dontInvert" });
  postMessage(found?.data || null);
};

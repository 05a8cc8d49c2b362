// SPDX-License-Identifier: EUPL-1.2
// Reads a QR code with the camera: the browser's own detector, else jsQR in a worker. A typed code is always there too.

const EVERY_MS = 180;

export function enhanceScanner(box) {
  const start = box.querySelector("[data-scan-start]");
  const stage = box.querySelector("[data-scan-stage]");
  const failed = box.querySelector("[data-scan-failed]");
  const target = document.getElementById(box.dataset.scan);
  if (!navigator.mediaDevices?.getUserMedia) return;
  start.hidden = false;

  start.addEventListener("click", async () => {
    start.hidden = true;
    try {
      const found = await scan(stage);
      accept(found, target, box.dataset.scanPath);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      stage.hidden = true;
      start.hidden = false;
      if (failed) failed.hidden = false;
    }
  });
}

// Follows a code of this site's own address (data-scan-path), else types it into the field and sends the form.
function accept(text, target, path) {
  const address = URL.canParse(text) ? new URL(text) : null;
  if (address && path && address.origin === location.origin && address.pathname.startsWith(path)) {
    location.assign(address.pathname + address.search);
    return;
  }
  target.value = address ? (address.pathname.split("/").pop() ?? "") : text;
  target.form.requestSubmit();
}

async function scan(stage) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, srcObject: stream });
  stage.replaceChildren(video);
  stage.hidden = false;
  await video.play();
  const reader = await makeReader();
  try {
    for (;;) {
      const found = await reader.read(video);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  } finally {
    reader.close();
    for (const track of stream.getTracks()) track.stop();
    stage.replaceChildren();
    stage.hidden = true;
  }
}

async function makeReader() {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.()) ?? [];
  if (formats.includes("qr_code")) {
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    return { read: async (video) => (await detector.detect(video))[0]?.rawValue, close() {} };
  }
  return workerReader();
}

function workerReader() {
  const worker = new Worker(new URL("./scan-worker.js", import.meta.url));
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d", { willReadFrequently: true });

  const read = (video) => {
    const scale = Math.min(1, 640 / Math.max(video.videoWidth, 1));
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    const { data, width, height } = pen.getImageData(0, 0, canvas.width, canvas.height);
    return new Promise((resolve, reject) => {
      worker.onmessage = ({ data: found }) => resolve(found);
      worker.onerror = () => reject(new DOMException("The reader does not start.", "NotSupportedError"));
      worker.postMessage({ data, width, height }, [data.buffer]);
    });
  };
  return { read, close: () => worker.terminate() };
}

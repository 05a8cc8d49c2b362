// SPDX-License-Identifier: EUPL-1.2
// Shrinks photos on the phone before they are sent, and shows them. What cannot be read is sent as it is.

const QUALITY = 0.82;
const PREVIEW = 320;

export function enhancePhotoField(field) {
  const input = field.querySelector("input[type=file]");
  const previews = field.querySelector("[data-previews]");
  const longest = Number(field.dataset.longest) || 2048;
  let own = false;

  input.addEventListener("change", async () => {
    if (own) return;
    previews.replaceChildren();
    const files = new DataTransfer();
    for (const file of input.files) files.items.add(await shrink(file, longest, previews));
    own = true;
    input.files = files.files;
    own = false;
  });
}

async function shrink(file, longest, previews) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return file;
  }
  previews.append(preview(picture, previews.dataset.alt));
  const canvas = draw(picture, longest);
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  picture.close();
  if (!blob || blob.size >= file.size) return file;
  return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
}

function preview(picture, alt) {
  const canvas = draw(picture, PREVIEW);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", alt ?? "");
  return canvas;
}

function draw(picture, longest) {
  const scale = Math.min(1, longest / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// SPDX-License-Identifier: EUPL-1.2
// Paid or refused, to be heard across a counter: two tones up, or one low one. Never the only sign.

const TONES = { good: [[660, 0], [990, 0.14]], bad: [[196, 0], [165, 0.2]] };

let context = null;

// Browsers let a page make sound only after a touch: on a till that touch is the button before the waiting.
export function readySound(element) {
  element.addEventListener("submit", () => shared()?.resume(), { capture: true });
}

function shared() {
  if (!context && "AudioContext" in window) context = new AudioContext();
  return context;
}

export function playOutcome(element) {
  const tones = TONES[element.dataset.sound];
  if (!tones || !shared()) return;
  for (const [pitch, after] of tones) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const start = context.currentTime + after;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.25, start);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.3);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.32);
  }
}

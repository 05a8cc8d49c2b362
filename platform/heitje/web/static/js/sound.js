// SPDX-License-Identifier: EUPL-1.2
// Paid or refused, to be heard across a counter: two tones up, or one low one. Never the only sign.

const TONES = { good: [[660, 0], [990, 0.14]], bad: [[196, 0], [165, 0.2]] };

export function playOutcome(element) {
  const tones = TONES[element.dataset.sound];
  if (!tones || !("AudioContext" in window)) return;
  const context = new AudioContext();
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

/** Tones (none longer than 0.6 s) and vibration, a different one for each outcome. */
import type { Face } from "./faces";

export type Signal = Face | "captured" | "wrong";
type Note = readonly [hertz: number, from: number, seconds: number];

const TONES: Record<Signal, readonly Note[]> = {
  captured: [[1400, 0, 0.06]],
  admit: [[880, 0, 0.12], [1320, 0.13, 0.2]],
  admit_with_action: [[740, 0, 0.12], [740, 0.18, 0.12], [740, 0.36, 0.12]],
  refuse: [[220, 0, 0.5]],
  cannot_verify: [[440, 0, 0.16], [330, 0.2, 0.3]],
  wrong: [[180, 0, 0.15]],
};
const SHAKES: Record<Signal, number[]> = {
  captured: [30], admit: [80], admit_with_action: [80, 60, 80, 60, 80], refuse: [500], cannot_verify: [200, 100, 200],
  wrong: [60, 40, 60],
};

let audio: AudioContext | null = null;

/** Browsers let a page sound only after somebody touched it. */
export function wakeAudio(): void {
  audio ??= "AudioContext" in window ? new AudioContext() : null;
  if (audio?.state === "suspended") void audio.resume();
}

export function give(signal: Signal, { sound, vibration }: { readonly sound: boolean; readonly vibration: boolean }): void {
  const touched = !("userActivation" in navigator) || navigator.userActivation.hasBeenActive;
  if (vibration && touched && "vibrate" in navigator) navigator.vibrate(SHAKES[signal]);
  if (!sound || audio?.state !== "running") return;
  const start = audio.currentTime;
  for (const [hertz, from, seconds] of TONES[signal]) {
    const [tone, gain] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = hertz;
    tone.type = signal === "refuse" || signal === "wrong" ? "square" : "sine";
    gain.gain.setValueAtTime(0.35, start + from);
    gain.gain.linearRampToValueAtTime(0, start + from + seconds);
    tone.connect(gain).connect(audio.destination);
    tone.start(start + from);
    tone.stop(start + from + seconds);
  }
}

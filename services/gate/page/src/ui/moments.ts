/** Times and ages in words that people use; always those of the town. */
import type { TextKey } from "./text";

type Say = (key: TextKey, ...values: (string | number)[]) => string;

export const clock = (at: number): string => new Date(at + 8 * 3_600_000).toISOString().slice(11, 16);

export function ago(seconds: number, say: Say): string {
  const minutes = Math.floor(seconds / 60);
  return minutes < 120 ? say("minutes", Math.max(0, minutes)) : say("hours", Math.floor(minutes / 60));
}

export function span(seconds: number, say: Say): string {
  if (seconds < 120) return say("seconds", seconds);
  return seconds < 172_800 ? say("minutes_long", Math.round(seconds / 60)) : say("days_long", Math.round(seconds / 86_400));
}

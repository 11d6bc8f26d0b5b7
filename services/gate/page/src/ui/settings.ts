/** How this device likes it: nothing of a person, so it lies open in the browser. */
import type { Language } from "../rule/words";

export type Theme = "auto" | "light" | "dark";
export interface Settings {
  language: Language; theme: Theme; sound: boolean; vibration: boolean; camera: boolean; leaderPhone: string;
}
const NAME = "fangkong-gate-settings";
const FIRST: Settings = {
  language: "zh-CN", theme: "auto", sound: true, vibration: true, camera: false, leaderPhone: "",
};
const NIGHT = { from: 18, until: 6 };

export function readSettings(): Settings {
  try {
    return { ...FIRST, ...(JSON.parse(localStorage.getItem(NAME) ?? "{}") as Partial<Settings>) };
  } catch {
    return { ...FIRST };
  }
}

export function keepSettings(settings: Settings): void {
  try {
    localStorage.setItem(NAME, JSON.stringify(settings));
  } catch { /* a browser that keeps nothing: asked again next time */ }
}

/** Dark from 18:00 to 06:00 in town, unless somebody chose. */
export function isNight(theme: Theme, at: number): boolean {
  if (theme !== "auto") return theme === "dark";
  const hour = new Date(at + 8 * 3_600_000).getUTCHours();
  return hour >= NIGHT.from || hour < NIGHT.until;
}

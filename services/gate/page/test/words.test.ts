import { describe, expect, it } from "vitest";
import { instruction, reasonWords, REASONS, vehicleInstruction, VEHICLE_REASONS } from "../src/rule/words";
import { text, TEXTS } from "../src/ui/text";

const HAN = /[\u3400-\u9fff]/;
const places = (words: string): string[] => [...words.matchAll(/\{\d\}/g)].map((found) => found[0]).sort();

describe("what the page says", () => {
  it.each(Object.entries(TEXTS))("says %s in both languages, with the same places", (key, [zh, en]) => {
    expect(zh.trim()).not.toBe("");
    expect(en.trim()).not.toBe("");
    expect(places(en)).toEqual(places(zh));
    if (key !== "language") expect(HAN.test(en), `untranslated: ${en}`).toBe(false);
  });

  it("puts values into their places", () => {
    expect(text("zh-CN", "nth_today", 2)).toBe("今日第 2 次");
    expect(text("en", "handed_over", 1, 2, 3, 4)).toBe("Handed over: in 1, out 2, refused 3, fever 4");
  });

  it.each([...REASONS, ...VEHICLE_REASONS])("has the rule's own words for %s", (reason) => {
    expect(HAN.test(reasonWords(reason, "zh-CN") ?? "")).toBe(true);
    expect(reasonWords(reason, "en")).toMatch(/^[A-Z]/);
  });

  it("shows a code that is newer than itself as the verdict alone", () => {
    expect(reasonWords("from_the_future", "zh-CN")).toBeNull();
    expect(instruction("refuse", "from_the_future", "zh-CN")).toBe("不予放行");
    expect(vehicleInstruction("complete", true, "en")).toMatch(/logged/);
  });
});

import { describe, expect, it } from "vitest";
import { backoff } from "../src/device/rounds";
import { Connectivity } from "../src/device/connectivity";
import { codeIn } from "../src/ui/page";
import { Repeats, Wedge } from "../src/ui/scans";
import { reading } from "../src/ui/screens";
import { isNight } from "../src/ui/settings";

function typed(wedge: Wedge, text: string, pause: number, from = 1_000): string | null {
  let at = from;
  let found: string | null = null;
  for (const key of [...Array.from(text), "Enter"]) found = wedge.key(key, at += pause);
  return found;
}

describe("a scanner that types", () => {
  it("is told from a person by its speed", () => {
    expect(typed(new Wedge(), "EP1:6BF+70", 4)).toBe("EP1:6BF+70");
    expect(typed(new Wedge(), "12345678", 4)).toBe("12345678");
    expect(typed(new Wedge(), "12345678", 140)).toBeNull();
  });

  it.each(["E", "EP", "EP1", "EP1:", "EP1:6B"])("may stall after %s of a pass on a busy phone, but not for long", (head) => {
    const whole = "EP1:6BF+70";
    for (const [pause, found] of [[490, whole], [510, null]] as const) {
      const wedge = new Wedge();
      let at = 1_000;
      for (const key of head) wedge.key(key, at += 4);
      at += pause;
      for (const key of whole.slice(head.length)) wedge.key(key, at += 4);
      expect(wedge.key("Enter", at + 4) === whole).toBe(found === whole);
    }
  });

  it("is not confused by keys that are no characters, nor by what was typed before", () => {
    const wedge = new Wedge();
    wedge.key("x", 10);
    wedge.key("Shift", 900);
    expect(typed(wedge, "12345678", 5)).toBe("12345678");
  });

  it("says while it types, so that a blank in a code presses no button", () => {
    const wedge = new Wedge();
    wedge.key("E", 10);
    expect(wedge.typing).toBe(false);
    wedge.key("P", 14);
    expect(wedge.typing).toBe(true);
    wedge.key("Enter", 18);
    expect(wedge.typing).toBe(false);
  });

  it("says nothing of a lone Enter or a short burst", () => {
    expect(new Wedge().key("Enter", 1)).toBeNull();
    expect(typed(new Wedge(), "36.5", 4)).toBeNull();
  });
});

describe("the same code again", () => {
  it.each([["camera", 2_499, true], ["camera", 2_501, false], ["wedge", 4_999, true], ["wedge", 5_001, false]] as const)(
    "by %s after %i ms is a repeat: %s", (source, later, again) => {
      const repeats = new Repeats();
      expect(repeats.again("EP1:A", source, 0)).toBe(false);
      expect(repeats.again("EP1:A", source, later)).toBe(again);
    });

  it("stays one scan for as long as the hand hovers", () => {
    const repeats = new Repeats();
    repeats.again("EP1:A", "camera", 0);
    for (let at = 1_000; at < 20_000; at += 1_000) expect(repeats.again("EP1:A", "camera", at)).toBe(true);
    expect(repeats.again("EP1:B", "camera", 20_000)).toBe(false);
  });

  it("the other way within a minute is asked about", () => {
    const repeats = new Repeats();
    repeats.let("EP1:A", "entry", 0);
    expect(repeats.otherWay("EP1:A", "exit", 42_000)).toBe(42);
    expect(repeats.otherWay("EP1:A", "entry", 42_000)).toBeNull();
    expect(repeats.otherWay("EP1:B", "exit", 42_000)).toBeNull();
    expect(repeats.otherWay("EP1:A", "exit", 60_000)).toBeNull();
  });
});

describe("small rules of the page", () => {
  it("reads three digits as a temperature", () => {
    expect([reading("365"), reading("36"), reading("")]).toEqual(["36.5", null, null]);
  });

  it("finds the code in a link, and takes it alone", () => {
    expect(codeIn("https://gate.example/guard/#code=ABCD-1234")).toBe("ABCD-1234");
    expect(codeIn(" ABCD-1234 ")).toBe("ABCD-1234");
  });

  it("is dark from 18:00 to 06:00 in town, unless somebody chose", () => {
    const at = (hour: number): number => Date.parse(`2020-02-24T${String(hour).padStart(2, "0")}:00:00+08:00`);
    expect([5, 6, 17, 18].map((hour) => isNight("auto", at(hour)))).toEqual([true, false, false, true]);
    expect([isNight("dark", at(12)), isNight("light", at(23))]).toEqual([true, false]);
  });

  it("waits 1, 2, 4 … 60 seconds, with a random part", () => {
    expect([1, 2, 3, 9, 40].map((failures) => backoff(failures, () => 1))).toEqual([2, 4, 8, 60, 60]);
    expect(backoff(3, () => 0)).toBe(4);
  });

  it("stops waiting for answers after two that did not come, until one comes", () => {
    const line = new Connectivity();
    line.note(false);
    expect(line.poor).toBe(false);
    line.note(false);
    expect(line.poor).toBe(true);
    line.note(true);
    expect(line.poor).toBe(false);
  });
});

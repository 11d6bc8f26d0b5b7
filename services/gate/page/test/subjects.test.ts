import { expect, it } from "vitest";
import { masked, roomKey } from "../src/rule/subjects";

it.each(["3幢东单元502室", "3-东-502", "东方花园3幢东单元 502", "3幢 东单元 0502"])(
  "tells a unit without a number from the other: %s", (typed) => {
    expect(roomKey(typed)).toBe("3-东-502");
    expect(roomKey(typed)).not.toBe(roomKey("3-西-502"));
  });

it.each(["3-1-502", "3幢1单元502室", "３－１－502", "03 - 1 - 0502"])("reads a room however it is spelled: %s", (typed) => {
  expect(roomKey(typed)).toBe("3-1-502");
});

it.each([["王小明", "王*"], ["欧阳小明", "欧阳*"], ["𠮷野", "𠮷*"], ["Smith John", "S*"], ["", "*"]])(
  "shows the surname and a star: %s", (name, shown) => { expect(masked(name)).toBe(shown); });

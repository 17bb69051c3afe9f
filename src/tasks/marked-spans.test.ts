import { describe, expect, it } from "vitest";
import { BertForTokenClassification } from "../models/classes.ts";
import { mergedSpans, spanClasses, spansOfWindow, spanTypes, tokensOf, trimmed } from "./marked-spans.ts";

const text = "Ann met Bob Lee";
// [CLS] Ann met Bob Lee [SEP]
const window = {
  offsetMapping: [
    [0, 0],
    [0, 3],
    [4, 7],
    [8, 11],
    [12, 15],
    [0, 0],
  ] as [number, number][],
};
const names = spanClasses(["PER", "GIVEN"]);
const config = BertForTokenClassification.configuration.create({ id2label: { ...names } });

/** Logits of 2 for the questions that are answered with yes, of −2 for the others. */
function logits(...yes: readonly [place: number, name: string][]): Float32Array {
  const values = new Float32Array(6 * names.length).fill(-2);
  for (const [place, name] of yes) values[place * names.length + names.indexOf(name)] = 2;
  return values;
}

describe("marked spans", () => {
  it("are read from beginnings and the nearest ends, also within each other", () => {
    const said = logits(
      [1, "start:PER"],
      [1, "end:PER"],
      [3, "start:PER"],
      [4, "end:PER"],
      [3, "start:GIVEN"],
      [3, "end:GIVEN"],
      // Without an end, and outside the text.
      [4, "start:GIVEN"],
      [5, "start:PER"],
    );
    const spans = spansOfWindow(window, said, config, spanTypes(config as never));
    const share = 1 / (1 + Math.exp(-2));
    expect(mergedSpans(text, [spans])).toEqual([
      { start: 0, end: 3, label: "PER", score: expect.closeTo(share * share, 6) },
      { start: 8, end: 11, label: "GIVEN", score: expect.closeTo(share * share, 6) },
      { start: 8, end: 15, label: "PER", score: expect.closeTo(share * share, 6) },
    ]);
  });

  it("of several windows are the surest where they overlap", () => {
    const one = { start: 8, end: 11, label: "PER", score: 0.6 };
    const other = { start: 8, end: 15, label: "PER", score: 0.9 };
    expect(mergedSpans(text, [[one], [other, { ...one, label: "GIVEN" }]])).toEqual([
      { ...one, label: "GIVEN" },
      other,
    ]);
  });

  it("have the tokens that hold their first and last character, where the window holds both", () => {
    expect(tokensOf(window, { start: 8, end: 15 })).toEqual({ first: 3, last: 4 });
    expect(tokensOf(window, { start: 9, end: 10 })).toEqual({ first: 3, last: 3 });
    expect(tokensOf(window, { start: 12, end: 19 })).toBeUndefined();
    expect(trimmed(text, { start: 3, end: 8 })).toEqual({ start: 4, end: 7 });
  });

  it("are not read from a model for something else", () => {
    const other = BertForTokenClassification.configuration.create({ id2label: { 0: "O", 1: "B-PER" } });
    expect(() => spanTypes(other as never)).toThrow(/not trained for span-extraction/);
  });
});

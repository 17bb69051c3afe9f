/** What the recorded values of other tools do not reach: values by hand, intervals, and input that does not fit. */
import { describe, expect, it } from "vitest";
import {
  accuracy,
  attachmentScores,
  binaryScores,
  bootstrapInterval,
  classificationScores,
  confusionMatrix,
  multiLabelScores,
  scoresOfSpans,
  spanScores,
  spellingCorrectionScores,
  strictSpans,
} from "./index.ts";

describe("attachment scores", () => {
  it("count heads, and heads with their relations, over all words", () => {
    const gold = [
      { heads: [2, 0, 2], relations: ["det", "root", "obj"] },
      { heads: [0], relations: ["root"] },
    ];
    const predicted = [
      { heads: [2, 0, 1], relations: ["nsubj", "root", "obj"] },
      { heads: [0], relations: ["root"] },
    ];
    expect(attachmentScores(gold, predicted)).toEqual({ uas: 3 / 4, las: 2 / 4, words: 4 });
    expect(attachmentScores([], [])).toEqual({ uas: 0, las: 0, words: 0 });
    expect(() => attachmentScores(gold, [{ heads: [2], relations: [] }])).toThrow(/1 parses for 2/);
    expect(() => attachmentScores(gold, [{ heads: [2, 0], relations: [] }, gold[1] as never])).toThrow(/2 heads for 3/);
  });
});

describe("classes", () => {
  it("of several labels each", () => {
    const scores = multiLabelScores([["a", "b"], [], ["b"]], [["b"], ["a"], ["b", "b"]]);
    expect(scores.perClass).toEqual([
      { label: "a", precision: 0, recall: 0, f1: 0, support: 1 },
      { label: "b", precision: 1, recall: 1, f1: 1, support: 2 },
    ]);
    expect(scores.micro).toEqual({ precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 });
    expect(scores.exactMatch).toBe(1 / 3);
  });

  it("are in order, with those that are named beside", () => {
    expect(confusionMatrix([10, 9], [10, 10], [2])).toEqual({
      labels: [2, 9, 10],
      counts: [
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 1],
      ],
    });
    expect(binaryScores(["no", "yes"], ["yes", "yes"], "yes")).toEqual({ precision: 0.5, recall: 1, f1: 2 / 3 });
    expect(binaryScores(["no"], ["no"], "yes").f1).toBe(0);
  });

  it("need a prediction for each", () => {
    expect(() => accuracy([1, 2], [1])).toThrow(
      expect.objectContaining({ kind: "data", expected: "2", received: "1" }),
    );
    expect(() => classificationScores([1], [])).toThrow(/0 predictions for 1/);
    expect(accuracy([], [])).toBe(0);
  });
});

describe("spans", () => {
  it("themselves can be scored", () => {
    const span = { type: "A", start: 0, end: 2 };
    const scores = scoresOfSpans([[span, { ...span, type: "B" }]], [[span, { ...span, end: 3 }]]);
    expect(scores.micro).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5 });
    expect(scores.perType.map(({ type, support }) => [type, support])).toEqual([
      ["A", 1],
      ["B", 1],
    ]);
  });

  it("refuse labels that the scheme does not have, and sentences of another length", () => {
    expect(() => strictSpans(["B-A", "E-A"], "IOB2")).toThrow(
      expect.objectContaining({ kind: "data", received: "E-A", expected: "I-…, O, B-…" }),
    );
    expect(() => strictSpans([""], "IOB2")).toThrow(/no label/);
    expect(() => spanScores([["O", "O"]], [["O"]])).toThrow(/1 labels for 2/);
  });
});

describe("spelling", () => {
  it("counts characters, not string units, and refuses texts of another length", () => {
    const right = { source: "😀号", gold: "😀好", predicted: "😀好" };
    expect(spellingCorrectionScores([right]).correction.character.f1).toBe(1);
    expect(() => spellingCorrectionScores([{ ...right, predicted: "好" }])).toThrow(/differ in length/);
  });
});

describe("bootstrap", () => {
  const examples = Array.from({ length: 200 }, (_, at) => Number(at % 4 > 0));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

  it("gives the interval that the binomial distribution has, and the same for the same seed", () => {
    const interval = bootstrapInterval(examples, mean);
    expect(interval).toEqual(bootstrapInterval(examples, mean, { seed: 0 }));
    expect(interval).not.toEqual(bootstrapInterval(examples, mean, { seed: 1 }));
    const deviation = Math.sqrt((0.75 * 0.25) / 200); // 0.0306
    expect(interval.value).toBe(0.75);
    expect(interval.deviation).toBeCloseTo(deviation, 2);
    expect(interval.low).toBeCloseTo(0.75 - 1.96 * deviation, 1.7);
    expect(interval.high).toBeCloseTo(0.75 + 1.96 * deviation, 1.7);
    const narrow = bootstrapInterval(examples, mean, { confidence: 0.5, resamples: 500 });
    expect(narrow.high - narrow.low).toBeLessThan((interval.high - interval.low) / 2);
  });

  it("passes over draws for which there is no value, and refuses what makes no sense", () => {
    const odd = bootstrapInterval([1, 2], (drawn) => (drawn[0] === drawn[1] ? Number.NaN : 5));
    expect(odd).toMatchObject({ low: 5, high: 5, deviation: 0 });
    expect(bootstrapInterval([], () => 0)).toMatchObject({ value: 0, low: Number.NaN });
    expect(() => bootstrapInterval([1], mean, { resamples: 0 })).toThrow(/at least one/);
    expect(() => bootstrapInterval([1], mean, { confidence: 1 })).toThrow(/between 0 and 1/);
  });
});

import { expect, it } from "vitest";
import { columnsOf, pairLines, resultTable } from "./report.ts";

const baselines = { mostFrequent: 0.05, leftBigram: 0.13, twoSided: 0.29, positions: 12_345 };
const point = (step: number, accuracy: number) => ({ step, accuracy, pairAccuracy: 0.5, trainedMs: step * 1000 });

it("counts Chinese characters twice", () => {
  expect(columnsOf("今天，very ＿ …")).toBe(15);
});

it("says when each baseline was passed, unless the model fell back behind it", () => {
  const lines = resultTable([point(1, 0.04), point(2, 0.14), point(3, 0.12)], baselines, "words");
  expect(lines[0]).toBe("  Hidden words guessed right, of 12,345 in the held-out text:");
  expect(lines.slice(1).map((line) => line.trim().replace(/\s+/g, " "))).toEqual([
    "always the most frequent one 5.0% passed by step 2 (2 s)",
    "what most often follows the one before 13.0% not passed",
    "counted neighbours on both sides 29.0% not passed",
    "this model 12.0%",
  ]);
});

it("puts pairs beside a coin, and says how far luck goes", () => {
  const lines = pairLines(0.571, 2500).map((line) => line.trim().replace(/\s+/g, " "));
  expect(lines[0]).toContain("2,500 held-out pairs");
  // Two standard deviations of a coin thrown 2,500 times.
  expect(lines.slice(1)).toEqual(["a coin 50.0% (luck alone comes within 2.0% of it)", "this model 57.1%"]);
  expect(pairLines(0.519, 2500).at(-1)).toContain("No better than a coin yet");
});

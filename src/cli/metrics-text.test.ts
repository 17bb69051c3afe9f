import { expect, it } from "vitest";
import { metricsText, wordsOf } from "./metrics-text.ts";

it("shows metrics under the names that people write, shares of what was right in percent", () => {
  expect(metricsText({ loss: 0.6831, f1: 0.5, exactMatch: 0.25, matthewsCorrelation: -0.5 })).toBe(
    "loss 0.683, F1 50.0%, exact match 25.0%, Matthews correlation -0.500",
  );
  expect(metricsText({ las: 0.626, rouge2: 0.5, sentenceAccuracy: 1 })).toBe(
    "LAS 62.6%, ROUGE-2 50.0%, sentence accuracy 100.0%",
  );
  const names = ["macroF1", "hasAnswerF1", "maskedAccuracy", "meanAbsoluteError", "recallAt10", "ndcgAt10", "loss"];
  expect(names.map(wordsOf)).toEqual([
    ...["macro F1", "has answer F1", "masked accuracy", "mean absolute error", "recall@10", "nDCG@10", "loss"],
  ]);
});

/**
 * Sentence order prediction: whether two segments that follow each other stand in their order or are swapped.
 *
 * Paper: Lan et al. 2020 (ALBERT), https://arxiv.org/abs/1909.11942, §3.1. Labels as in the published head: 0 is in order.
 */
import type { SpecialTokens } from "../data/index.ts";
import { type PairObjective, pairObjective } from "./sentence-pair-objective.ts";

export interface SentenceOrderPredictionOptions {
  /** Share of rows whose target is a random shorter length; 0.1. */
  shortSequenceProbability?: number;
}

export function sentenceOrderPrediction(
  tokens: SpecialTokens,
  options: SentenceOrderPredictionOptions = {},
): PairObjective {
  return pairObjective(tokens, {
    name: "sentence-order-prediction",
    classes: "order",
    labelNames: ["inOrder", "swapped"],
    ...options,
  });
}

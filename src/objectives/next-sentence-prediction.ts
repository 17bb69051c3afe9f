/**
 * Next-sentence prediction: whether the second segment of a row is the one that follows the first.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §3.1: half of the rows go on with the next segment,
 * half with a random one of another document. With three classes the random half is divided: another place of the same
 * document, and another document. Labels as in the published heads: 0 is next.
 */
import type { SpecialTokens } from "../data/index.ts";
import { type PairObjective, pairObjective } from "./sentence-pair-objective.ts";

export interface NextSentencePredictionOptions {
  /** Share of rows whose target is a random shorter length; 0.1. */
  shortSequenceProbability?: number;
}

/** Two classes: `isNext` and `notNext`. */
export function nextSentencePrediction(
  tokens: SpecialTokens,
  options: NextSentencePredictionOptions = {},
): PairObjective {
  return pairObjective(tokens, {
    name: "next-sentence-prediction",
    classes: "next-or-other",
    labelNames: ["isNext", "notNext"],
    ...options,
  });
}

/** Three classes: `isNext`, `sameDocument` (but not next) and `otherDocument`. */
export function threeClassNextSentencePrediction(
  tokens: SpecialTokens,
  options: NextSentencePredictionOptions = {},
): PairObjective {
  return pairObjective(tokens, {
    name: "three-class-next-sentence-prediction",
    classes: "next-or-same-or-other",
    labelNames: ["isNext", "sameDocument", "otherDocument"],
    ...options,
  });
}

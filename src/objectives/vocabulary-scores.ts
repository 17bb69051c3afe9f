/**
 * Loss and accuracy over a vocabulary, computed where the logits are: there are thousands for each token, and nobody else
 * wants them.
 */
import type { NamedArray } from "../data/index.ts";
import { argMax, cast, equal, type SymbolicTensor, sum } from "../graph/index.ts";
import { crossEntropy } from "../nn/index.ts";
import { IGNORED_LABEL } from "./classification-tally.ts";
import type { OutputArrays, Tally } from "./objective.ts";

/**
 * logits [..., V], labels [...] of int64 → the mean loss in nats over what counts, [], and how many are the likeliest of
 * their row, []. Of equal logits the first one is the prediction.
 */
export function vocabularyScores(logits: SymbolicTensor, labels: SymbolicTensor) {
  return {
    vocabularyLoss: crossEntropy(logits, labels),
    // No class is numbered as what is ignored.
    hits: sum(cast(equal(argMax(logits), labels), { to: "float32" })),
  };
}

/** The same as sums. */
export function tallyVocabulary(
  { vocabularyLoss, hits }: OutputArrays,
  labels: NamedArray | undefined,
): { loss: Tally; accuracy: Tally } {
  let count = 0;
  for (const label of labels?.data ?? []) if (Number(label) !== IGNORED_LABEL) count++;
  const [mean, correct] = [Number(vocabularyLoss?.data[0]), Number(hits?.data[0])];
  return { loss: { sum: mean * count, count }, accuracy: { sum: correct, count } };
}

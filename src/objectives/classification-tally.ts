/** Accuracy and loss of rows of logits, as sums that add up over batches. */
import type { NamedArray } from "../data/index.ts";
import type { OutputArrays, Tally } from "./objective.ts";

/** The label that counts for nothing. */
export const IGNORED_LABEL = -100;

export interface ClassificationTallies {
  /** Cross-entropy in nats. */
  readonly loss: Tally;
  readonly accuracy: Tally;
  /** [N]: the predicted class of each row. Of equal logits the first one is the prediction. */
  readonly predictions: Int32Array;
}

/** logits [N, C] row by row, labels [N]. */
export function tallyClassification(
  logits: OutputArrays[string] | undefined,
  labels: NamedArray | undefined,
): ClassificationTallies {
  const values = (logits?.data ?? []) as ArrayLike<number>;
  const expected = labels?.data ?? [];
  const classes = expected.length === 0 ? 0 : values.length / expected.length;
  const predictions = new Int32Array(expected.length);
  let [loss, correct, count] = [0, 0, 0];
  for (let row = 0; row < expected.length; row++) {
    const start = row * classes;
    let best = 0;
    for (let i = 1; i < classes; i++) if ((values[start + i] as number) > (values[start + best] as number)) best = i;
    predictions[row] = best;
    const label = Number(expected[row]);
    if (label === IGNORED_LABEL) continue;
    const highest = values[start + best] as number;
    let sum = 0;
    for (let i = 0; i < classes; i++) sum += Math.exp((values[start + i] as number) - highest);
    loss += Math.log(sum) + highest - (values[start + label] as number);
    if (best === label) correct++;
    count++;
  }
  return { loss: { sum: loss, count }, accuracy: { sum: correct, count }, predictions };
}

/**
 * What each class was taken for: `confusion.A.B` is the share of rows of class A that were predicted as B.
 *
 * labels and predictions [N]; `names` [C].
 */
export function tallyConfusion(
  labels: NamedArray | undefined,
  predictions: Int32Array,
  names: readonly string[],
): Record<string, Tally> {
  const counts = new Float64Array(names.length ** 2);
  const totals = new Float64Array(names.length);
  for (const [row, predicted] of predictions.entries()) {
    const label = Number(labels?.data[row]);
    (counts[label * names.length + predicted] as number) += 1;
    (totals[label] as number) += 1;
  }
  const tallies: Record<string, Tally> = {};
  for (const [label, name] of names.entries()) {
    for (const [predicted, other] of names.entries()) {
      const sum = counts[label * names.length + predicted] as number;
      tallies[`confusion.${name}.${other}`] = { sum, count: totals[label] as number };
    }
  }
  return tallies;
}

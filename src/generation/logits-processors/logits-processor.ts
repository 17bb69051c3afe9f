/** What may change the scores of the next token before one is chosen. */

/** A row of tokens that is being continued. */
export interface TokenRow {
  /** All tokens so far, padding on the left included. */
  readonly ids: readonly number[];
  /** How many of them are padding. */
  readonly padding: number;
  /** The tokens that earlier groups of beams chose at this step. */
  readonly saidBeside?: readonly number[];
}

/** Changes `scores` [V] in place; −∞ forbids a token. */
export type LogitsProcessor = (scores: Float32Array, row: TokenRow) => void;

export const forbidden = Number.NEGATIVE_INFINITY;

/** One after the other. */
export function chain(processors: readonly LogitsProcessor[]): LogitsProcessor {
  return (scores, row) => {
    for (const process of processors) process(scores, row);
  };
}

/** Probabilities [V] of scores, in float64. */
export function softmax(scores: Float32Array): Float64Array {
  const highest = scores.reduce((most, score) => Math.max(most, score), forbidden);
  const exponentials = Float64Array.from(scores, (score) => Math.exp(score - highest));
  const total = exponentials.reduce((sum, value) => sum + value, 0);
  return exponentials.map((value) => value / total);
}

/** log Σ exp(scores), without overflow. */
export function logSumExp(scores: Float32Array): number {
  const highest = scores.reduce((most, score) => Math.max(most, score), forbidden);
  return highest + Math.log(scores.reduce((sum, score) => sum + Math.exp(score - highest), 0));
}

/** Entropy of the scores' distribution in nats. */
export function entropyOf(scores: Float32Array): number {
  return softmax(scores).reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}

/** The indices of the `count` largest values, the largest first; of equal ones the earlier first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const best: number[] = [];
  const valueAt = (index: number): number => values[index] as number;
  for (let index = 0; index < values.length; index++) {
    if (best.length === count && !(valueAt(index) > valueAt(best[count - 1] as number))) continue;
    let place = best.length < count ? best.push(index) - 1 : count - 1;
    while (place > 0 && valueAt(index) > valueAt(best[place - 1] as number)) {
      best[place] = best[place - 1] as number;
      place--;
    }
    best[place] = index;
  }
  return best;
}

/** From logits to answers. */

/** Shares that sum to 1, computed in float64. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  let maximum = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) maximum = Math.max(maximum, logits[i] as number);
  const shares = new Float64Array(logits.length);
  let sum = 0;
  for (let i = 0; i < logits.length; i++) {
    const share = Math.exp((logits[i] as number) - maximum);
    shares[i] = share;
    sum += share;
  }
  return shares.map((share) => share / sum);
}

/** Indices of the `count` largest values, the largest first and the smaller index first among equals; of `among` if given. */
export function largest(values: ArrayLike<number>, count: number, among?: readonly number[]): number[] {
  const total = among?.length ?? values.length;
  const best: number[] = [];
  const value = (index: number): number => values[index] as number;
  for (let i = 0; i < total; i++) {
    const index = among === undefined ? i : (among[i] as number);
    const last = best.at(-1);
    if (best.length === count && last !== undefined && value(index) <= value(last)) continue;
    let low = 0;
    let high = best.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (value(best[middle] as number) >= value(index)) low = middle + 1;
      else high = middle;
    }
    best.splice(low, 0, index);
    if (best.length > count) best.pop();
  }
  return best;
}

/** Token ids that every side makes by the same rule, so that all compute the same. */
export function tokenIds(count: number, vocabulary: number, seed = 0): BigInt64Array<ArrayBuffer> {
  return BigInt64Array.from({ length: count }, (_, index) => BigInt(((index + seed) * 7919 + 13) % vocabulary));
}

/** Positions that are predicted, evenly spread. */
export function selectedPositions(rows: number, share: number): BigInt64Array<ArrayBuffer> {
  const count = Math.round(rows * share);
  return BigInt64Array.from({ length: count }, (_, index) => BigInt(Math.floor((index * rows) / count)));
}

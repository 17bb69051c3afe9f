/** What classifiers' logits say. */
import type { OutputArrays } from "../objectives/index.ts";

/** logits [B, C] → B times [C]. */
export function rowsOf({ logits }: OutputArrays, count: number): Float32Array[] {
  const data = logits?.data as Float32Array;
  const width = data.length / count;
  return Array.from({ length: count }, (_, row) => data.slice(row * width, (row + 1) * width));
}

export function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] as number) > (values[best] as number)) best = index;
  }
  return best;
}

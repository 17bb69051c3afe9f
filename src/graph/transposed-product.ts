/** The product that makes weight gradients: its result is as large as the weight, its inner dimension the tokens. */
import { at } from "./operator.ts";
import { groupedMatmul, matmul, reshape } from "./ops.ts";
import type { SymbolicTensor } from "./symbolic-tensor.ts";

/** Rows of a part: its columns of 128, which the runtime makes one after another, stay in a cache of 512 KiB. */
const partRows = 512;
/** Results of no more rows are made whole: parts gain nothing. */
const wholeRows = 768;

/** leftᵀ · right · alpha: left [..., K, M], right [..., K, N] → [..., M, N]. */
export function transposedProduct(left: SymbolicTensor, right: SymbolicTensor, alpha = 1): SymbolicTensor {
  const parts = left.rank === 2 && right.rank === 2 && alpha === 1 ? partsOf(at(left.shape, 1)) : 1;
  if (parts === 1) return matmul(left, right, { transposeLeft: true, alpha });
  const [inner, rows] = [at(left.shape, 0), Number(at(left.shape, 1))];
  const grouped = groupedMatmul(reshape(left, { shape: [inner, parts, rows / parts] }), right);
  return reshape(grouped, { shape: [rows, at(right.shape, 1)] });
}

/** The fewest equal parts that are small enough; 1 when only small ones would be equal. */
export function partsOf(rows: unknown): number {
  if (typeof rows !== "number" || rows <= wholeRows) return 1;
  let parts = Math.ceil(rows / partRows);
  while (rows % parts !== 0) parts += 1;
  return rows / parts >= partRows / 4 ? parts : 1;
}

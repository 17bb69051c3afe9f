/**
 * One vector for a text, over symbolic tensors: the vectors of its tokens, pooled. What `pooling.ts` does with numbers, this
 * does with what is differentiated.
 *
 * Paper: Reimers and Gurevych 2019, https://arxiv.org/abs/1908.10084, §3. Shapes: R rows, T tokens, D features.
 */
import {
  add,
  at,
  cast,
  concat,
  div,
  equal,
  matmul,
  max,
  maximum,
  mul,
  range,
  reshape,
  type SymbolicTensor,
  sqrt,
  sub,
  sum,
  where,
} from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import { type PoolingMode, poolingModes } from "./pooling.ts";

/** What stands in the place of padding where the largest value is looked for. */
const smallest = -3.4028234663852886e38;
/** No vector is divided by less, so that zeros stay zeros. */
const shortestSquared = 1e-24;

/** Inputs [R, T] each → the rows' vectors [R, D], or [R, ways · D] of several ways, and their tokens' [R, T, D]. */
export function textVectors(
  model: AnyModel,
  { inputIds, attentionMask, tokenTypeIds }: SymbolicInputs,
  modes: readonly PoolingMode[],
) {
  const texts = { inputIds, attentionMask, ...(tokenTypeIds && { tokenTypeIds }) };
  const lastHiddenState = model.forward(texts).lastHiddenState as SymbolicTensor;
  const chosen = poolingModes.filter((mode) => modes.includes(mode));
  const vectors = chosen.map((mode) => pooledTokens(lastHiddenState, attentionMask as SymbolicTensor, mode));
  const [first] = vectors as [SymbolicTensor];
  return {
    vectors: vectors.length === 1 ? first : concat(...vectors, { axis: 1 }),
    lastHiddenState,
    texts: texts as SymbolicInputs,
  };
}

/** hidden [R, T, D], mask [R, T] of int64 with padding behind the text → [R, D]. */
function pooledTokens(hidden: SymbolicTensor, attentionMask: SymbolicTensor, mode: PoolingMode): SymbolicTensor {
  const [rows = 1, length = 1, width = 1] = hidden.shape;
  if (mode === "max") {
    const isText = reshape(equal(attentionMask, 1), { shape: [rows, length, 1] });
    return max(where(isText, hidden, smallest), { axes: [1] });
  }
  const weights = reshape(tokenWeights(attentionMask, mode), { shape: [rows, 1, length] });
  return reshape(matmul(weights, hidden), { shape: [rows, width] });
}

/** What each token counts for: [R, T] of float32. */
function tokenWeights(attentionMask: SymbolicTensor, mode: Exclude<PoolingMode, "max">): SymbolicTensor {
  const mask = cast(attentionMask, { to: "float32" });
  const length = at(attentionMask.shape, 1);
  const places = cast(reshape(range({ start: 0, length }), { shape: [1, length] }), { to: "float32" });
  const count = maximum(sum(mask, { axes: [1], keepDims: true }), 1);
  if (mode === "mean") return div(mask, count);
  if (mode === "mean_sqrt_len") return div(mask, sqrt(count));
  if (mode === "weightedmean") {
    const weights = mul(mask, add(places, 1));
    return div(weights, maximum(sum(weights, { axes: [1], keepDims: true }), 1));
  }
  const chosen = mode === "cls" ? 0 : sub(count, 1);
  return mul(mask, cast(equal(places, chosen), { to: "float32" }));
}

/** Vectors [R, D] of length 1. */
export function unitVectors(vectors: SymbolicTensor): SymbolicTensor {
  const squared = sum(mul(vectors, vectors), { axes: [1], keepDims: true });
  return div(vectors, sqrt(maximum(squared, shortestSquared)));
}

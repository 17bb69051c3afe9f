/** Scaled dot-product attention and its masks: Vaswani et al. 2017, https://arxiv.org/abs/1706.03762 (§3.2). */
import {
  add,
  addDimensions,
  at,
  type Dimension,
  equal,
  less,
  lessOrEqual,
  logicalAnd,
  logicalNot,
  matmul,
  multiplyDimensions,
  range,
  reshape,
  type SymbolicTensor,
  softmax,
  sub,
  transpose,
  where,
} from "../graph/index.ts";
import type { Dropout } from "./dropout.ts";

/** What hides a key: the smallest finite float32, so that a row with nothing to see becomes uniform, not NaN. */
export const hidden = -3.4028234663852886e38;

/** x [B, T, H·K] → [B, H, T, K]. */
export function splitHeads(x: SymbolicTensor, heads: number): SymbolicTensor {
  const [batch, length, width] = [at(x.shape, 0), at(x.shape, 1), at(x.shape, 2)];
  const parted = reshape(x, { shape: [batch, length, heads, Number(width) / heads] });
  return transpose(parted, { permutation: [0, 2, 1, 3] });
}

/** x [B, H, T, K] → [B, T, H·K]. */
export function mergeHeads(x: SymbolicTensor): SymbolicTensor {
  const [batch, heads, length, width] = [at(x.shape, 0), at(x.shape, 1), at(x.shape, 2), at(x.shape, 3)];
  const moved = transpose(x, { permutation: [0, 2, 1, 3] });
  return reshape(moved, { shape: [batch, length, multiplyDimensions(heads, width)] });
}

/** What a layer keeps of tokens that it has seen: P of them. */
export interface KeyValue {
  /** [B, H, P, K] */
  readonly key: SymbolicTensor;
  /** [B, H, P, K] */
  readonly value: SymbolicTensor;
}

export interface AttentionOptions {
  /** Added to the scores: [B or 1, H or 1, Tq or 1, Tk]. */
  readonly mask?: SymbolicTensor | undefined;
  /** Factor of the scores; 1/√K when left out. */
  readonly scale?: number | undefined;
  /** Applied to the probabilities. */
  readonly dropout?: Dropout | undefined;
}

export interface AttentionResult {
  /** [B, H, Tq, K] */
  readonly context: SymbolicTensor;
  /** [B, H, Tq, Tk] */
  readonly probabilities: SymbolicTensor;
}

/** query [B, H, Tq, K], key and value [B, H, Tk, K]. */
export function scaledDotProductAttention(
  query: SymbolicTensor,
  key: SymbolicTensor,
  value: SymbolicTensor,
  { mask, scale, dropout }: AttentionOptions = {},
): AttentionResult {
  const alpha = scale ?? 1 / Math.sqrt(Number(at(query.shape, 3)));
  const scores = matmul(query, key, { transposeRight: true, alpha });
  const weights = softmax(mask === undefined ? scores : add(scores, mask));
  const probabilities = dropout === undefined ? weights : dropout.forward(weights);
  return { context: matmul(probabilities, value), probabilities };
}

/** Which keys hold text: attentionMask [B, Tk] of int64 → bool [B, 1, 1, Tk]. */
function visibleKeys(attentionMask: SymbolicTensor): SymbolicTensor {
  const [batch, keys] = [at(attentionMask.shape, 0), at(attentionMask.shape, 1)];
  return reshape(logicalNot(equal(attentionMask, 0)), { shape: [batch, 1, 1, keys] });
}

/** Additive mask [B, 1, 1, Tk] that hides padding; attentionMask [B, Tk] is 1 on text and 0 on padding. */
export function paddingMask(attentionMask: SymbolicTensor): SymbolicTensor {
  return where(visibleKeys(attentionMask), 0, hidden);
}

export interface CausalMaskOptions {
  /** [B, Tk] of int64: 1 on text, 0 on padding. */
  readonly attentionMask?: SymbolicTensor | undefined;
  /** How many positions are seen, one's own counted; all earlier ones when left out. */
  readonly window?: number | undefined;
}

/**
 * Additive mask [B or 1, 1, Tq, Tk], where Tk = past + Tq, that hides later positions, padding and what lies before the
 * window, all at once.
 */
export function causalMask(past: Dimension, length: Dimension, options: CausalMaskOptions = {}): SymbolicTensor {
  const { attentionMask, window } = options;
  const keys = addDimensions(past, length);
  const queryPositions = reshape(range({ start: past, length }), { shape: [1, 1, length, 1] });
  const keyPositions = reshape(range({ start: 0, length: keys }), { shape: [1, 1, 1, keys] });
  let visible = lessOrEqual(keyPositions, queryPositions);
  if (window !== undefined) visible = logicalAnd(visible, less(sub(queryPositions, keyPositions), window));
  if (attentionMask !== undefined) visible = logicalAnd(visible, visibleKeys(attentionMask));
  return where(visible, 0, hidden);
}

/**
 * What the runtime computes in one kernel, in graphs that nobody differentiates. `fuse` puts it in the place of the
 * operators that models are written in; it has no gradient and no callers.
 */
import { type Emitter, microsoft } from "./operator.ts";
import type { GraphNode } from "./symbolic-tensor.ts";

export interface MultiHeadAttentionAttributes {
  readonly heads: number;
  readonly scale: number;
}

/**
 * multiHeadAttention(query [B, Tq, H·K], key [B, Tk, H·K], value [B, Tk, H·K], mask?) → [B, Tq, H·K]; the mask
 * [B or 1, H or 1, Tq, Tk] is added to the scores.
 */
const multiHeadAttention = (
  emit: Emitter,
  inputs: readonly string[],
  { heads, scale }: MultiHeadAttentionAttributes,
): string => {
  const [query = "", key = "", value = "", mask] = inputs;
  const operands = mask === undefined ? [query, key, value] : [query, key, value, "", "", mask];
  return emit.node("MultiHeadAttention", operands, {
    attributes: { num_heads: heads, scale: { float: scale } },
    domain: microsoft,
  });
};

type Lower = (emit: Emitter, inputs: readonly string[], attributes: never, node: GraphNode) => string | string[];

export const fusedOperators: Readonly<Record<string, Lower>> = { multiHeadAttention };

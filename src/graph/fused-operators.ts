/**
 * What the runtime computes in one kernel, in graphs that nobody differentiates. `fuse` puts these in the place of the
 * operators that models are written in; they have no gradients and no callers.
 */

import { at, type Emitter, microsoft } from "./operator.ts";
import type { GeluAttributes } from "./operators/elementwise.ts";
import type { LinearAttributes } from "./operators/linear-algebra.ts";
import type { LayerNormAttributes } from "./operators/reductions.ts";
import { sizeOf } from "./shapes.ts";
import type { GraphNode } from "./symbolic-tensor.ts";

/** x [..., I] · weight → [N, O] without a bias, N rows in all. */
function product(emit: Emitter, [x, weight]: readonly string[], transposeWeight: boolean, node: GraphNode): string {
  const { shape } = at(node.inputs, 0);
  const rows = emit.reshape(x ?? "", shape, [sizeOf(shape.slice(0, -1)), at(shape, shape.length - 1)]);
  return emit.node("Gemm", [rows, weight ?? ""], { attributes: { transB: transposeWeight ? 1 : 0 } });
}

/** biasGelu(x, weight, bias): gelu of `linear`. The bias is added in the pass of the activation. */
const biasGelu = (
  emit: Emitter,
  inputs: readonly string[],
  { transposeWeight, approximate }: LinearAttributes & GeluAttributes,
  node: GraphNode,
): string => {
  const { shape } = at(node.outputs, 0);
  const rows = product(emit, inputs, transposeWeight, node);
  const type = approximate === "tanh" ? "FastGelu" : "BiasGelu";
  const active = emit.node(type, [rows, at(inputs, 2)], { domain: microsoft });
  return emit.reshape(active, [sizeOf(shape.slice(0, -1)), at(shape, shape.length - 1)], shape);
};

/** skipLayerNorm(x, skip, gain, bias) → [layerNorm(x + skip), x + skip if somebody reads it]; all of x's shape [..., D]. */
const skipLayerNorm = (
  emit: Emitter,
  inputs: readonly string[],
  { epsilon }: LayerNormAttributes,
  node: GraphNode,
): string[] => {
  const [normalized = "", , , sum = ""] = emit.nodes("SkipLayerNormalization", inputs, {
    attributes: { epsilon: { float: epsilon } },
    domain: microsoft,
    outputs: node.outputs.length === 1 ? 1 : 4,
    unused: [1, 2],
  });
  return [normalized, sum];
};

export interface MultiHeadAttentionAttributes {
  readonly heads: number;
  readonly scale: number;
}

/**
 * multiHeadAttention(query [B, Tq, H·K], key [B, Tk, H·K], value [B, Tk, H·K], mask?) → [B, Tq, H·K]; the mask is added to
 * the scores [B, H, Tq, Tk].
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

export const fusedOperators: Readonly<Record<string, Lower>> = { biasGelu, skipLayerNorm, multiHeadAttention };

/**
 * The gradients of a projection whose result goes straight into a cross-entropy. There the gradient is a difference,
 * (softmax − one-hot) · scale, and each product with it is one product with the softmax alone and a few rows for the
 * labels, so that nothing as large as [rows, classes] is made but the softmax: scales stand on the narrow side.
 */
import { at } from "./operator.ts";
import {
  type AttributesOf,
  add,
  cast,
  crossEntropyGradient,
  equal,
  exp,
  gather,
  logicalNot,
  matmul,
  mul,
  neg,
  reshape,
  scatterRows,
  sub,
  where,
} from "./ops.ts";
import { dimensionsEqual, sizeOf } from "./shapes.ts";
import type { GraphNode, SymbolicTensor } from "./symbolic-tensor.ts";
import { transposedProduct } from "./transposed-product.ts";

export interface ProjectionGradients {
  /** [..., D] */
  readonly x: () => SymbolicTensor;
  /** [V, D] */
  readonly weight: () => SymbolicTensor;
  /** [V] */
  readonly bias: () => SymbolicTensor;
}

/** The node that made `gradient` [..., V] as a cross-entropy's gradient [N, V], if one did. */
function crossEntropyNode(gradient: SymbolicTensor): GraphNode | undefined {
  let { source } = gradient;
  while (source.kind === "node" && source.node.operator === reshape.operatorName) {
    source = at(source.node.inputs, 0).source;
  }
  if (source.kind !== "node" || source.node.operator !== crossEntropyGradient.operatorName) return undefined;
  const classes = at(at(source.node.outputs, 0).shape, 1);
  return dimensionsEqual(classes, at(gradient.shape, gradient.rank - 1)) ? source.node : undefined;
}

/**
 * For x [..., D] · weight [V, D] transposed (+ bias [V]) with the gradient [..., V] at the result; undefined when that is
 * no cross-entropy's.
 */
export function projectionLossGradients(
  gradient: SymbolicTensor,
  x: SymbolicTensor,
  weight: SymbolicTensor,
): ProjectionGradients | undefined {
  const node = crossEntropyNode(gradient);
  if (node === undefined || weight.rank !== 2) return undefined;
  const [logProbabilities, labels, scale] = node.inputs as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
  const { ignoreIndex } = node.attributes as AttributesOf<"crossEntropyGradient">;
  const [classes, width] = [at(weight.shape, 0), at(weight.shape, 1)];
  const rows = at(labels.shape, 0);
  const probabilities = exp(logProbabilities);
  const isIgnored = equal(labels, ignoreIndex);
  const indices = where(isIgnored, 0, labels);
  const scales = mul(cast(logicalNot(isIgnored), { to: "float32" }), scale);
  const column = reshape(scales, { shape: [rows, 1] });
  return {
    x: () => {
      const difference = sub(matmul(probabilities, weight), gather(weight, indices));
      return reshape(mul(difference, column), { shape: x.shape });
    },
    weight: () => {
      const scaled = mul(reshape(x, { shape: [sizeOf(x.shape.slice(0, -1)), width] }), column);
      const expected = transposedProduct(probabilities, scaled);
      return add(expected, scatterRows(indices, neg(scaled), { shape: weight.shape }));
    },
    bias: () => {
      const expected = matmul(reshape(scales, { shape: [1, rows] }), probabilities);
      return add(reshape(expected, { shape: [classes] }), scatterRows(indices, neg(scales), { shape: [classes] }));
    },
  };
}

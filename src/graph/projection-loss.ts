/**
 * The gradients of a projection whose result goes straight into a cross-entropy. There the gradient is a difference,
 * (softmax − one-hot) · scale, and each product with it is one product with the softmax alone and a few rows for the
 * labels, so that nothing as large as [rows, classes] is made but the softmax: scales stand on the narrow side. Where even
 * that is large, it is made in parts.
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
  linear,
  logicalNot,
  matmul,
  mul,
  neg,
  partedLoss,
  reshape,
  scatterRows,
  sub,
  where,
} from "./ops.ts";
import { dimensionsEqual, evaluateDimension, sizeOf } from "./shapes.ts";
import type { GraphNode, SymbolicTensor } from "./symbolic-tensor.ts";
import { largestSizes } from "./trace.ts";
import { partsOf, transposedProduct } from "./transposed-product.ts";

export interface ProjectionGradients {
  /** [..., D] */
  readonly x: () => SymbolicTensor;
  /** [V, D] */
  readonly weight: () => SymbolicTensor;
  /** [V] */
  readonly bias: () => SymbolicTensor;
}

/** What makes the tensor when reshapes are left out. */
function makerOf(tensor: SymbolicTensor): GraphNode | undefined {
  let { source } = tensor;
  while (source.kind === "node" && source.node.operator === reshape.operatorName) {
    source = at(source.node.inputs, 0).source;
  }
  return source.kind === "node" ? source.node : undefined;
}

/** The node that made `gradient` [..., V] as a cross-entropy's gradient [N, V], if one did. */
function crossEntropyNode(gradient: SymbolicTensor): GraphNode | undefined {
  const node = makerOf(gradient);
  if (node?.operator !== crossEntropyGradient.operatorName) return undefined;
  const classes = at(at(node.outputs, 0).shape, 1);
  return dimensionsEqual(classes, at(gradient.shape, gradient.rank - 1)) ? node : undefined;
}

/** What softmax leaves to be subtracted: one row for each label, with its factor. */
function labelRows(
  x: SymbolicTensor,
  weight: SymbolicTensor,
  labels: SymbolicTensor,
  ignoreIndex: number,
  scale: SymbolicTensor,
) {
  const [classes, width] = [at(weight.shape, 0), at(weight.shape, 1)];
  const rows = at(labels.shape, 0);
  const isIgnored = equal(labels, ignoreIndex);
  const indices = where(isIgnored, 0, labels);
  const scales = mul(cast(logicalNot(isIgnored), { to: "float32" }), scale);
  const column = reshape(scales, { shape: [rows, 1] });
  const scaled = mul(reshape(x, { shape: [sizeOf(x.shape.slice(0, -1)), width] }), column);
  return {
    scales,
    scaled,
    /** The gradients, where `expected` are those of the softmax's part. */
    x: (expected: SymbolicTensor) => reshape(mul(sub(expected, gather(weight, indices)), column), { shape: x.shape }),
    weight: (expected: SymbolicTensor) => add(expected, scatterRows(indices, neg(scaled), { shape: weight.shape })),
    bias: (expected: SymbolicTensor) => add(expected, scatterRows(indices, neg(scales), { shape: [classes] })),
  };
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
  const [rows, classes] = [at(labels.shape, 0), at(weight.shape, 0)];
  const probabilities = exp(logProbabilities);
  const label = labelRows(x, weight, labels, ignoreIndex, scale);
  return {
    x: () => label.x(matmul(probabilities, weight)),
    weight: () => label.weight(transposedProduct(probabilities, label.scaled)),
    bias: () => {
      const expected = matmul(reshape(label.scales, { shape: [1, rows] }), probabilities);
      return label.bias(reshape(expected, { shape: [classes] }));
    },
  };
}

/** Elements of a part's logits: 64 MiB. Smaller parts cost time: at 16 MiB 2% of a step of a small GPT. */
const partElements = 2 ** 24;
/** Fewer rows would not be worth reading the whole weight, and writing its gradient, once more. */
const leastRows = 512;

/**
 * The mean cross-entropy of logits [..., V] that a trained projection has just made, in parts of its rows; undefined
 * where it is none or one part is enough. Nothing is computed of logits that nobody else reads.
 */
export function lossInParts(
  logits: SymbolicTensor,
  labels: SymbolicTensor,
  attributes: AttributesOf<"crossEntropy">,
): SymbolicTensor | undefined {
  const sizes = largestSizes();
  const node = makerOf(logits);
  if (sizes === undefined || node === undefined) return undefined;
  const { transposeLeft, transposeRight, alpha = 1 } = node.attributes as AttributesOf<"matmul">;
  const isProjection =
    node.operator === matmul.operatorName
      ? transposeRight && !transposeLeft && alpha === 1
      : node.operator === linear.operatorName && (node.attributes as AttributesOf<"linear">).transposeWeight;
  if (!isProjection) return undefined;
  const [x, weight, bias] = [at(node.inputs, 0), at(node.inputs, 1), node.inputs[2]];
  const isTrained = weight.source.kind === "parameter" && weight.source.parameter.trainable;
  const classes = Number(at(weight.shape, 0));
  if (!isTrained || !dimensionsEqual(at(logits.shape, logits.rank - 1), classes)) return undefined;
  const [rows, width] = [sizeOf(labels.shape), at(weight.shape, 1)];
  const rowsOfPart = Math.max(leastRows, Math.floor(partElements / classes));
  const parts = Math.ceil(evaluateDimension(rows, sizes) / rowsOfPart);
  if (parts <= 1) return undefined;
  const operands = [reshape(x, { shape: [rows, width] }), weight, reshape(labels, { shape: [rows] })];
  if (bias !== undefined) operands.push(bias);
  return partedLoss(...operands, { ...attributes, parts, groups: partsOf(classes) })[0];
}

/** The gradients of `partedLoss` at its hidden states, its weight and its bias. */
export function partedLossGradients(
  inputs: readonly SymbolicTensor[],
  outputs: readonly SymbolicTensor[],
  { ignoreIndex }: AttributesOf<"partedLoss">,
  gradient: SymbolicTensor,
): ProjectionGradients {
  const [hidden, weight, labels] = inputs as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
  const [, inverse, expectedRows, expectedWeight, expectedBias] = outputs as SymbolicTensor[] & { length: 5 };
  const { source } = gradient;
  const isWhole = source.kind === "constant" && source.data[0] === 1;
  const times = (expected: SymbolicTensor): SymbolicTensor => (isWhole ? expected : mul(expected, gradient));
  const label = labelRows(hidden, weight, labels, ignoreIndex, times(inverse as SymbolicTensor));
  return {
    x: () => label.x(expectedRows as SymbolicTensor),
    weight: () => label.weight(reshape(times(expectedWeight as SymbolicTensor), { shape: weight.shape })),
    bias: () => label.bias(times(expectedBias as SymbolicTensor)),
  };
}

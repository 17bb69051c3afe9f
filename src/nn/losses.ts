/** Losses over symbolic tensors. All are means, in nats. */
import {
  add,
  at,
  broadcastTo,
  cast,
  concat,
  constant,
  crossEntropy as crossEntropyOperator,
  div,
  equal,
  logSoftmax,
  lossInParts,
  maximum,
  mean,
  mul,
  neg,
  range,
  reshape,
  type SymbolicTensor,
  sizeOf,
  split,
  sub,
  sum,
} from "../graph/index.ts";

/** The label that PyTorch ignores by default. */
export const ignoredLabel = -100;

/**
 * Mean cross-entropy over the rows whose label is not `ignoreIndex`; 0, not NaN, when there is none.
 * logits [..., V], labels [...] of int64 → [].
 */
export function crossEntropy(
  logits: SymbolicTensor,
  labels: SymbolicTensor,
  options: { ignoreIndex?: number } = {},
): SymbolicTensor {
  const attributes = { ignoreIndex: options.ignoreIndex ?? ignoredLabel };
  const parted = lossInParts(logits, labels, attributes);
  if (parted !== undefined) return parted;
  const rows = sizeOf(labels.shape);
  const classes = at(logits.shape, logits.rank - 1);
  const flat = reshape(logits, { shape: [rows, classes] });
  const flatLabels = reshape(labels, { shape: [rows] });
  const [loss] = crossEntropyOperator(flat, flatLabels, attributes);
  return loss as SymbolicTensor;
}

/**
 * Cross-entropy in which a row counts as much as its class: Σ w_y · −log p_y / Σ w_y, as PyTorch's `weight` has it. Rows
 * with the label −100 count for nothing. logits [..., C], labels [...] of int64, weights of the C classes → [].
 */
export function weightedCrossEntropy(
  logits: SymbolicTensor,
  labels: SymbolicTensor,
  weights: readonly number[],
): SymbolicTensor {
  const rows = sizeOf(labels.shape);
  const classes = weights.length;
  const logProbabilities = logSoftmax(reshape(logits, { shape: [rows, classes] }));
  const isClass = equal(
    reshape(labels, { shape: [rows, 1] }),
    reshape(range({ start: 0, length: classes }), { shape: [1, classes] }),
  );
  const counted = mul(cast(isClass, { to: "float32" }), constant("float32", [1, classes], weights));
  return neg(div(sum(mul(counted, logProbabilities), {}), maximum(sum(counted, {}), Number.MIN_VALUE)));
}

/** Mean of squared differences. */
export function meanSquaredError(prediction: SymbolicTensor, target: SymbolicTensor): SymbolicTensor {
  const difference = sub(prediction, target);
  return mean(mul(difference, difference), {});
}

/**
 * Mean over all elements of −y·log σ(x) − (1 − y)·log(1 − σ(x)): independent yes-or-no questions.
 * logits and targets of one shape, targets from 0 to 1 → [].
 */
export function binaryCrossEntropy(logits: SymbolicTensor, targets: SymbolicTensor): SymbolicTensor {
  // σ(x) is the first of softmax(x, 0), whose logarithms cannot overflow.
  const column = [sizeOf(logits.shape), 1];
  const zeros = broadcastTo(constant("float32", [1, 1], [0]), { shape: column });
  const both = logSoftmax(concat(reshape(logits, { shape: column }), zeros, { axis: 1 }));
  const [yes, no] = split(both, { axis: 1, sizes: [1, 1] }) as [SymbolicTensor, SymbolicTensor];
  const share = reshape(targets, { shape: column });
  return neg(mean(add(mul(share, yes), mul(sub(1, share), no)), {}));
}

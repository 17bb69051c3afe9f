/** Losses over symbolic tensors. All are means, in nats. */
import {
  at,
  crossEntropy as crossEntropyOperator,
  mean,
  mul,
  reshape,
  type SymbolicTensor,
  sizeOf,
  sub,
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
  const rows = sizeOf(labels.shape);
  const classes = at(logits.shape, logits.rank - 1);
  const flat = reshape(logits, { shape: [rows, classes] });
  const flatLabels = reshape(labels, { shape: [rows] });
  const [loss] = crossEntropyOperator(flat, flatLabels, { ignoreIndex: options.ignoreIndex ?? ignoredLabel });
  return loss as SymbolicTensor;
}

/** Mean of squared differences. */
export function meanSquaredError(prediction: SymbolicTensor, target: SymbolicTensor): SymbolicTensor {
  const difference = sub(prediction, target);
  return mean(mul(difference, difference), {});
}

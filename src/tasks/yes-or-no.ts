/** Independent yes-or-no questions about tokens. */
import { broadcastTo, concat, constant, reshape, type SymbolicTensor, sizeOf } from "../graph/index.ts";
import { crossEntropy } from "../nn/index.ts";

/** logits [...], labels of the same shape of int64: 1 for yes, 0 for no, −100 for what counts for nothing → [] in nats. */
export function yesOrNoLoss(logits: SymbolicTensor, labels: SymbolicTensor): SymbolicTensor {
  const count = sizeOf(logits.shape);
  // σ(x) is the second of softmax(0, x), and that loss knows of labels that count for nothing.
  const zeros = broadcastTo(constant("float32", [1, 1], [0]), { shape: [count, 1] });
  const both = concat(zeros, reshape(logits, { shape: [count, 1] }), { axis: 1 });
  return crossEntropy(both, reshape(labels, { shape: [count] }));
}

/** The probability of yes. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}

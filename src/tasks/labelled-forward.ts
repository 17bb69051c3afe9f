/** A model's logits with the loss of its own head, or the same loss with weights for the classes. */
import type { SymbolicTensor } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { weightedCrossEntropy } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";

/** loss [] in nats, logits of the head's shape; `inputs` hold the labels. */
export function forwardWithLabels(
  model: AnyModel,
  inputs: SymbolicInputs,
  classWeights?: readonly number[],
): { readonly loss: SymbolicTensor; readonly logits: SymbolicTensor } {
  const { loss, logits } = model.forward(inputs);
  if (classWeights === undefined) return { loss, logits };
  return { loss: weightedCrossEntropy(logits, inputs.labels as SymbolicTensor, classWeights), logits };
}

/**
 * A second head beside that of tokens: what a whole utterance wants, while the tokens' labels are the slots that it fills.
 *
 * Paper: Chen et al. 2019, "BERT for Joint Intent Classification and Slot Filling", https://arxiv.org/abs/1902.10909, §3.2:
 * both heads read one encoding, the intent's that of the first token, and both losses are added. The published format has
 * no such head: it is stored under a key of its own beside a valid token classifier, with its classes in config.json.
 */
import { add, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import { crossEntropy, ignoredLabel, Linear, normal } from "../nn/index.ts";
import type { HeadOutputs } from "./head-outputs.ts";
import type { InputSpecs } from "./model-inputs.ts";
import type { PreTrainedConfig } from "./pretrained-model.ts";

export interface IntentLabels {
  /** [B] of int64: the intent of each row, of models that know intents; −100 counts for nothing. */
  readonly intentLabels?: SymbolicTensor | undefined;
}

export interface IntentOutputs extends HeadOutputs {
  /** [B, I], of models that know I intents. */
  readonly intentLogits?: SymbolicTensor;
}

type IntentConfig = Pick<PreTrainedConfig, "intents"> & { readonly initializerRange: number };

/** The published beginning of the head's names. */
export const intentKeys = { intents: "intent_classifier" } as const;

/** The head of a model whose configuration names intents. */
export function intentHead({ intents, initializerRange }: IntentConfig, width: number): Linear | undefined {
  return intents === null ? undefined : new Linear(width, intents.length, { initializer: normal(initializerRange) });
}

export function intentSpecs({ intents }: Pick<PreTrainedConfig, "intents">): InputSpecs {
  if (intents === null) return {};
  return { intentLabels: { type: "int64", shape: shapeOf("B"), below: intents.length, ignored: ignoredLabel } };
}

/** The outputs of a token classifier, with what the head makes of the vector [B, D] that stands for each row. */
export function withIntents(
  outputs: HeadOutputs,
  head: Linear | undefined,
  vectorOfRow: () => SymbolicTensor,
  labels: SymbolicTensor | undefined,
): IntentOutputs {
  if (head === undefined) return outputs;
  const intentLogits = head.forward(vectorOfRow());
  const { loss } = outputs;
  if (loss === undefined || labels === undefined) return { ...outputs, intentLogits };
  return { ...outputs, intentLogits, loss: add(loss, crossEntropy(intentLogits, labels)) };
}

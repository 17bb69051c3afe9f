/** What the rest of the house may ask of a kind of model without knowing it. */
import type { ConfigDefinition, Fields } from "../checkpoints/index.ts";
import type { ModelClass } from "./pretrained-model.ts";

/** What a model can be loaded for: the ending of the `AutoModelFor…` that does it; `base` is `AutoModel`. */
export const modelTasks = [
  "base",
  "preTraining",
  "maskedLM",
  "causalLM",
  "seq2SeqLM",
  "sequenceClassification",
  "tokenClassification",
  "questionAnswering",
  "multipleChoice",
  "nextSentencePrediction",
] as const;
export type ModelTask = (typeof modelTasks)[number];

export interface Architecture<F extends Fields = Fields> {
  readonly configuration: ConfigDefinition<F>;
  /** Settings of the published sizes, by name. */
  readonly presets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Every class by its published name. */
  readonly classes: Readonly<Record<string, ModelClass>>;
  /** Which class each task takes. */
  readonly tasks: Readonly<Partial<Record<ModelTask, ModelClass>>>;
}

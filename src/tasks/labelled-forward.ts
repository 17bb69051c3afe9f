/** A model's logits for a batch, and the losses of fine-tuning. */
import { add, at, equal, matmul, mul, type Parameter, reshape, type SymbolicTensor, where } from "../graph/index.ts";
import { type AnyModel, flattenChoices, type InputSpec, type InputSpecs, withNextTokenLoss } from "../models/index.ts";
import { crossEntropy, ignoredLabel, weightedCrossEntropy } from "../nn/index.ts";
import type { PreparedBatch, SymbolicInputs } from "../objectives/index.ts";
import type { LanguageModelingOptions, TaskOptions } from "./task.ts";

/** What a model says of rows of text. */
export interface RowOutputs {
  readonly logits: SymbolicTensor;
  /** [R, I], of models that know I intents. */
  readonly intentLogits?: SymbolicTensor | undefined;
  /** [R, T, D] */
  readonly lastHiddenState: SymbolicTensor;
  /** The inputs as the model read them, [R, T] each. */
  readonly texts: SymbolicInputs;
}

/** Runs a model that reads rows; inputs [B, T], or [B, C, T], whose choices become rows of their own. Labels stay apart. */
export function forwardRows(model: AnyModel, { labels: _, ...inputs }: SymbolicInputs): RowOutputs {
  const texts = inputs.inputIds?.rank === 3 ? flattenChoices(inputs) : inputs;
  const { logits, intentLogits, hiddenStates } = model.forward(texts);
  return { logits, intentLogits, lastHiddenState: hiddenStates.at(-1), texts };
}

/** Specs of a batch's arrays: those that the model takes, as it says itself, and a task's own labels beside them. */
export function specsBeside(model: AnyModel, batch: PreparedBatch, own: InputSpecs): InputSpecs {
  const known = model.inputSpecs(new Set(Object.keys(batch)));
  const texts = Object.keys(batch).filter((name) => name in known && !(name in own));
  return { ...Object.fromEntries(texts.map((name) => [name, known[name] as InputSpec])), ...own };
}

/** logits [..., C] and labels [...] of int64 → [] in nats. */
export function classLoss(
  logits: SymbolicTensor,
  labels: SymbolicTensor,
  classWeights: readonly number[] | undefined,
): SymbolicTensor {
  if (classWeights === undefined) return crossEntropy(logits, labels);
  return weightedCrossEntropy(logits, labels, classWeights);
}

/**
 * L = L_task + λ·L_lm: what the texts' own next tokens cost, beside the task. It keeps the language model while it is
 * fine-tuned (Radford et al. 2018, §3.2).
 */
export function withLanguageModeling(
  taskLoss: SymbolicTensor,
  model: AnyModel,
  { lastHiddenState, texts }: Pick<RowOutputs, "lastHiddenState" | "texts">,
  options: LanguageModelingOptions | undefined,
): SymbolicTensor {
  if (options === undefined || options.weight === 0) return taskLoss;
  const { parameters, keys } = model;
  // The base model itself has no prefix.
  const words = parameters.get(`${keys.prefix}.${options.words}`) ?? (parameters.get(options.words) as Parameter);
  const logits = matmul(lastHiddenState, words, { transposeRight: true });
  const { inputIds, attentionMask } = texts as Readonly<Record<string, SymbolicTensor>>;
  const labels = where(equal(attentionMask as SymbolicTensor, 0), ignoredLabel, inputIds as SymbolicTensor);
  const { loss } = withNextTokenLoss({ logits }, { labels });
  return add(taskLoss, mul(loss as SymbolicTensor, options.weight));
}

/**
 * The loss and the outputs of a task that reads rows: L_task, with λ·L_lm beside it where it is learned from. `logitsOf` says
 * what is read of the rows where that is not what the head gives.
 */
export function rowsTask(
  lossOf: (logits: SymbolicTensor, inputs: SymbolicInputs) => SymbolicTensor,
  { languageModeling }: Pick<TaskOptions, "languageModeling">,
  logitsOf: (rows: RowOutputs, inputs: SymbolicInputs) => SymbolicTensor = ({ logits }) => logits,
) {
  return {
    loss(model: AnyModel, inputs: SymbolicInputs): SymbolicTensor {
      const rows = forwardRows(model, inputs);
      return withLanguageModeling(lossOf(logitsOf(rows, inputs), inputs), model, rows, languageModeling);
    },
    outputs(model: AnyModel, inputs: SymbolicInputs) {
      const logits = logitsOf(forwardRows(model, inputs), inputs);
      return { logits, loss: lossOf(logits, inputs) };
    },
  };
}

/** scores [B·C, 1] of rows that were inputIds [B, C, T] → [B, C]. */
export function scoresOfChoices(scores: SymbolicTensor, inputIds: SymbolicTensor): SymbolicTensor {
  return reshape(scores, { shape: [at(inputIds.shape, 0), at(inputIds.shape, 1)] });
}

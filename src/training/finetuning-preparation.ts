/** Everything that fine-tuning needs before its first step: examples, a model with a head for them, a tokenizer. */
import { FeatureBatches, textFingerprint } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { AnyModel, Architecture, PreTrainedConfig } from "../models/index.ts";
import type { Random } from "../random.ts";
import {
  type AnyPreparedTask,
  type AnyTask,
  type Features,
  type LanguageModelingOptions,
  loadTask,
  longestRow,
  type TaskOptions,
  type VectorOptions,
  withTextMarks,
} from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import type { FinetuneSettings } from "./finetune-settings.ts";
import type { FinetuneHooks, PreparedFinetuning } from "./finetuning-types.ts";
import { featureLayersOf, freezeEncoder } from "./frozen-features.ts";
import { rowLength } from "./row-length.ts";
import { TaskEvaluator } from "./task-evaluator.ts";
import { inFile, readTaskExamples, splitExamples } from "./task-examples.ts";
import { taskModel, usualRowLength } from "./task-model.ts";
import { checkTaskSettings } from "./task-settings.ts";

/** λ of Radford et al. 2018, §4.1. */
const publishedLanguageModelingWeight = 0.5;

/** Reads the examples, loads the model with a head that has a class for each label, and makes tokens of all. */
export async function prepareFinetuning(
  settings: FinetuneSettings,
  random: Random,
  { onWarning, onStage }: FinetuneHooks,
): Promise<PreparedFinetuning> {
  const task = await loadTask(settings.task);
  await checkTaskSettings(task, settings);
  const source = await taskModel(task, settings.model, featureLayersOf(settings));
  const { config, modelTask, architecture } = source;
  if (settings.frozen && modelTask === "base") throw nothingToTrain(settings.task);
  const { training, heldOut, heldOutRule } = await readExamples(settings, onWarning);
  const { tokenizer, padding } = await prepareTokenizer(settings.model, task, architecture, config);
  const { problemType, bothOrders, entityStarts } = settings;
  const labelOptions = { problemType: problemType ?? undefined, bothOrders, entityStarts };
  const labels = inFile(settings.train, () => task.configuration(training, labelOptions, config, modelTask, tokenizer));
  const { device, threads } = settings;
  const options = { device: device ?? undefined, threads: threads ?? undefined, random: random.fork("model") };
  const drawn = new Set<string>();
  const model = await source.load({
    ...{ ...options, config: { ...padding, ...labels } },
    onWarning(text, match) {
      for (const name of match?.missing ?? []) drawn.add(name);
      onWarning?.(text);
    },
  });
  const { vocabSize } = model.config as { readonly vocabSize: number };
  if (tokenizer.length > vocabSize) {
    model.resizeTokenEmbeddings(tokenizer.length, { random: random.fork("new tokens") });
  }
  freezeParts(model, settings, drawn);
  const givenOptions: TaskOptions = {
    sequenceLength: rowLength(settings, architecture.sizes(config).maximumLength, usualRowLength(source)),
    stride: settings.stride ?? undefined,
    classWeights: balancedClasses(settings, task, training, model.config),
    vectors: vectorOptions(settings),
    languageModeling: languageModelingOf(settings, architecture),
  };
  const taskOptions = (await task.completeOptions?.(givenOptions, settings.model)) ?? givenOptions;
  const prepared = task.prepare({ config: model.config, modelTask, tokenizer }, taskOptions) as AnyPreparedTask;
  const report = (done: number): void =>
    onStage?.({ stage: "reading examples", done, total: training.length, unit: "examples" });
  report(0);
  const features = inFile(settings.train, () => prepared.features(training)) as Features[];
  report(training.length);
  const batches = new FeatureBatches(features, longestRow, {
    batchSize: settings.batchSize,
    random: random.fork("batches"),
  });
  const heldOutFile = settings.validation ?? settings.train;
  const evaluator =
    heldOut.length === 0
      ? undefined
      : inFile(heldOutFile, () => new TaskEvaluator(model, prepared, heldOut, settings.frozen));
  return {
    ...{ settings, model, tokenizer, task: prepared, features, batches, heldOutRule, evaluator },
    trainingExamples: training.length,
    heldOutExamples: heldOut.length,
    fingerprint: await textFingerprint(JSON.stringify([training, taskOptions])),
    width: architecture.sizes(config).width,
  };
}

async function readExamples(settings: FinetuneSettings, onWarning: FinetuneHooks["onWarning"]) {
  const { task, train, validation, validationShare } = settings;
  const all = await readTaskExamples(task, train, { ...settings, onWarning });
  if (validation !== null) {
    const heldOut = await readTaskExamples(task, validation, { ...settings, onWarning });
    return { training: all, heldOut, heldOutRule: `${heldOut.length} examples of ${validation}` };
  }
  const { training, heldOut } = splitExamples<{ readonly line: number }>(all, validationShare);
  const rule = heldOut.length === 0 ? "nothing" : `${heldOut.length} of ${all.length} examples, by a hash of each`;
  return { training, heldOut, heldOutRule: rule };
}

/**
 * The folder's tokenizer, and what the model must know of it. GPT was trained without padding: the end of a text stands for
 * it; and its texts are marked as its paper does. Tokens of the task's own are added.
 */
async function prepareTokenizer(
  folder: string,
  { tokens = [] }: AnyTask,
  { wordEmbeddings }: Architecture,
  config: PreTrainedConfig,
) {
  const published = await AutoTokenizer.fromPretrained(folder);
  const tokenizer = wordEmbeddings === undefined ? published : withTextMarks(published);
  if (tokens.length > 0) tokenizer.addTokens(tokens, { special: true });
  if (tokenizer.padToken === undefined) tokenizer.padToken = tokenizer.eosToken ?? tokenizer.unkToken;
  const { padTokenId } = config as { readonly padTokenId?: number | null };
  return { tokenizer, padding: padTokenId == null ? { padTokenId: tokenizer.padTokenId } : {} };
}

/** λ of the settings, or that of GPT's paper for models that predict next tokens. */
function languageModelingOf(
  { languageModelingWeight, frozen }: FinetuneSettings,
  { wordEmbeddings: words, configuration }: Architecture,
): LanguageModelingOptions | undefined {
  // What is frozen neither learns nor forgets its language.
  if (frozen && languageModelingWeight === null) return undefined;
  if (words !== undefined) return { words, weight: languageModelingWeight ?? publishedLanguageModelingWeight };
  if (languageModelingWeight === null || languageModelingWeight === 0) return undefined;
  throw new ConfigurationError(`${configuration.modelType} predicts no next tokens while it is fine-tuned.`, {
    field: "languageModelingWeight",
    expected: "0, or a model such as gpt2 or openai-gpt",
    received: String(languageModelingWeight),
  });
}

function balancedClasses(
  { classWeights, task: name }: FinetuneSettings,
  task: AnyTask,
  examples: readonly { readonly line: number }[],
  config: PreTrainedConfig,
): readonly number[] | undefined {
  if (classWeights === "none") return undefined;
  const { problemType } = config;
  if (task.classWeights !== undefined && (problemType === null || problemType === "single_label_classification")) {
    return task.classWeights(examples, config);
  }
  throw new ConfigurationError(`Classes cannot be balanced in ${name}${problemType ? ` (${problemType})` : ""}.`, {
    field: "classWeights",
    expected: "none, or a task that tells one class from others",
    received: classWeights,
  });
}

function vectorOptions({ pooling, similarity, similarityScale }: FinetuneSettings): VectorOptions {
  return {
    pooling: pooling === null ? undefined : [pooling],
    similarity: similarity ?? undefined,
    scale: similarityScale ?? undefined,
  };
}

/** Of a task that adds no head to the model. */
function nothingToTrain(task: string): ConfigurationError {
  return new ConfigurationError(`Nothing is left to train: ${task} trains the encoder itself.`, {
    field: "frozen",
    expected: "false, or a task with a head of its own",
    received: "true",
    hint: "Leave --frozen out; --freeze embeddings keeps a part as it is.",
  });
}

/** Keeps what the settings name as it is. */
function freezeParts(model: AnyModel, { frozen, freeze }: FinetuneSettings, drawn: ReadonlySet<string>): void {
  if (frozen) freezeEncoder(model, drawn);
  if (freeze.length > 0) model.freeze(...freeze);
}

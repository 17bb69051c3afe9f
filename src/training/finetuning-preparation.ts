/** Everything that fine-tuning needs before its first step: examples, a model with a head for them, a tokenizer. */
import { textFingerprint } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import {
  type AnyModel,
  AutoConfig,
  classFor,
  type LoadOptions,
  loadArchitecture,
  type PreTrainedConfig,
} from "../models/index.ts";
import type { Random } from "../random.ts";
import { type AnyPreparedTask, type AnyTask, type Features, loadTask } from "../tasks/index.ts";
import { AutoTokenizer, type Tokenizer } from "../tokenizers/index.ts";
import type { FinetuneSettings } from "./finetune-settings.ts";
import type { FinetuneHooks, PreparedFinetuning } from "./finetuning-types.ts";
import { TaskEvaluator } from "./task-evaluator.ts";
import { inFile, readTaskExamples, splitExamples } from "./task-examples.ts";

const longestRow = 512;

/** Reads the examples, loads the model with a head that has a class for each label, and makes tokens of all. */
export async function prepareFinetuning(
  settings: FinetuneSettings,
  random: Random,
  { onWarning, onStage }: FinetuneHooks,
): Promise<PreparedFinetuning> {
  const task = await loadTask(settings.task);
  const config = await AutoConfig.fromPretrained(settings.model);
  const architecture = await loadArchitecture(config.modelType);
  classFor(architecture, task.modelTask);
  const { training, heldOut, heldOutRule } = await readExamples(settings, onWarning);
  const labels = inFile(settings.train, () =>
    task.configuration(training, { problemType: settings.problemType ?? undefined }, config),
  );
  const tokenizer = await AutoTokenizer.fromPretrained(settings.model);
  const model = await loadModel(settings, task, { ...paddingOf(config, tokenizer), ...labels }, random, onWarning);
  freezeParts(model, settings);
  const { width, maximumLength } = architecture.sizes(config);
  const options = { sequenceLength: rowLength(settings, maximumLength), stride: settings.stride ?? undefined };
  const classWeights = balancedClasses(settings, task, training, model.config);
  const prepared = task.prepare({ config: model.config, tokenizer }, { ...options, classWeights }) as AnyPreparedTask;
  onStage?.({ stage: "reading examples", done: 0, total: training.length, unit: "examples" });
  const features = inFile(settings.train, () => prepared.features(training)) as Features[];
  onStage?.({ stage: "reading examples", done: training.length, total: training.length, unit: "examples" });
  const evaluator =
    heldOut.length === 0
      ? undefined
      : inFile(settings.validation ?? settings.train, () => new TaskEvaluator(model, prepared, heldOut));
  return {
    settings,
    model,
    tokenizer,
    task: prepared,
    features,
    trainingExamples: training.length,
    heldOutExamples: heldOut.length,
    heldOutRule,
    evaluator,
    fingerprint: await textFingerprint(JSON.stringify([training, options])),
    width,
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

/** What a model must know of padding, where its own settings say nothing: GPT was trained without any. */
function paddingOf(config: PreTrainedConfig, tokenizer: Tokenizer): Readonly<Record<string, unknown>> {
  if (tokenizer.padToken === undefined) tokenizer.padToken = tokenizer.eosToken ?? tokenizer.unkToken;
  const { padTokenId } = config as { readonly padTokenId?: number | null };
  return padTokenId === null || padTokenId === undefined ? { padTokenId: tokenizer.padTokenId } : {};
}

async function loadModel(
  { model: folder, device, threads }: FinetuneSettings,
  task: AnyTask,
  config: Readonly<Record<string, unknown>>,
  random: Random,
  onWarning: FinetuneHooks["onWarning"],
): Promise<AnyModel> {
  const { modelType } = await AutoConfig.fromPretrained(folder);
  const modelClass = classFor(await loadArchitecture(modelType), task.modelTask) as unknown as {
    fromPretrained(folder: string, options: LoadOptions): Promise<AnyModel>;
  };
  const options = { device: device ?? undefined, threads: threads ?? undefined, random: random.fork("model") };
  const onNote = onWarning === undefined ? {} : { onWarning };
  return modelClass.fromPretrained(folder, { ...options, config, ...onNote });
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

/** Keeps what the settings name as it is; throws a ConfigurationError when nothing is left to train. */
function freezeParts(model: AnyModel, { frozen, freeze }: FinetuneSettings): void {
  if (frozen) model.freeze(model.keys.prefix);
  if (freeze.length > 0) model.freeze(...freeze);
}

/** Tokens of the longest row, as many as the settings say and the model takes. */
function rowLength({ sequenceLength }: FinetuneSettings, maximumLength: number): number {
  if (sequenceLength === null) return Math.min(maximumLength, longestRow);
  if (sequenceLength <= maximumLength) return sequenceLength;
  throw new ConfigurationError(`rows of ${sequenceLength} tokens are longer than the model takes`, {
    field: "sequenceLength",
    expected: `at most ${maximumLength}`,
    received: String(sequenceLength),
  });
}

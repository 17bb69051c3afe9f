/** Which model a pretraining run is about: a new one of some size, or a checkpoint to go on from. */
import { platform } from "#platform";
import type { SpecialTokens } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import {
  type AnyModel,
  type Architecture,
  AutoConfig,
  classFor,
  loadArchitecture,
  type ModelTask,
} from "../models/index.ts";
import { normal } from "../nn/index.ts";
import { nearestName } from "../platform/option-names.ts";
import type { Random } from "../random.ts";
import { defaultInitializerRange, type PretrainSettings } from "./pretrain-settings.ts";

export interface PretrainingModel {
  readonly model: AnyModel;
  /** Features of a token. */
  readonly width: number;
  /** Tokens of the longest row. */
  readonly maximumLength: number;
}

export interface ModelPlan {
  readonly objectiveName: string;
  /** The folder of the tokenizer; null when one is trained. */
  readonly tokenizerFolder: string | null;
  readonly tokenizerKind: "wordpiece" | "bpe";
  /** Makes or loads the model once the vocabulary is known. */
  readonly build: (tokens: SpecialTokens, random: Random) => Promise<PretrainingModel>;
}

/** The longest row unless the settings say otherwise. */
const defaultSequenceLength = 128;

/** What the settings ask for. `resumedFrom` is the checkpoint of a run that goes on: its tokenizer is taken. */
export async function planModel(settings: PretrainSettings, resumedFrom: string | undefined): Promise<ModelPlan> {
  const config = settings.model === null ? undefined : await AutoConfig.fromPretrained(settings.model);
  const architecture = await loadArchitecture(config?.modelType ?? settings.architecture);
  const { pretraining } = architecture;
  const objectiveName = settings.objective ?? pretraining.objective;
  const task = taskOf(objectiveName);
  return {
    objectiveName,
    tokenizerFolder: resumedFrom ?? settings.tokenizer ?? settings.model,
    tokenizerKind: settings.tokenizerKind ?? pretraining.tokenizerKind,
    build: (tokens, random) =>
      settings.model === null
        ? newModel(settings, architecture, task, tokens, random)
        : continuedModel(settings, settings.model, architecture, task, tokens),
  };
}

/** The head that an objective trains. */
function taskOf(objective: string): ModelTask {
  const parts = objective.split("+");
  if (parts.length > 1) return "preTraining";
  if (parts[0] === "masked-language-modeling") return "maskedLM";
  return parts[0] === "causal-language-modeling" ? "causalLM" : "nextSentencePrediction";
}

function modelOptions(settings: PretrainSettings) {
  return { device: settings.device ?? undefined, threads: settings.threads ?? undefined };
}

async function newModel(
  settings: PretrainSettings,
  architecture: Architecture,
  task: ModelTask,
  tokens: SpecialTokens,
  random: Random,
): Promise<PretrainingModel> {
  const { configuration, presets, pretraining, sizes } = architecture;
  const wanted = pretraining.settings({
    vocabSize: tokens.vocabSize,
    maximumLength: settings.sequenceLength ?? defaultSequenceLength,
    padTokenId: tokens.padTokenId,
    eosTokenId: tokens.eosTokenId,
    dropout: settings.dropout ?? undefined,
  });
  let base: ReturnType<typeof configuration.create>;
  if (settings.config === null) {
    base = configuration.create({ ...presetOf(presets, settings.preset ?? "tiny"), ...wanted });
  } else {
    const text = await platform.readText(settings.config, "configuration");
    const { vocabSize } = wanted;
    base = configuration.create({ vocabSize } as object, configuration.parse(text, settings.config));
  }
  const { width, maximumLength } = sizes(base);
  const initializerRange = settings.initializerRange ?? defaultInitializerRange(width);
  const config = configuration.create({ initializerRange } as object, base);
  const model = new (classFor(architecture, task))(config as never).initialize(random, modelOptions(settings));
  for (const [part, standardDeviation] of Object.entries(settings.initializerRanges)) {
    for (const parameter of model.store.parameters.filter(({ name }) => name.includes(part))) {
      const stream = random.fork("parameter", parameter.name);
      normal(standardDeviation)(stream, model.store.view(parameter), parameter.shape);
    }
  }
  return { model, width, maximumLength };
}

function presetOf(presets: Architecture["presets"], name: string): Readonly<Record<string, unknown>> {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return preset;
  const nearest = nearestName(name, Object.keys(presets));
  throw new ConfigurationError(`There is no preset ${name}.`, {
    field: "preset",
    expected: Object.keys(presets).join(", "),
    received: name,
    hint:
      nearest === undefined ? "Choose one of these, or give a config.json by --config." : `Did you mean ${nearest}?`,
  });
}

async function continuedModel(
  settings: PretrainSettings,
  folder: string,
  architecture: Architecture,
  task: ModelTask,
  tokens: SpecialTokens,
): Promise<PretrainingModel> {
  const modelClass = classFor(architecture, task) as unknown as {
    fromPretrained(folder: string, options: object): Promise<AnyModel>;
  };
  const model = await modelClass.fromPretrained(folder, modelOptions(settings));
  const { width, maximumLength } = architecture.sizes(model.config);
  const { vocabSize } = model.config as { vocabSize: number };
  if (tokens.vocabSize > vocabSize) {
    throw new ConfigurationError(`the tokenizer has more tokens than the model of ${folder}`, {
      field: "tokenizer",
      expected: `at most ${vocabSize} tokens`,
      received: String(tokens.vocabSize),
      hint: "use the tokenizer in the model's own folder",
    });
  }
  return { model, width, maximumLength };
}

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
  type NarrowStartParts,
  type PublishedMasking,
} from "../models/index.ts";
import { historyWindows } from "../objectives/index.ts";
import { nearestName } from "../platform/option-names.ts";
import type { Random } from "../random.ts";
import { startNarrow } from "./narrow-start.ts";
import { headOf, requireCausal, requireTrainable } from "./objective-heads.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";
import type { TokenizerKind } from "./tokenizer-training.ts";

export interface PretrainingModel {
  readonly model: AnyModel;
  /** Features of a token. */
  readonly width: number;
  /** Tokens of the longest row. */
  readonly maximumLength: number;
}

export interface ModelPlan {
  readonly objectiveName: string;
  /** Of the model that will be trained. */
  readonly layers: number;
  /** The masks that its architecture was published with. */
  readonly masking: PublishedMasking;
  /** The folder of the tokenizer; null when one is trained. */
  readonly tokenizerFolder: string | null;
  readonly tokenizerKind: TokenizerKind;
  /** What a tokenizer is trained for: models that can tell hidden tokens keep the tokens that this needs. */
  readonly tokenizerUse: "masked" | "causal";
  /** Makes or loads the model once the vocabulary is known. `tokenCounts` says how often each token occurs in the text. */
  readonly build: (
    tokens: SpecialTokens,
    tokenCounts: () => Promise<Float64Array>,
    random: Random,
  ) => Promise<PretrainingModel>;
}

/** Up to this many features, a new model has a narrow start and no dropout unless the settings say otherwise. */
const narrowWidth = 256;

/** The longest row unless the settings say otherwise. */
export const defaultSequenceLength = 128;

/** What the settings ask for. `resumedFrom` is the checkpoint of a run that goes on: its tokenizer is taken. */
export async function planModel(settings: PretrainSettings, resumedFrom: string | undefined): Promise<ModelPlan> {
  const config = settings.model === null ? undefined : await AutoConfig.fromPretrained(settings.model);
  const architecture = await loadArchitecture(config?.modelType ?? settings.architecture);
  const { pretraining } = architecture;
  const objectiveName = settings.objective ?? pretraining.objective;
  requireTrainable(objectiveName);
  const task = headOf(objectiveName, architecture);
  // What can be wrong is found before the corpus is read.
  classFor(architecture, task);
  if (config !== undefined && task === "causalLM") requireCausal(config, architecture, settings.model);
  const { layers } = architecture.sizes(config ?? (await newConfiguration(settings, architecture)));
  return {
    objectiveName,
    layers,
    masking: pretraining.masking ?? {},
    tokenizerFolder: resumedFrom ?? settings.tokenizer ?? settings.model,
    tokenizerKind: settings.tokenizerKind ?? pretraining.tokenizerKind,
    tokenizerUse: architecture.tasks.maskedLM === undefined ? "causal" : "masked",
    build: (tokens, tokenCounts, random) =>
      settings.model === null
        ? newModel(settings, architecture, task, tokens, tokenCounts, random)
        : continuedModel(settings, settings.model, architecture, task, tokens),
  };
}

function modelOptions(settings: PretrainSettings) {
  return { device: settings.device ?? undefined, threads: settings.threads ?? undefined };
}

async function newModel(
  settings: PretrainSettings,
  architecture: Architecture,
  task: ModelTask,
  tokens: SpecialTokens,
  tokenCounts: () => Promise<Float64Array>,
  random: Random,
): Promise<PretrainingModel> {
  const { configuration, pretraining, sizes } = architecture;
  const preset = await newConfiguration(settings, architecture);
  const isGiven = settings.config !== null;
  // A narrow model is far from learning its text by heart, and dropout would only keep it at the plateau for longer.
  const defaultDropout = !isGiven && sizes(preset).width <= narrowWidth ? 0 : undefined;
  const wanted = pretraining.settings({
    vocabSize: tokens.vocabSize,
    maximumLength: isGiven ? sizes(preset).maximumLength : (settings.sequenceLength ?? defaultSequenceLength),
    padTokenId: tokens.padTokenId,
    bosTokenId: tokens.bosTokenId,
    eosTokenId: tokens.eosTokenId,
    dropout: settings.dropout ?? defaultDropout,
    isCausal: task === "causalLM",
  });
  const base = configuration.create(wanted as object, preset);
  const { width, maximumLength } = sizes(base);
  const narrowStart = narrowStartOf(settings, pretraining.narrowStart, width);
  const initializerRange = settings.initializerRange ?? (narrowStart === undefined ? undefined : 1 / Math.sqrt(width));
  const config = configuration.create(
    {
      ...(initializerRange === undefined ? {} : { initializerRange }),
      ...windowsOf(settings, sizes(base).layers),
    } as object,
    base,
  );
  const model = new (classFor(architecture, task))(config as never).initialize(random, modelOptions(settings));
  if (narrowStart !== undefined) startNarrow(model, narrowStart, await tokenCounts(), random);
  return { model, width, maximumLength };
}

/** What the model's folder has to say of a limited history. */
function windowsOf({ history }: PretrainSettings, layers: number): { readonly attentionWindows?: readonly number[] } {
  return history === null ? {} : { attentionWindows: historyWindows(history, layers) };
}

/** What a narrow start treats, when the settings or the model's width ask for one. */
function narrowStartOf(
  settings: PretrainSettings,
  parts: NarrowStartParts | undefined,
  width: number,
): NarrowStartParts | undefined {
  if (settings.initialization === "narrow" && parts === undefined) {
    throw new ConfigurationError(`no narrow start is known for ${settings.architecture}`, {
      field: "initialization",
      expected: "published",
      received: "narrow",
    });
  }
  return (settings.initialization ?? (width <= narrowWidth ? "narrow" : "published")) === "narrow" ? parts : undefined;
}

/** What the file of the setting `config` says, or the preset. */
async function newConfiguration({ config, preset }: PretrainSettings, { configuration, presets }: Architecture) {
  if (config === null) return configuration.create(presetOf(presets, preset ?? "tiny") as object);
  return configuration.parse(await platform.readText(config, "configuration"), config);
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
  const { layers } = architecture.sizes(await AutoConfig.fromPretrained(folder));
  const windows = windowsOf(settings, layers);
  const model = await modelClass.fromPretrained(folder, { ...modelOptions(settings), config: windows });
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

/** Models and configurations by what a folder's own `config.json` says. */
import { platform } from "#platform";
import { type HubOptions, hubOptionNames } from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { parseJson } from "../platform/file-errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { Random } from "../random.ts";
import type { SpanLabels, SpanOutputs } from "./answer-spans.ts";
import type { Architecture, ModelTask } from "./architecture.ts";
import type { CausalLanguageModel, GenerationTokens } from "./causal-language-model.ts";
import type { HeadOutputs, InnerStates } from "./head-outputs.ts";
import type { LayerCache } from "./key-value-cache.ts";
import { layerClassifier, readsLayers } from "./layer-classifier.ts";
import type { ModelOptions } from "./model-runtime.ts";
import { modelFolder } from "./model-source.ts";
import type { AnyModel, LoadOptions, ModelClass, PreTrainedConfig, PreTrainedModel } from "./pretrained-model.ts";
import { architectureOf, loadArchitecture } from "./registry.ts";
import type { TokenInputs } from "./token-inputs.ts";

/** A folder's configuration text with the architecture that it names. */
async function readFolder(folder: string): Promise<{ file: string; text: string; architecture: Architecture }> {
  const file = platform.join(folder, "config.json");
  const text = await platform.readText(file, "checkpoint");
  const { model_type: modelType, architectures } = Object(parseJson(text, file, "checkpoint"));
  const classNames = Array.isArray(architectures) ? architectures.filter((name) => typeof name === "string") : [];
  const architecture = await architectureOf(modelType === undefined ? undefined : String(modelType), classNames, file);
  return { file, text, architecture };
}

export const AutoConfig = {
  /** The configuration of a model folder or a published model, with the published defaults. */
  async fromPretrained(source: string, options: HubOptions = {}): Promise<PreTrainedConfig> {
    refuseUnknownNames(options, [...hubOptionNames, "onWarning"], "the options of AutoConfig.fromPretrained");
    const { onWarning } = options;
    const { file, text, architecture } = await readFolder(await modelFolder(source, options, ["configuration"]));
    return architecture.configuration.parse(text, file, onWarning && { onWarning }) as unknown as PreTrainedConfig;
  },

  /** A new configuration: the published defaults, but for `values`. */
  async forModel(modelType: string, values: Readonly<Record<string, unknown>> = {}): Promise<PreTrainedConfig> {
    return (await loadArchitecture(modelType)).configuration.create(values) as unknown as PreTrainedConfig;
  },
};

export interface InitializeOptions extends ModelOptions {
  /** Draws the values; seed 0 when left out. */
  readonly random?: Random | undefined;
}

/** Loads the class that an architecture has for one task. */
export interface AutoClass<M extends AnyModel> {
  /** Loads a model folder or a published model. Throws a ConfigurationError if its architecture has nothing for this task. */
  fromPretrained(source: string, options?: LoadOptions): Promise<M>;
  /** A new model with values drawn anew. */
  fromConfig(config: PreTrainedConfig, options?: InitializeOptions): Promise<M>;
}

function autoClass<M extends AnyModel>(task: ModelTask): AutoClass<M> {
  return {
    async fromPretrained(source, options) {
      const folder = await modelFolder(source, options, ["weights"]);
      const { architecture, file, text } = await readFolder(folder);
      const config = architecture.configuration.parse(text, file, { onWarning() {} }) as unknown as PreTrainedConfig;
      return loadedBy(classFor<M>(architecture, task, { ...config, ...options?.config }), folder, options);
    },
    async fromConfig(config, { random = new Random(0), ...options } = {}) {
      const architecture = await loadArchitecture(config.modelType);
      return new (classFor<M>(architecture, task, config))(config).initialize(random, options);
    },
  };
}

type LoadableClass<M extends AnyModel> = ModelClass<M> & Pick<typeof PreTrainedModel, "fromPretrained">;

function loadedBy<M extends AnyModel>(modelClass: ModelClass<M>, folder: string, options?: LoadOptions): Promise<M> {
  return (modelClass as LoadableClass<M>).fromPretrained(folder, options);
}

/** The architecture's class for a task, or one over the layers or tokens that a configuration names. */
export function classFor<M extends AnyModel = AnyModel>(
  architecture: Architecture,
  task: ModelTask,
  config: Partial<Pick<PreTrainedConfig, "featureLayers" | "entityStarts">> = {},
): ModelClass<M> {
  if (readsLayers(task, config)) return layerClassifier(architecture, task) as unknown as ModelClass<M>;
  const modelClass = architecture.tasks[task];
  if (modelClass !== undefined) return modelClass as ModelClass<M>;
  const { modelType } = architecture.configuration;
  throw new ConfigurationError(`${modelType} has no model for ${task}.`, {
    field: "model_type",
    expected: Object.keys(architecture.tasks).join(", "),
    received: task,
    hint: `${modelType} can be loaded for the tasks named under "expected".`,
  });
}

/** What every model of text takes; B rows of T tokens. */
interface TextInputs extends TokenInputs {
  /** [B, T] of int64: 1 on text, 0 on padding. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64 */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64 */
  readonly positionIds?: SymbolicTensor;
}

interface LabelledInputs extends TextInputs {
  /** Of int64; −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
}

interface CausalInputs extends LabelledInputs {
  /** From an earlier call with `useCache`. */
  readonly pastKeyValues?: readonly LayerCache[];
}

interface CausalOutputs extends HeadOutputs {
  /** Every layer's keys and values, of models that keep them. */
  readonly pastKeyValues?: readonly LayerCache[];
}

interface BaseOutputs extends InnerStates {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
  /** [B, D] */
  readonly poolerOutput?: SymbolicTensor;
}

type HeadModel = PreTrainedModel<PreTrainedConfig, LabelledInputs, HeadOutputs>;
type CausalModel = CausalLanguageModel<PreTrainedConfig & GenerationTokens, CausalInputs, CausalOutputs>;

export const AutoModel = autoClass<PreTrainedModel<PreTrainedConfig, TextInputs, BaseOutputs>>("base");
/** The model that was pretrained, with all its heads. */
export const AutoModelForPreTraining = autoClass<AnyModel>("preTraining");
/** logits [B, T, V] */
export const AutoModelForMaskedLM = autoClass<HeadModel>("maskedLM");
/** logits [B, T, V] */
export const AutoModelForCausalLM: AutoClass<CausalModel> = autoClass("causalLM");
/** logits [B, T, V] of the decoder */
export const AutoModelForSeq2SeqLM = autoClass<HeadModel>("seq2SeqLM");
/** logits [B, classes] */
export const AutoModelForSequenceClassification = autoClass<HeadModel>("sequenceClassification");
/** logits [B, T, classes] */
export const AutoModelForTokenClassification = autoClass<HeadModel>("tokenClassification");
export const AutoModelForQuestionAnswering =
  autoClass<PreTrainedModel<PreTrainedConfig, TextInputs & SpanLabels, SpanOutputs>>("questionAnswering");
/** logits [B, choices] */
export const AutoModelForMultipleChoice = autoClass<HeadModel>("multipleChoice");
/** logits [B, 2]: is next, is not. */
export const AutoModelForNextSentencePrediction = autoClass<HeadModel>("nextSentencePrediction");

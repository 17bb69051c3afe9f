/**
 * Classifiers over chosen layers of any encoder, for feature-based use: one layer, the last four side by side (Devlin et al.
 * 2019, https://arxiv.org/abs/1810.04805, table 7), or a learned weighted sum of all, γ Σ softmax(s)_l h_l, the embeddings
 * counted as layer 0 (Peters et al. 2018, https://arxiv.org/abs/1802.05365, equation 1). Rows are classified by the mean
 * over their tokens, padding left out; tokens each by its own vector. And classifiers of relations, which read the vectors
 * of the tokens that open the two entities, side by side, of the last layer unless another one is chosen (Baldini Soares et
 * al. 2019, https://arxiv.org/abs/1906.03158, figure 3f, with a linear layer over them).
 * Shapes: B batch, T tokens, D hidden size, L layers, C classes.
 *
 * No published class is like these: the folder names the encoder's, which reads its part of the weights, and what the
 * classifier reads stands in `config.json` as `cloze_feature_layers` and `cloze_entity_starts`.
 */
import type { ConfigDefinition } from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import {
  add,
  at,
  cast,
  concat,
  div,
  equal,
  matmul,
  maximum,
  mean,
  mul,
  Parameter,
  reshape,
  type SymbolicTensor,
  slice,
  softmax,
  sum,
} from "../graph/index.ts";
import { crossEntropy, Linear, Module, normal, ones, zeros } from "../nn/index.ts";
import type { Architecture, ModelTask } from "./architecture.ts";
import { rowLabelSpec, rowLoss, tokenLabelSpec } from "./class-labels.ts";
import { type HeadOutputs, headOutputs } from "./head-outputs.ts";
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { type AnyModel, type ModelClass, type PreTrainedConfig, PreTrainedModel } from "./pretrained-model.ts";

/** What is classified. */
export type LayerClassifierTask = Extract<ModelTask, "sequenceClassification" | "tokenClassification">;

export function isLayerClassifierTask(task: ModelTask): task is LayerClassifierTask {
  return task === "sequenceClassification" || task === "tokenClassification";
}

/** Whether a configuration asks for such a classifier for a task. */
export function readsLayers(
  task: ModelTask,
  { featureLayers, entityStarts }: Partial<Pick<PreTrainedConfig, "featureLayers" | "entityStarts">>,
): task is LayerClassifierTask {
  if (task === "sequenceClassification" && entityStarts != null) return true;
  return featureLayers != null && isLayerClassifierTask(task);
}

interface LayerInputs {
  /** [B, T] of int64; read where entities are. */
  readonly inputIds?: SymbolicTensor;
  /** [B, T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  readonly labels?: SymbolicTensor;
}

/** s and γ of a weighted sum. */
class LayerWeights extends Module {
  /** [L + 1], before the softmax. */
  readonly weights: Parameter;
  /** [1] */
  readonly scale: Parameter;

  constructor(layers: number) {
    super();
    this.weights = new Parameter([layers + 1], zeros, { decays: false });
    this.scale = new Parameter([1], ones, { decays: false });
  }

  /** L + 1 tensors of one shape → their sum, of that shape. */
  forward(states: readonly SymbolicTensor[]): SymbolicTensor {
    const shares = softmax(this.weights);
    const weighted = states.map((state, layer) => mul(state, slice(shares, { axis: 0, start: layer, length: 1 })));
    return mul(
      weighted.reduce((all, state) => add(all, state)),
      this.scale,
    );
  }
}

const classes = new Map<string, ModelClass>();

/**
 * The class for an architecture; `featureLayers` of its configurations says which layers are read, and `entityStarts` of rows
 * which tokens.
 */
export function layerClassifier(architecture: Architecture, task: LayerClassifierTask): ModelClass {
  const key = `${architecture.configuration.modelType} ${task}`;
  const made = classes.get(key) ?? makeClass(architecture, task);
  classes.set(key, made);
  return made;
}

function makeClass(architecture: Architecture, task: LayerClassifierTask): ModelClass {
  const baseClass = architecture.tasks.base as ModelClass;
  const isOfRows = task === "sequenceClassification";

  class LayerClassifier extends PreTrainedModel<PreTrainedConfig, LayerInputs, HeadOutputs> {
    static readonly publishedName = baseClass.name;
    static readonly configuration: ConfigDefinition<never> = architecture.configuration as never;
    /** Which layers are read. */
    readonly #layers: string;
    /** Of rows: the ids of the tokens that are read, or null for all. */
    readonly #starts: readonly number[] | null;
    readonly layerWeights: LayerWeights | undefined;
    readonly classifier: Linear;

    constructor(config: PreTrainedConfig) {
      super(config);
      const { layers, width } = architecture.sizes(config);
      const starts = (config.entityStarts ?? []) as readonly number[];
      this.#starts = isOfRows && starts.length > 0 ? starts : null;
      const last = this.#starts === null ? "" : String(layers);
      const read = checkFeatureLayers(config.featureLayers ?? last, layers);
      this.#layers = read;
      // The pooler of those that have one is not read.
      const base = new (baseClass as new (config: unknown, options: object) => AnyModel)(config, { pooler: false });
      Object.assign(this, { [base.keys.prefix]: base });
      this.layerWeights = read === "weighted-sum" ? new LayerWeights(layers) : undefined;
      const features = read === "last-four" ? 4 * width : width;
      this.classifier = new Linear(features * (this.#starts?.length ?? 1), config.numLabels, {
        initializer: normal(0.02),
      });
    }

    get #base(): AnyModel {
      return (this as unknown as Record<string, AnyModel>)[prefixOf(architecture)] as AnyModel;
    }

    override get keys(): KeyTable {
      return withHead(this.#base.keys, { layerWeights: "cloze_layers" });
    }

    override inputSpecs(given: ReadonlySet<string>): InputSpecs {
      const labels = isOfRows ? rowLabelSpec(this.config) : tokenLabelSpec(this.config);
      return { ...this.#base.inputSpecs(given), labels };
    }

    override forward({ labels, ...inputs }: LayerInputs): HeadOutputs {
      const encoded = this.#base.forward(inputs);
      const states = encoded.hiddenStates as readonly SymbolicTensor[];
      const read = states.map((state) => (isOfRows ? this.#rowVectors(state, inputs) : state));
      const logits = this.classifier.forward(this.#mixed(read));
      const lossOf = isOfRows ? rowLoss : crossEntropy;
      return headOutputs(logits, encoded, labels && lossOf(logits, labels, this.config));
    }

    /** hidden [B, T, D] → [B, D], or [B, E·D] of E entities; zeros for one whose opening token is not there. */
    #rowVectors(state: SymbolicTensor, { inputIds, attentionMask }: LayerInputs): SymbolicTensor {
      if (this.#starts === null) return meanOfTokens(state, attentionMask);
      const vectors = this.#starts.map((id) => meanOfTokens(state, equal(inputIds as SymbolicTensor, id)));
      return concat(...vectors, { axis: 1 });
    }

    #mixed(states: readonly SymbolicTensor[]): SymbolicTensor {
      const featureLayers = this.#layers;
      if (this.layerWeights !== undefined) return this.layerWeights.forward(states);
      if (featureLayers === "last-four") return concat(...states.slice(-4), { axis: at(states, 0).rank - 1 });
      return at(states, Number(featureLayers));
    }
  }
  const name = `${baseClass.name.replace(/Model$/, "")}LayersFor${isOfRows ? "Sequence" : "Token"}Classification`;
  Object.defineProperty(LayerClassifier, "name", { value: name });
  return LayerClassifier as unknown as ModelClass;
}

/** What a base model is called in models with a head. */
function prefixOf({ tasks }: Architecture): string {
  const { prototype } = tasks.base as unknown as { readonly prototype: AnyModel };
  return prototype.keys.prefix;
}

/** hidden [B, T, D] → [B, D]: the mean over those tokens that `chosen`, [B, T], has; over all without it. */
function meanOfTokens(hidden: SymbolicTensor, chosen: SymbolicTensor | undefined): SymbolicTensor {
  if (chosen === undefined) return mean(hidden, { axes: [1] });
  const [rows = 1, length = 1, width = 1] = hidden.shape;
  const mask = cast(chosen, { to: "float32" });
  const shares = div(mask, maximum(sum(mask, { axes: [1], keepDims: true }), 1));
  return reshape(matmul(reshape(shares, { shape: [rows, 1, length] }), hidden), { shape: [rows, width] });
}

/** Throws a ConfigurationError for layers that a model of so many does not have. */
function checkFeatureLayers(featureLayers: string, layers: number): string {
  const isLayer = /^\d+$/.test(featureLayers) && Number(featureLayers) <= layers;
  if (isLayer || featureLayers === "weighted-sum" || (featureLayers === "last-four" && layers >= 4))
    return featureLayers;
  const four = layers >= 4 ? "last-four, " : "";
  throw new ConfigurationError(`${featureLayers} are no layers of this model.`, {
    field: "layers",
    expected: `last, weighted-sum, ${four}or a number from 0 (the embeddings) to ${layers}`,
    received: featureLayers,
  });
}

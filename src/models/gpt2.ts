/**
 * GPT-2: a left-to-right Transformer decoder with LayerNorm before each part.
 *
 * Paper: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (§2.3; sizes in Table 2). As the
 * paper says, projections into the residual stream start smaller by 1/√N, N = 2 · layers. Departures: none;
 * `reorder_and_upcast_attn` changes nothing here, as everything is computed in float32.
 * Shapes: B batch, T tokens, P tokens in the cache, D nEmbd, H heads, K = D/H, V vocabulary, S selected positions.
 */
import {
  boolean,
  type ConfigOf,
  defineConfig,
  integer,
  nullable,
  number,
  oneOf,
  oneOrMore,
  probability,
  size,
} from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import {
  add,
  addDimensions,
  at,
  broadcastTo,
  concat,
  constant,
  type Dimension,
  matmul,
  namedDimension,
  Parameter,
  range,
  reshape,
  type SymbolicTensor,
  shapeOf,
  slice,
  split,
} from "../graph/index.ts";
import {
  activation,
  activationNames,
  Conv1DLinear,
  causalMask,
  crossEntropy,
  Dropout,
  Embedding,
  ignoredLabel,
  LayerNorm,
  Module,
  mergeHeads,
  normal,
  scaledDotProductAttention,
  splitHeads,
} from "../nn/index.ts";
import type { Architecture } from "./architecture.ts";
import { CausalLanguageModel } from "./causal-language-model.ts";
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { PreTrainedModel } from "./pretrained-model.ts";
import { perToken, type SelectedPositions, selectionSpecs, selectPositions } from "./selected-positions.ts";

export const gpt2Config = defineConfig("gpt2", {
  vocabSize: size(50257),
  nPositions: size(1024, { otherKeys: ["max_position_embeddings"] }),
  nEmbd: size(768, { otherKeys: ["hidden_size"] }),
  nLayer: size(12, { otherKeys: ["num_hidden_layers"] }),
  nHead: size(12, { otherKeys: ["num_attention_heads"] }),
  /** Width of the feed-forward part; 4 · nEmbd when null. */
  nInner: nullable(size()),
  activationFunction: oneOf(activationNames, "gelu_new"),
  residPdrop: probability(0.1),
  embdPdrop: probability(0.1),
  attnPdrop: probability(0.1),
  layerNormEpsilon: number(1e-5),
  initializerRange: number(0.02),
  /** Whether attention scores are divided by √K. */
  scaleAttnWeights: boolean(true),
  /** Whether they are also divided by the layer's number, counted from 1. */
  scaleAttnByInverseLayerIdx: boolean(false),
  reorderAndUpcastAttn: boolean(false),
  addCrossAttention: boolean(false),
  useCache: boolean(true),
  bosTokenId: nullable(integer(), 50256),
  eosTokenId: nullable(oneOrMore(integer(), 50256), 50256),
  padTokenId: nullable(integer()),
  tieWordEmbeddings: boolean(true),
});
export type GPT2Config = ConfigOf<typeof gpt2Config>;

/** `base` to `xl` are the paper's; the smaller ones have the widths of BERT's. */
export const gpt2Presets = {
  tiny: { nLayer: 2, nEmbd: 128, nHead: 2 },
  mini: { nLayer: 4, nEmbd: 256, nHead: 4 },
  base: {},
  medium: { nLayer: 24, nEmbd: 1024, nHead: 16 },
  large: { nLayer: 36, nEmbd: 1280, nHead: 20 },
  xl: { nLayer: 48, nEmbd: 1600, nHead: 25 },
} as const;

/** What one layer keeps of the tokens that it has seen. */
export interface KeyValue {
  /** [B, H, P, K] */
  readonly key: SymbolicTensor;
  /** [B, H, P, K] */
  readonly value: SymbolicTensor;
}

export interface GPT2Inputs {
  /** [B, T] of int64 */
  readonly inputIds: SymbolicTensor;
  /** [B, P + T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64: looked up in the word embedding and added. */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64; P, P + 1, … when left out, over padding too. */
  readonly positionIds?: SymbolicTensor;
  /** One of each layer, from an earlier call. */
  readonly pastKeyValues?: readonly KeyValue[];
}

/** What a graph can be traced with beside its inputs. */
export interface GPT2TracingOptions {
  /** How many tokens each layer attends to, one's own counted; all earlier ones when left out. */
  readonly attentionWindows?: readonly number[];
}

export interface GPT2Outputs {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
  /** The embeddings' and every layer's output, [B, T, D] each; the last one is normalized, so it is lastHiddenState. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Every layer's probabilities, [B, H, T, P + T] each. */
  readonly attentions: readonly SymbolicTensor[];
  /** Every layer's keys and values, the given ones included: [B, H, P + T, K] each. */
  readonly pastKeyValues: readonly KeyValue[];
}

class GPT2Attention extends Module {
  readonly queryKeyValue: Conv1DLinear;
  readonly output: Conv1DLinear;
  readonly dropout: Dropout;
  readonly #heads: number;
  readonly #scale: number;

  constructor(config: GPT2Config, layerNumber: number) {
    super();
    const { nEmbd, nHead, nLayer, initializerRange } = config;
    this.queryKeyValue = new Conv1DLinear(nEmbd, 3 * nEmbd, normal(initializerRange));
    this.output = new Conv1DLinear(nEmbd, nEmbd, normal(initializerRange / Math.sqrt(2 * nLayer)));
    this.dropout = new Dropout(config.attnPdrop);
    this.#heads = nHead;
    const scale = config.scaleAttnWeights ? 1 / Math.sqrt(nEmbd / nHead) : 1;
    this.#scale = config.scaleAttnByInverseLayerIdx ? scale / layerNumber : scale;
  }

  /** hidden [B, T, D], mask [B or 1, 1, T, P + T] (additive) → output [B, T, D], probabilities and all keys and values. */
  forward(hidden: SymbolicTensor, mask: SymbolicTensor, past: KeyValue | undefined) {
    const width = Number(at(hidden.shape, 2));
    const parts = split(this.queryKeyValue.forward(hidden), { axis: 2, sizes: [width, width, width] });
    const [query, newKey, newValue] = parts.map((part) => splitHeads(part, this.#heads)) as [
      SymbolicTensor,
      SymbolicTensor,
      SymbolicTensor,
    ];
    const key = past === undefined ? newKey : concat(past.key, newKey, { axis: 2 });
    const value = past === undefined ? newValue : concat(past.value, newValue, { axis: 2 });
    const { context, probabilities } = scaledDotProductAttention(query, key, value, {
      mask,
      scale: this.#scale,
      dropout: this.dropout,
    });
    return { output: this.output.forward(mergeHeads(context)), probabilities, keyValue: { key, value } };
  }
}

class GPT2Layer extends Module {
  readonly attentionNorm: LayerNorm;
  readonly attention: GPT2Attention;
  readonly expansionNorm: LayerNorm;
  readonly expansion: Conv1DLinear;
  readonly contraction: Conv1DLinear;
  readonly dropout: Dropout;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: GPT2Config, layerNumber: number) {
    super();
    const { nEmbd, nLayer, initializerRange, layerNormEpsilon } = config;
    const inner = config.nInner ?? 4 * nEmbd;
    this.attentionNorm = new LayerNorm(nEmbd, layerNormEpsilon);
    this.attention = new GPT2Attention(config, layerNumber);
    this.expansionNorm = new LayerNorm(nEmbd, layerNormEpsilon);
    this.expansion = new Conv1DLinear(nEmbd, inner, normal(initializerRange));
    this.contraction = new Conv1DLinear(inner, nEmbd, normal(initializerRange / Math.sqrt(2 * nLayer)));
    this.dropout = new Dropout(config.residPdrop);
    this.#activation = activation(config.activationFunction);
  }

  /** hidden [B, T, D] → the next hidden [B, T, D], and what the attention gave beside its output. */
  forward(hidden: SymbolicTensor, mask: SymbolicTensor, past: KeyValue | undefined) {
    const attended = this.attention.forward(this.attentionNorm.forward(hidden), mask, past);
    const middle = add(hidden, this.dropout.forward(attended.output));
    const expanded = this.#activation(this.expansion.forward(this.expansionNorm.forward(middle)));
    const output = add(middle, this.dropout.forward(this.contraction.forward(expanded)));
    return { output, probabilities: attended.probabilities, keyValue: attended.keyValue };
  }
}

/** The decoder without a head. */
export class GPT2Model extends PreTrainedModel<GPT2Config, GPT2Inputs, GPT2Outputs> {
  static readonly configuration = gpt2Config;
  readonly words: Embedding;
  readonly positions: Embedding;
  readonly dropout: Dropout;
  readonly layers: readonly GPT2Layer[];
  readonly norm: LayerNorm;

  constructor(config: GPT2Config) {
    super(config);
    checkConfig(config);
    const initializer = normal(config.initializerRange);
    this.words = new Embedding(config.vocabSize, config.nEmbd, { initializer });
    this.positions = new Embedding(config.nPositions, config.nEmbd, { initializer });
    this.dropout = new Dropout(config.embdPdrop);
    this.layers = Array.from({ length: config.nLayer }, (_, index) => new GPT2Layer(config, index + 1));
    this.norm = new LayerNorm(config.nEmbd, config.layerNormEpsilon);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return gpt2InputSpecs(this.config, given);
  }

  override get keys(): KeyTable {
    return decoderKeys;
  }

  override forward(inputs: GPT2Inputs & GPT2TracingOptions): GPT2Outputs {
    const { attentionMask, pastKeyValues = [] } = inputs;
    const length = at(inputs.inputIds.shape, 1);
    const past = pastKeyValues[0] === undefined ? 0 : at(pastKeyValues[0].key.shape, 2);
    const maskOf = remember((window: number | undefined) => causalMask(past, length, { attentionMask, window }));
    const hiddenStates = [this.#embed(inputs, past)];
    const attentions: SymbolicTensor[] = [];
    const keyValues: KeyValue[] = [];
    for (const [index, layer] of this.layers.entries()) {
      const mask = maskOf(inputs.attentionWindows?.[index]);
      const { output, probabilities, keyValue } = layer.forward(at(hiddenStates, index), mask, pastKeyValues[index]);
      hiddenStates.push(output);
      attentions.push(probabilities);
      keyValues.push(keyValue);
    }
    const lastHiddenState = this.norm.forward(hiddenStates.pop() as SymbolicTensor);
    hiddenStates.push(lastHiddenState);
    return { lastHiddenState, hiddenStates, attentions, pastKeyValues: keyValues };
  }

  /** → [B, T, D]. */
  #embed({ inputIds, tokenTypeIds, positionIds }: GPT2Inputs, past: Dimension): SymbolicTensor {
    const length = at(inputIds.shape, 1);
    const positions = positionIds ?? reshape(range({ start: past, length }), { shape: [1, length] });
    const sum = add(this.words.forward(inputIds), this.positions.forward(positions));
    return this.dropout.forward(tokenTypeIds === undefined ? sum : add(sum, this.words.forward(tokenTypeIds)));
  }
}

/** Makes each value once. */
function remember<K, V>(make: (key: K) => V): (key: K) => V {
  const made = new Map<K, V>();
  return (key) => {
    const value = made.get(key) ?? make(key);
    made.set(key, value);
    return value;
  };
}

function checkConfig({ nEmbd, nHead, addCrossAttention }: GPT2Config): void {
  if (nEmbd % nHead !== 0) {
    throw new ConfigurationError(`${nHead} heads do not share ${nEmbd} features evenly`, {
      field: "n_head",
      expected: `a divisor of n_embd ${nEmbd}`,
      received: String(nHead),
    });
  }
  if (addCrossAttention) {
    throw new ConfigurationError("GPT-2 with cross-attention is not supported", {
      field: "add_cross_attention",
      expected: "false",
      received: "true",
    });
  }
}

export interface GPT2LMHeadInputs extends GPT2Inputs, SelectedPositions {
  /** [B, T] of int64: the tokens themselves, which are shifted here; −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
  /** What follows each token, where it is known already: [B, T], or [S] with positions. Instead of labels. */
  readonly nextTokenIds?: SymbolicTensor;
}

export interface GPT2LMHeadOutputs extends Pick<GPT2Outputs, "hiddenStates" | "attentions" | "pastKeyValues"> {
  /** [] */
  readonly loss?: SymbolicTensor;
  /** [B, T, V], or [S, V] with positions: at each token those of the next. */
  readonly logits: SymbolicTensor;
}

export class GPT2LMHeadModel extends CausalLanguageModel<GPT2Config, GPT2LMHeadInputs, GPT2LMHeadOutputs> {
  static readonly configuration = gpt2Config;
  readonly transformer: GPT2Model;
  /** [V, D] */
  readonly head: Parameter;

  constructor(config: GPT2Config) {
    super(config);
    this.transformer = new GPT2Model(config);
    this.head = config.tieWordEmbeddings
      ? this.transformer.words.weight
      : new Parameter([config.vocabSize, config.nEmbd], normal(config.initializerRange));
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const { vocabSize } = this.config;
    const selection = selectionSpecs(given, "nextTokenIds", vocabSize);
    const labels = { ...perToken, below: vocabSize, ignored: ignoredLabel };
    return { ...gpt2InputSpecs(this.config, given), ...selection, labels };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override get maximumLength(): number {
    return this.config.nPositions;
  }

  override forward(inputs: GPT2LMHeadInputs & GPT2TracingOptions): GPT2LMHeadOutputs {
    const { labels, nextTokenIds, positions, ...rest } = inputs;
    const { lastHiddenState, hiddenStates, attentions, pastKeyValues } = this.transformer.forward(rest);
    const hidden = selectPositions(lastHiddenState, positions);
    const logits = matmul(hidden, this.head, { transposeRight: true });
    const outputs = { logits, hiddenStates, attentions, pastKeyValues };
    const next = nextTokenIds ?? (labels && selectPositions(shiftLeft(labels), positions));
    return next === undefined ? outputs : { ...outputs, loss: crossEntropy(logits, next) };
  }
}

/** labels [B, T] → what follows each token, [B, T]; nothing that counts follows the last. */
function shiftLeft(labels: SymbolicTensor): SymbolicTensor {
  const [batch, length] = [at(labels.shape, 0), at(labels.shape, 1)];
  const end = broadcastTo(constant("int64", [1, 1], [ignoredLabel]), { shape: [batch, 1] });
  return concat(slice(labels, { axis: 1, start: 1, length: addDimensions(length, 1, -1) }), end, { axis: 1 });
}

function gpt2InputSpecs(config: GPT2Config, given: ReadonlySet<string>): InputSpecs {
  const { vocabSize, nPositions, nEmbd, nHead, nLayer } = config;
  const hasPast = [...given].some((name) => name.startsWith("pastKeyValues."));
  const shape = shapeOf("B", nHead, "P", nEmbd / nHead);
  const cache = { type: "float32", shape, required: hasPast } as const;
  const layers = Array.from({ length: nLayer }, (_, layer) => `pastKeyValues.${layer}`);
  const pastKeyValues = layers.flatMap((layer) => [
    [`${layer}.key`, cache] as const,
    [`${layer}.value`, cache] as const,
  ]);
  const keys = hasPast ? addDimensions(namedDimension("P"), namedDimension("T")) : "T";
  const longest = hasPast || given.has("positionIds") ? undefined : nPositions;
  return {
    inputIds: { ...perToken, required: true, below: vocabSize, longest },
    attentionMask: { type: "int64", shape: shapeOf("B", keys) },
    tokenTypeIds: { ...perToken, below: vocabSize },
    positionIds: { ...perToken, below: nPositions, repeatsRow: true },
    ...Object.fromEntries(pastKeyValues),
  };
}

const decoderKeys: KeyTable = {
  prefix: "transformer",
  names: {
    words: "wte",
    positions: "wpe",
    "layers.*.attentionNorm": "h.*.ln_1",
    "layers.*.attention.queryKeyValue": "h.*.attn.c_attn",
    "layers.*.attention.output": "h.*.attn.c_proj",
    "layers.*.expansionNorm": "h.*.ln_2",
    "layers.*.expansion": "h.*.mlp.c_fc",
    "layers.*.contraction": "h.*.mlp.c_proj",
    norm: "ln_f",
  },
  ignored: ["h.*.attn.bias", "h.*.attn.masked_bias"],
};

const headKeys = withHead(decoderKeys, { head: "lm_head.weight" });

export const gpt2: Architecture = {
  configuration: gpt2Config,
  presets: gpt2Presets,
  pretraining: {
    objective: "causal-language-modeling",
    tokenizerKind: "bpe",
    settings: ({ vocabSize, maximumLength, eosTokenId, dropout }) => ({
      vocabSize,
      nPositions: maximumLength,
      ...(eosTokenId === undefined ? {} : { bosTokenId: eosTokenId, eosTokenId }),
      ...(dropout === undefined ? {} : { residPdrop: dropout, embdPdrop: dropout, attnPdrop: dropout }),
    }),
  },
  sizes: (config: GPT2Config) => ({
    layers: config.nLayer,
    width: config.nEmbd,
    heads: config.nHead,
    maximumLength: config.nPositions,
  }),
  classes: { GPT2Model, GPT2LMHeadModel },
  tasks: { base: GPT2Model, preTraining: GPT2LMHeadModel, causalLM: GPT2LMHeadModel },
};

/**
 * GPT-2: a left-to-right Transformer decoder with LayerNorm before each part.
 *
 * Paper: Radford et al. 2019, "Language Models are Unsupervised Multitask Learners" (§2.3; sizes in Table 2). As the
 * paper says, projections into the residual stream start smaller by 1/√N, N = 2 · layers. Departures: none;
 * `reorder_and_upcast_attn` changes nothing here, as everything is computed in float32.
 * With `addCrossAttention` each layer attends to an encoder's output as well: Rothe et al. 2020,
 * https://arxiv.org/abs/1907.12461.
 * Shapes: B batch, T tokens, P tokens in the cache, E tokens of an encoder, D nEmbd, H heads, K = D/H, V vocabulary,
 * S selected positions, C classes or choices.
 */
import {
  boolean,
  type ConfigOf,
  defineConfig,
  integer,
  layerCount,
  nullable,
  number,
  oneOf,
  oneOrMore,
  probability,
  size,
} from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import { add, at, concat, matmul, Parameter, range, reshape, type SymbolicTensor, split } from "../graph/index.ts";
import {
  activation,
  activationNames,
  Conv1DLinear,
  crossEntropy,
  Dropout,
  Embedding,
  type KeyValue,
  LayerNorm,
  Linear,
  Module,
  mergeHeads,
  normal,
  paddingMask,
  scaledDotProductAttention,
  splitHeads,
} from "../nn/index.ts";
import { type SpanLabels, type SpanOutputs, spanLabelSpecs, spanOutputs } from "./answer-spans.ts";
import type { Architecture } from "./architecture.ts";
import { CausalLanguageModel } from "./causal-language-model.ts";
import { causalMasks, type DecoderTracingOptions } from "./causal-masks.ts";
import { flattenChoices } from "./choices.ts";
import { type RowLabels, rowLabelSpec, rowLoss, type TokenLabels, tokenLabelSpec } from "./class-labels.ts";
import {
  type DoubleHeadsLabels,
  type DoubleHeadsOutputs,
  doubleHeadsOutputs,
  doubleHeadsSpecs,
} from "./double-heads.ts";
import { type HeadOutputs, headOutputs, type InnerStates, innerStates } from "./head-outputs.ts";
import {
  type IntentLabels,
  type IntentOutputs,
  intentHead,
  intentKeys,
  intentSpecs,
  withIntents,
} from "./intent-head.ts";
import {
  cachedLength,
  cachedSource,
  cacheSpecs,
  isGivenPast,
  type LayerCache,
  layerCache,
  type SourceInputs,
  sourceSpecs,
} from "./key-value-cache.ts";
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { type NextTokenLabels, nextTokenSpecs, withNextTokenLoss } from "./next-tokens.ts";
import { PreTrainedModel } from "./pretrained-model.ts";
import { perToken, selectPositions } from "./selected-positions.ts";
import { lastToken, lastTokenSpecs, SequenceSummary, summaryTypes } from "./sequence-summary.ts";
import { embedTokens, type TokenInputs, tokenShape, tokenSpecs } from "./token-inputs.ts";

export const gpt2Config = defineConfig("gpt2", {
  vocabSize: size(50257),
  nPositions: size(1024, { otherKeys: ["max_position_embeddings"] }),
  nEmbd: size(768, { otherKeys: ["hidden_size"] }),
  nLayer: layerCount(12, { otherKeys: ["num_hidden_layers"] }),
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
  /** Whether the layers attend to an encoder's output as well. */
  addCrossAttention: boolean(false),
  /** How the head for choices sums up a row, with a projection unless `summaryUseProj` is false. */
  summaryType: oneOf(summaryTypes, "cls_index"),
  summaryUseProj: boolean(true),
  summaryActivation: nullable(oneOf(activationNames, "tanh")),
  summaryProjToLabels: boolean(true),
  summaryFirstDropout: probability(0.1),
  /** Dropout before the head for tokens. */
  classifierDropout: nullable(probability(), null, { omitDefault: true }),
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

export interface GPT2Inputs extends SourceInputs, TokenInputs {
  /** [B, P + T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64: looked up in the word embedding and added. */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64; P, P + 1, … when left out, over padding too. */
  readonly positionIds?: SymbolicTensor;
  /** One of each layer, from an earlier call. */
  readonly pastKeyValues?: readonly LayerCache[];
}

export interface GPT2Outputs extends InnerStates {
  /** [B, T, D]: the last of the hidden states, which alone is normalized. */
  readonly lastHiddenState: SymbolicTensor;
  /** Every layer's probabilities over an encoder's tokens, [B, H, T, E] each, when there is one. */
  readonly crossAttentions: readonly SymbolicTensor[];
  /** Every layer's keys and values, the given ones included: [B, H, P + T, K] each. */
  readonly pastKeyValues: readonly LayerCache[];
}

/** What a layer attends to. */
interface AttentionInputs {
  /** [B or 1, 1, T or 1, keys] (additive) */
  readonly mask: SymbolicTensor | undefined;
  /** Keys and values that stand before those of the hidden states. */
  readonly past?: KeyValue | undefined;
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
    this.#scale = attentionScale(config, layerNumber);
  }

  /** hidden [B, T, D] → output [B, T, D], probabilities and all keys and values. */
  forward(hidden: SymbolicTensor, { mask, past }: AttentionInputs) {
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

/** What attention scores are multiplied by. */
function attentionScale(config: GPT2Config, layerNumber: number): number {
  const scale = config.scaleAttnWeights ? 1 / Math.sqrt(config.nEmbd / config.nHead) : 1;
  return config.scaleAttnByInverseLayerIdx ? scale / layerNumber : scale;
}

/** Attention to an encoder's output. */
class GPT2CrossAttention extends Module {
  readonly keyValue: Conv1DLinear;
  readonly query: Conv1DLinear;
  readonly output: Conv1DLinear;
  readonly dropout: Dropout;
  readonly #heads: number;
  readonly #scale: number;

  constructor(config: GPT2Config, layerNumber: number) {
    super();
    const { nEmbd, nHead, nLayer, initializerRange } = config;
    this.keyValue = new Conv1DLinear(nEmbd, 2 * nEmbd, normal(initializerRange));
    this.query = new Conv1DLinear(nEmbd, nEmbd, normal(initializerRange));
    this.output = new Conv1DLinear(nEmbd, nEmbd, normal(initializerRange / Math.sqrt(2 * nLayer)));
    this.dropout = new Dropout(config.attnPdrop);
    this.#heads = nHead;
    this.#scale = attentionScale(config, layerNumber);
  }

  /** hidden [B, T, D], source [B, E, D] or its keys and values → output [B, T, D], probabilities, keys and values. */
  forward(hidden: SymbolicTensor, source: SymbolicTensor, mask: SymbolicTensor | undefined, known?: KeyValue) {
    const query = splitHeads(this.query.forward(hidden), this.#heads);
    const keyValue = known ?? this.#keysAndValues(source);
    const options = { mask, scale: this.#scale, dropout: this.dropout };
    const { context, probabilities } = scaledDotProductAttention(query, keyValue.key, keyValue.value, options);
    return { output: this.output.forward(mergeHeads(context)), probabilities, keyValue };
  }

  #keysAndValues(source: SymbolicTensor): KeyValue {
    const width = Number(at(source.shape, 2));
    const [key, value] = split(this.keyValue.forward(source), { axis: 2, sizes: [width, width] }).map((part) =>
      splitHeads(part, this.#heads),
    ) as [SymbolicTensor, SymbolicTensor];
    return { key, value };
  }
}

class GPT2Layer extends Module {
  readonly attentionNorm: LayerNorm;
  readonly attention: GPT2Attention;
  readonly crossAttentionNorm: LayerNorm | undefined;
  readonly crossAttention: GPT2CrossAttention | undefined;
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
    this.crossAttentionNorm = config.addCrossAttention ? new LayerNorm(nEmbd, layerNormEpsilon) : undefined;
    this.crossAttention = config.addCrossAttention ? new GPT2CrossAttention(config, layerNumber) : undefined;
    this.expansionNorm = new LayerNorm(nEmbd, layerNormEpsilon);
    this.expansion = new Conv1DLinear(nEmbd, inner, normal(initializerRange));
    this.contraction = new Conv1DLinear(inner, nEmbd, normal(initializerRange / Math.sqrt(2 * nLayer)));
    this.dropout = new Dropout(config.residPdrop);
    this.#activation = activation(config.activationFunction);
  }

  /** hidden [B, T, D] → the next hidden [B, T, D], both attentions' probabilities, and what the layer keeps. */
  forward(hidden: SymbolicTensor, { source, sourceMask, ...inputs }: LayerInputs) {
    const own = this.attention.forward(this.attentionNorm.forward(hidden), inputs);
    const attended = add(hidden, this.dropout.forward(own.output));
    const cross =
      source &&
      this.crossAttentionNorm &&
      this.crossAttention?.forward(
        this.crossAttentionNorm.forward(attended),
        source,
        sourceMask,
        cachedSource(inputs.past),
      );
    const middle = cross ? add(attended, this.dropout.forward(cross.output)) : attended;
    const expanded = this.#activation(this.expansion.forward(this.expansionNorm.forward(middle)));
    const output = add(middle, this.dropout.forward(this.contraction.forward(expanded)));
    return {
      output,
      probabilities: own.probabilities,
      crossProbabilities: cross?.probabilities,
      cache: layerCache(own.keyValue, cross?.keyValue),
    };
  }
}

/** What a layer reads beside the hidden states. */
interface LayerInputs extends AttentionInputs {
  readonly past: LayerCache | undefined;
  /** [B, E, D] */
  readonly source: SymbolicTensor | undefined;
  readonly sourceMask: SymbolicTensor | undefined;
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

  override forward(inputs: GPT2Inputs & DecoderTracingOptions): GPT2Outputs {
    const { pastKeyValues, encoderHiddenStates: source, encoderAttentionMask } = inputs;
    const maskOf = causalMasks(inputs, this.config.attentionWindows);
    const sourceMask = encoderAttentionMask && paddingMask(encoderAttentionMask);
    const hiddenStates = [this.#embed(inputs)];
    const attentions: SymbolicTensor[] = [];
    const crossAttentions: SymbolicTensor[] = [];
    const caches: LayerCache[] = [];
    for (const [index, layer] of this.layers.entries()) {
      const rest = { mask: maskOf(index), past: pastKeyValues?.[index], source, sourceMask };
      const { output, probabilities, crossProbabilities, cache } = layer.forward(at(hiddenStates, index), rest);
      hiddenStates.push(output);
      attentions.push(probabilities);
      if (crossProbabilities !== undefined) crossAttentions.push(crossProbabilities);
      caches.push(cache);
    }
    const lastHiddenState = this.norm.forward(hiddenStates.pop() as SymbolicTensor);
    hiddenStates.push(lastHiddenState);
    return { lastHiddenState, hiddenStates, attentions, crossAttentions, pastKeyValues: caches };
  }

  /** → [B, T, D]. */
  #embed({ tokenTypeIds, positionIds, pastKeyValues, ...tokens }: GPT2Inputs): SymbolicTensor {
    const [start, length] = [cachedLength(pastKeyValues), at(tokenShape(tokens), 1)];
    const positions = positionIds ?? reshape(range({ start, length }), { shape: [1, length] });
    const sum = add(embedTokens(this.words, tokens), this.positions.forward(positions));
    return this.dropout.forward(tokenTypeIds === undefined ? sum : add(sum, this.words.forward(tokenTypeIds)));
  }
}

function checkConfig({ nEmbd, nHead }: GPT2Config): void {
  if (nEmbd % nHead === 0) return;
  throw new ConfigurationError(`${nHead} heads do not share ${nEmbd} features evenly`, {
    field: "n_head",
    expected: `a divisor of n_embd ${nEmbd}`,
    received: String(nHead),
  });
}

/** [V, D]: what tells tokens from hidden states; the word embedding itself when tied. */
function vocabularyHead({ tieWordEmbeddings, vocabSize, nEmbd, initializerRange }: GPT2Config, words: Parameter) {
  return tieWordEmbeddings ? words : new Parameter([vocabSize, nEmbd], normal(initializerRange));
}

export interface GPT2LMHeadInputs extends GPT2Inputs, NextTokenLabels {}

export interface GPT2LMHeadOutputs extends Omit<GPT2Outputs, "lastHiddenState"> {
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
    this.head = vocabularyHead(config, this.transformer.words.weight);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...gpt2InputSpecs(this.config, given), ...nextTokenSpecs(given, this.config.vocabSize) };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override get maximumLength(): number {
    return this.config.nPositions;
  }

  override forward(inputs: GPT2LMHeadInputs & DecoderTracingOptions): GPT2LMHeadOutputs {
    const { labels: _labels, nextTokenIds: _nextTokenIds, positions, ...rest } = inputs;
    const { lastHiddenState, ...states } = this.transformer.forward(rest);
    const logits = matmul(selectPositions(lastHiddenState, positions), this.head, { transposeRight: true });
    return withNextTokenLoss({ logits, ...states }, inputs);
  }
}

/** A decoder, and what reads its output. */
abstract class GPT2WithHead<Inputs extends object, Outputs extends object> extends PreTrainedModel<
  GPT2Config,
  Inputs,
  Outputs
> {
  static readonly configuration = gpt2Config;
  readonly transformer: GPT2Model;

  constructor(config: GPT2Config) {
    super(config);
    this.transformer = new GPT2Model(config);
  }

  override get keys(): KeyTable {
    return headKeys;
  }
}

type GPT2DoubleHeadsInputs = GPT2Inputs & DoubleHeadsLabels;

/** The language model, and a choice among texts: inputs [B, C, T]. */
export class GPT2DoubleHeadsModel extends GPT2WithHead<
  GPT2DoubleHeadsInputs,
  DoubleHeadsOutputs & Pick<GPT2Outputs, "pastKeyValues">
> {
  /** [V, D] */
  readonly head: Parameter;
  readonly choice: SequenceSummary;

  constructor(config: GPT2Config) {
    super(config);
    this.head = vocabularyHead(config, this.transformer.words.weight);
    this.choice = new SequenceSummary(config, config.nEmbd, 1);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return doubleHeadsSpecs(gpt2InputSpecs(this.config, given), this.config.vocabSize);
  }

  override forward(inputs: GPT2DoubleHeadsInputs) {
    const { labels: _labels, mcTokenIds: _mcTokenIds, mcLabels: _mcLabels, ...rest } = inputs;
    const decoded = this.transformer.forward(flattenChoices(rest));
    return doubleHeadsOutputs(decoded, { words: this.head, summary: this.choice }, inputs);
  }
}

/** The last token that is no padding through a linear layer: logits [B, C]. */
export class GPT2ForSequenceClassification extends GPT2WithHead<
  GPT2Inputs & RowLabels,
  HeadOutputs & Pick<GPT2Outputs, "pastKeyValues">
> {
  readonly score: Linear;

  constructor(config: GPT2Config) {
    super(config);
    const initializer = normal(config.initializerRange);
    this.score = new Linear(config.nEmbd, config.numLabels, { bias: false, initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const specs = { ...gpt2InputSpecs(this.config, given), labels: rowLabelSpec(this.config) };
    return lastTokenSpecs(specs, this.config.padTokenId);
  }

  override forward({ labels, ...inputs }: GPT2Inputs & RowLabels) {
    const decoded = this.transformer.forward(inputs);
    const logits = this.score.forward(lastToken(decoded.lastHiddenState, inputs, this.config.padTokenId));
    const outputs = { logits, ...innerStates(decoded), pastKeyValues: decoded.pastKeyValues };
    return labels === undefined ? outputs : { ...outputs, loss: rowLoss(logits, labels, this.config) };
  }
}

/** Every token through a linear layer: logits [B, T, C]. */
export class GPT2ForTokenClassification extends GPT2WithHead<GPT2Inputs & TokenLabels & IntentLabels, IntentOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;
  readonly intents: Linear | undefined;

  constructor(config: GPT2Config) {
    super(config);
    this.dropout = new Dropout(config.classifierDropout ?? 0.1);
    this.classifier = new Linear(config.nEmbd, config.numLabels, { initializer: normal(config.initializerRange) });
    this.intents = intentHead(config, config.nEmbd);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...gpt2InputSpecs(this.config, given), labels: tokenLabelSpec(this.config), ...intentSpecs(this.config) };
  }

  override forward({ labels, intentLabels, ...inputs }: GPT2Inputs & TokenLabels & IntentLabels): IntentOutputs {
    const decoded = this.transformer.forward(inputs);
    const hidden = this.dropout.forward(decoded.lastHiddenState);
    const logits = this.classifier.forward(hidden);
    const outputs = headOutputs(logits, decoded, labels && crossEntropy(logits, labels));
    return withIntents(outputs, this.intents, () => lastToken(hidden, inputs, this.config.padTokenId), intentLabels);
  }
}

/** Every token through a linear layer with two results: whether an answer begins there, and whether it ends there. */
export class GPT2ForQuestionAnswering extends GPT2WithHead<GPT2Inputs & SpanLabels, SpanOutputs> {
  readonly answers: Linear;

  constructor(config: GPT2Config) {
    super(config);
    this.answers = new Linear(config.nEmbd, 2, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...gpt2InputSpecs(this.config, given), ...spanLabelSpecs };
  }

  override forward({ startPositions, endPositions, ...inputs }: GPT2Inputs & SpanLabels): SpanOutputs {
    const decoded = this.transformer.forward(inputs);
    const logits = this.answers.forward(decoded.lastHiddenState);
    return spanOutputs(logits, { startPositions, endPositions }, innerStates(decoded));
  }
}

function gpt2InputSpecs(config: GPT2Config, given: ReadonlySet<string>): InputSpecs {
  const { vocabSize, nPositions, nEmbd, nHead, nLayer, addCrossAttention } = config;
  const cache = { layers: nLayer, heads: nHead, width: nEmbd, crossAttention: addCrossAttention };
  const longest = isGivenPast(given) || given.has("positionIds") ? undefined : nPositions;
  return {
    ...tokenSpecs(given, { vocabSize, width: nEmbd, longest }),
    tokenTypeIds: { ...perToken, below: vocabSize },
    positionIds: { ...perToken, below: nPositions, repeatsRow: true },
    ...cacheSpecs(given, cache),
    ...(addCrossAttention ? sourceSpecs(nEmbd) : {}),
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
    "layers.*.crossAttentionNorm": "h.*.ln_cross_attn",
    "layers.*.crossAttention.keyValue": "h.*.crossattention.c_attn",
    "layers.*.crossAttention.query": "h.*.crossattention.q_attn",
    "layers.*.crossAttention.output": "h.*.crossattention.c_proj",
    "layers.*.expansionNorm": "h.*.ln_2",
    "layers.*.expansion": "h.*.mlp.c_fc",
    "layers.*.contraction": "h.*.mlp.c_proj",
    norm: "ln_f",
  },
  ignored: ["h.*.attn.bias", "h.*.attn.masked_bias", "h.*.crossattention.bias", "h.*.crossattention.masked_bias"],
};

const headKeys = withHead(decoderKeys, {
  head: "lm_head.weight",
  "choice.projection": "multiple_choice_head.summary",
  answers: "qa_outputs",
  ...intentKeys,
});

export const gpt2: Architecture = {
  configuration: gpt2Config,
  presets: gpt2Presets,
  wordEmbeddings: "wte.weight",
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
  classes: {
    GPT2Model,
    GPT2LMHeadModel,
    GPT2DoubleHeadsModel,
    GPT2ForSequenceClassification,
    GPT2ForTokenClassification,
    GPT2ForQuestionAnswering,
  },
  tasks: {
    base: GPT2Model,
    preTraining: GPT2LMHeadModel,
    causalLM: GPT2LMHeadModel,
    sequenceClassification: GPT2ForSequenceClassification,
    tokenClassification: GPT2ForTokenClassification,
    questionAnswering: GPT2ForQuestionAnswering,
  },
};

/**
 * BERT: a bidirectional, post-LayerNorm Transformer encoder.
 *
 * Paper: Devlin et al. 2019, https://arxiv.org/abs/1810.04805 (§3; sizes in Appendix A.2). Departures: none; weights
 * are drawn from a normal distribution that is not truncated, as the published PyTorch code does.
 * As a decoder (`isDecoder`) tokens see only earlier ones, and with `addCrossAttention` each layer attends to an encoder's
 * output as well: Rothe et al. 2020, https://arxiv.org/abs/1907.12461.
 * Shapes: B batch, T tokens, P tokens in the cache, E tokens of an encoder, D hiddenSize, H heads, K = D/H, V vocabulary,
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
import {
  add,
  at,
  linear,
  Parameter,
  range,
  reshape,
  type SymbolicTensor,
  shapeOf,
  slice,
  tanh,
} from "../graph/index.ts";
import {
  activation,
  activationNames,
  crossEntropy,
  Dropout,
  Embedding,
  ignoredLabel,
  LayerNorm,
  Linear,
  Module,
  MultiHeadAttention,
  normal,
  paddingMask,
  zeros,
} from "../nn/index.ts";
import { requireTwoLabels, type SpanLabels, type SpanOutputs, spanLabelSpecs, spanOutputs } from "./answer-spans.ts";
import type { Architecture } from "./architecture.ts";
import { CausalLanguageModel } from "./causal-language-model.ts";
import { causalMasks, type DecoderTracingOptions } from "./causal-masks.ts";
import { type ChoiceLabels, choiceLabelSpec, choiceOutputs, flattenChoices, perChoice } from "./choices.ts";
import { type RowLabels, rowLabelSpec, rowLoss, type TokenLabels, tokenLabelSpec } from "./class-labels.ts";
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
import { firstToken, perToken, type SelectedPositions, selectionSpecs, selectPositions } from "./selected-positions.ts";
import { embedTokens, type TokenInputs, tokenShape, tokenSpecs } from "./token-inputs.ts";

export const bertConfig = defineConfig("bert", {
  vocabSize: size(30522),
  hiddenSize: size(768),
  numHiddenLayers: layerCount(12),
  numAttentionHeads: size(12),
  intermediateSize: size(3072),
  hiddenAct: oneOf(activationNames, "gelu"),
  hiddenDropoutProb: probability(0.1),
  attentionProbsDropoutProb: probability(0.1),
  maxPositionEmbeddings: size(512),
  typeVocabSize: size(2),
  initializerRange: number(0.02),
  layerNormEps: number(1e-12),
  /** Dropout before a classification head; hiddenDropoutProb when null. */
  classifierDropout: nullable(probability()),
  useCache: boolean(true),
  padTokenId: nullable(integer(), 0),
  bosTokenId: nullable(integer()),
  eosTokenId: nullable(oneOrMore(integer(), 0)),
  /** Whether tokens see only those before them. */
  isDecoder: boolean(false),
  /** Whether the layers of a decoder attend to an encoder's output as well. */
  addCrossAttention: boolean(false),
  tieWordEmbeddings: boolean(true),
});
export type BertConfig = ConfigOf<typeof bertConfig>;

/** Sizes of the paper and of the small models of Turc et al. 2019, https://arxiv.org/abs/1908.08962. */
export const bertPresets = {
  tiny: { numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 2, intermediateSize: 512 },
  mini: { numHiddenLayers: 4, hiddenSize: 256, numAttentionHeads: 4, intermediateSize: 1024 },
  small: { numHiddenLayers: 4, hiddenSize: 512, numAttentionHeads: 8, intermediateSize: 2048 },
  medium: { numHiddenLayers: 8, hiddenSize: 512, numAttentionHeads: 8, intermediateSize: 2048 },
  base: {},
  large: { numHiddenLayers: 24, hiddenSize: 1024, numAttentionHeads: 16, intermediateSize: 4096 },
} as const;

export interface BertInputs extends SourceInputs, TokenInputs {
  /** [B, P + T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64: the segment; 0 when left out. */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64; P, P + 1, … when left out. */
  readonly positionIds?: SymbolicTensor;
  /** One of each layer, from an earlier call, or of a prefix that was learned. */
  readonly pastKeyValues?: readonly LayerCache[];
}

export interface BertOutputs extends InnerStates {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
  /** [B, D] */
  readonly poolerOutput?: SymbolicTensor;
  /** Every layer's probabilities over an encoder's tokens, [B, H, T, E] each, when there is one. */
  readonly crossAttentions: readonly SymbolicTensor[];
  /** Every layer's keys and values, the given ones included. */
  readonly pastKeyValues: readonly LayerCache[];
}

class BertEmbeddings extends Module {
  readonly words: Embedding;
  readonly positions: Embedding;
  readonly tokenTypes: Embedding;
  readonly norm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: BertConfig) {
    super();
    const initializer = normal(config.initializerRange);
    const paddingIndex = config.padTokenId ?? undefined;
    this.words = new Embedding(config.vocabSize, config.hiddenSize, { initializer, paddingIndex });
    this.positions = new Embedding(config.maxPositionEmbeddings, config.hiddenSize, { initializer });
    this.tokenTypes = new Embedding(config.typeVocabSize, config.hiddenSize, { initializer });
    this.norm = new LayerNorm(config.hiddenSize, config.layerNormEps);
    this.dropout = new Dropout(config.hiddenDropoutProb);
  }

  /** → [B, T, D]. */
  forward({ tokenTypeIds, positionIds, pastKeyValues, ...tokens }: BertInputs): SymbolicTensor {
    const [start, length] = [cachedLength(pastKeyValues), at(tokenShape(tokens), 1)];
    const positions = positionIds ?? reshape(range({ start, length }), { shape: [1, length] });
    const types =
      tokenTypeIds === undefined
        ? slice(this.tokenTypes.weight, { axis: 0, start: 0, length: 1 })
        : this.tokenTypes.forward(tokenTypeIds);
    const sum = add(add(embedTokens(this.words, tokens), types), this.positions.forward(positions));
    return this.dropout.forward(this.norm.forward(sum));
  }
}

/** The settings that a layer reads; RoBERTa's layers are these too. */
export type BertLayerConfig = Pick<
  BertConfig,
  | "hiddenSize"
  | "numAttentionHeads"
  | "intermediateSize"
  | "hiddenAct"
  | "hiddenDropoutProb"
  | "attentionProbsDropoutProb"
  | "initializerRange"
  | "layerNormEps"
  | "isDecoder"
  | "addCrossAttention"
  | "attentionWindows"
>;

/** What a layer reads beside the hidden states. */
interface LayerInputs {
  /** Added to the scores of its own tokens. */
  readonly mask: SymbolicTensor | undefined;
  readonly past: LayerCache | undefined;
  /** [B, E, D] */
  readonly source: SymbolicTensor | undefined;
  readonly sourceMask: SymbolicTensor | undefined;
}

export class BertLayer extends Module {
  readonly attention: MultiHeadAttention;
  readonly attentionNorm: LayerNorm;
  readonly crossAttention: MultiHeadAttention | undefined;
  readonly crossAttentionNorm: LayerNorm | undefined;
  readonly intermediate: Linear;
  readonly output: Linear;
  readonly outputNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: BertLayerConfig) {
    super();
    const { hiddenSize, intermediateSize, layerNormEps, addCrossAttention } = config;
    const initializer = normal(config.initializerRange);
    const attention = { heads: config.numAttentionHeads, dropout: config.attentionProbsDropoutProb, initializer };
    this.attention = new MultiHeadAttention(hiddenSize, attention);
    this.attentionNorm = new LayerNorm(hiddenSize, layerNormEps);
    this.crossAttention = addCrossAttention ? new MultiHeadAttention(hiddenSize, attention) : undefined;
    this.crossAttentionNorm = addCrossAttention ? new LayerNorm(hiddenSize, layerNormEps) : undefined;
    this.intermediate = new Linear(hiddenSize, intermediateSize, { initializer });
    this.output = new Linear(intermediateSize, hiddenSize, { initializer });
    this.outputNorm = new LayerNorm(hiddenSize, layerNormEps);
    this.dropout = new Dropout(config.hiddenDropoutProb);
    this.#activation = activation(config.hiddenAct);
  }

  /** hidden [B, T, D] → the next hidden [B, T, D], both attentions' probabilities, and what the layer keeps. */
  forward(hidden: SymbolicTensor, { mask, past, source, sourceMask }: LayerInputs) {
    const own = this.attention.forward(hidden, { mask, past });
    const attended = this.attentionNorm.forward(add(hidden, this.dropout.forward(own.output)));
    const cross =
      source && this.crossAttention?.forward(attended, { mask: sourceMask, source, known: cachedSource(past) });
    const normed =
      cross && this.crossAttentionNorm
        ? this.crossAttentionNorm.forward(add(attended, this.dropout.forward(cross.output)))
        : attended;
    const expanded = this.output.forward(this.#activation(this.intermediate.forward(normed)));
    const output = this.outputNorm.forward(add(normed, this.dropout.forward(expanded)));
    return {
      output,
      probabilities: own.probabilities,
      crossProbabilities: cross?.probabilities,
      cache: layerCache(own.keyValue, cross?.keyValue),
    };
  }
}

/** Sends embedded tokens [B, T, D] through the layers. */
export function runBertLayers(
  layers: readonly BertLayer[],
  embedded: SymbolicTensor,
  inputs: BertInputs & DecoderTracingOptions,
  { isDecoder, attentionWindows }: BertLayerConfig,
): Omit<BertOutputs, "poolerOutput"> {
  const { attentionMask, pastKeyValues, encoderHiddenStates: source, encoderAttentionMask } = inputs;
  const padding = attentionMask === undefined || isDecoder ? undefined : paddingMask(attentionMask);
  const maskOf = isDecoder ? causalMasks(inputs, attentionWindows) : () => padding;
  const sourceMask = encoderAttentionMask && paddingMask(encoderAttentionMask);
  const hiddenStates = [embedded];
  const attentions: SymbolicTensor[] = [];
  const crossAttentions: SymbolicTensor[] = [];
  const caches: LayerCache[] = [];
  for (const [index, layer] of layers.entries()) {
    const rest = { mask: maskOf(index), past: pastKeyValues?.[index], source, sourceMask };
    const { output, probabilities, crossProbabilities, cache } = layer.forward(at(hiddenStates, index), rest);
    hiddenStates.push(output);
    attentions.push(probabilities);
    if (crossProbabilities !== undefined) crossAttentions.push(crossProbabilities);
    caches.push(cache);
  }
  const lastHiddenState = at(hiddenStates, layers.length);
  return { lastHiddenState, hiddenStates, attentions, crossAttentions, pastKeyValues: caches };
}

/** The encoder without a head; with the pooler unless `pooler` is false. */
export class BertModel extends PreTrainedModel<BertConfig, BertInputs, BertOutputs> {
  static readonly configuration = bertConfig;
  readonly embeddings: BertEmbeddings;
  readonly layers: readonly BertLayer[];
  readonly pooler: Linear | undefined;

  constructor(config: BertConfig, options: { pooler?: boolean } = {}) {
    super(config);
    checkBertConfig(config);
    const { hiddenSize, initializerRange } = config;
    this.embeddings = new BertEmbeddings(config);
    this.layers = Array.from({ length: config.numHiddenLayers }, () => new BertLayer(config));
    this.pooler =
      options.pooler === false
        ? undefined
        : new Linear(hiddenSize, hiddenSize, { initializer: normal(initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return bertInputSpecs(this.config, given);
  }

  override get keys(): KeyTable {
    return encoderKeys;
  }

  override forward(inputs: BertInputs & DecoderTracingOptions): BertOutputs {
    const outputs = runBertLayers(this.layers, this.embeddings.forward(inputs), inputs, this.config);
    if (this.pooler === undefined) return outputs;
    return { ...outputs, poolerOutput: tanh(this.pooler.forward(firstToken(outputs.lastHiddenState))) };
  }
}

/** Throws a ConfigurationError for what BERT, RoBERTa and their like cannot be. */
export function checkBertConfig(config: BertLayerConfig & Pick<BertConfig, "extra">): void {
  const { hiddenSize, numAttentionHeads, isDecoder, addCrossAttention } = config;
  if (hiddenSize % numAttentionHeads !== 0) {
    throw new ConfigurationError(`${numAttentionHeads} heads do not share ${hiddenSize} features evenly`, {
      field: "num_attention_heads",
      expected: `a divisor of hidden_size ${hiddenSize}`,
      received: String(numAttentionHeads),
    });
  }
  if (addCrossAttention && !isDecoder) {
    throw new ConfigurationError("Only a decoder attends to an encoder's output.", {
      field: "add_cross_attention",
      expected: "false, or is_decoder true as well",
      received: "true",
    });
  }
  if ((config.extra.position_embedding_type ?? '"absolute"') !== '"absolute"') {
    throw new ConfigurationError("Positions that are not absolute are not supported.", {
      field: "position_embedding_type",
      expected: "absolute",
      received: config.extra.position_embedding_type,
    });
  }
}

/** The vocabulary head: dense, activation, LayerNorm, then the (tied) word embeddings with a bias of their own. */
export class BertPredictions extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  /** [V, D] */
  readonly decoder: Parameter;
  /** [V]; stored but unused when the decoder is not tied, as in the reference. */
  readonly bias: Parameter;
  /** [V] */
  readonly decoderBias: Parameter;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: BertLayerConfig & Pick<BertConfig, "vocabSize" | "tieWordEmbeddings">, words: Parameter) {
    super();
    const initializer = normal(config.initializerRange);
    this.dense = new Linear(config.hiddenSize, config.hiddenSize, { initializer });
    this.norm = new LayerNorm(config.hiddenSize, config.layerNormEps);
    this.decoder = config.tieWordEmbeddings ? words : new Parameter([config.vocabSize, config.hiddenSize], initializer);
    this.bias = new Parameter([config.vocabSize], zeros);
    this.decoderBias = config.tieWordEmbeddings ? this.bias : new Parameter([config.vocabSize], zeros);
    this.#activation = activation(config.hiddenAct);
  }

  /** hidden [..., D] → logits [..., V]. */
  forward(hidden: SymbolicTensor): SymbolicTensor {
    const transformed = this.norm.forward(this.#activation(this.dense.forward(hidden)));
    return linear(transformed, this.decoder, this.decoderBias, { transposeWeight: true });
  }
}

/** An encoder, and what reads its output. */
abstract class BertWithHead<Inputs extends object, Outputs extends object> extends PreTrainedModel<
  BertConfig,
  Inputs,
  Outputs
> {
  static readonly configuration = bertConfig;
  readonly bert: BertModel;

  constructor(config: BertConfig, options?: { pooler?: boolean }) {
    super(config);
    this.bert = new BertModel(config, options);
  }

  override get keys(): KeyTable {
    return headKeys;
  }
}

export interface BertMaskedLMInputs extends BertInputs, SelectedPositions {
  /** [B, T], or [S] with positions, of int64: −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
}

/** logits [B, T, V], or [S, V] with positions. */
export class BertForMaskedLM extends BertWithHead<BertMaskedLMInputs, HeadOutputs> {
  readonly predictions: BertPredictions;

  constructor(config: BertConfig) {
    super(config, { pooler: false });
    this.predictions = new BertPredictions(config, this.bert.embeddings.words.weight);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), ...selectionSpecs(given, "labels", this.config.vocabSize) };
  }

  override forward({ labels, positions, ...inputs }: BertMaskedLMInputs): HeadOutputs {
    const encoded = this.bert.forward(inputs);
    const logits = this.predictions.forward(selectPositions(encoded.lastHiddenState, positions));
    return headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
  }
}

export interface BertNextSentenceInputs extends BertInputs {
  /** [B] of int64: 0 is next, 1 is not. */
  readonly labels?: SymbolicTensor;
}

export class BertForNextSentencePrediction extends BertWithHead<BertNextSentenceInputs, HeadOutputs> {
  readonly nextSentence: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.nextSentence = new Linear(config.hiddenSize, 2, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), labels: pairLabels };
  }

  override forward({ labels, ...inputs }: BertNextSentenceInputs): HeadOutputs {
    const encoded = this.bert.forward(inputs);
    const logits = this.nextSentence.forward(encoded.poolerOutput as SymbolicTensor);
    return headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
  }
}

export interface BertPreTrainingInputs extends BertMaskedLMInputs {
  /** [B] of int64: 0 is next, 1 is not. */
  readonly nextSentenceLabel?: SymbolicTensor;
}

export interface BertPreTrainingOutputs extends InnerStates {
  /** The sum of both losses, when both labels are given. */
  readonly loss?: SymbolicTensor;
  /** [B, T, V], or [S, V] with positions. */
  readonly predictionLogits: SymbolicTensor;
  /** [B, 2] */
  readonly seqRelationshipLogits: SymbolicTensor;
}

/** A vocabulary head and a head over pairs, trained at once. */
abstract class BertWithPairs extends BertWithHead<BertPreTrainingInputs, BertPreTrainingOutputs> {
  readonly predictions: BertPredictions;

  constructor(config: BertConfig) {
    super(config);
    this.predictions = new BertPredictions(config, this.bert.embeddings.words.weight);
  }

  /** The head over pairs, which is stored under a name of its own. */
  protected abstract get pairs(): Linear;

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const selection = selectionSpecs(given, "labels", this.config.vocabSize);
    return { ...bertInputSpecs(this.config, given), ...selection, nextSentenceLabel: pairLabels };
  }

  override forward(inputs: BertPreTrainingInputs): BertPreTrainingOutputs {
    const { labels, nextSentenceLabel, positions, ...rest } = inputs;
    const encoded = this.bert.forward(rest);
    const predictionLogits = this.predictions.forward(selectPositions(encoded.lastHiddenState, positions));
    const seqRelationshipLogits = this.pairs.forward(encoded.poolerOutput as SymbolicTensor);
    const outputs = { predictionLogits, seqRelationshipLogits, ...innerStates(encoded) };
    if (labels === undefined || nextSentenceLabel === undefined) return outputs;
    const loss = add(crossEntropy(predictionLogits, labels), crossEntropy(seqRelationshipLogits, nextSentenceLabel));
    return { ...outputs, loss };
  }
}

export class BertForPreTraining extends BertWithPairs {
  readonly nextSentence: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.nextSentence = new Linear(config.hiddenSize, 2, { initializer: normal(config.initializerRange) });
  }

  protected override get pairs(): Linear {
    return this.nextSentence;
  }
}

/**
 * Pretraining with three classes of pairs: next; of the same document but not next; of another document. The published
 * format has no such head: it is stored under a key of its own beside a valid `BertForMaskedLM`. seqRelationshipLogits
 * are [B, 3].
 */
export class BertForThreeClassPreTraining extends BertWithPairs {
  static readonly publishedName = "BertForMaskedLM";
  readonly pairClasses: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.pairClasses = new Linear(config.hiddenSize, 3, { initializer: normal(config.initializerRange) });
  }

  protected override get pairs(): Linear {
    return this.pairClasses;
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...super.inputSpecs(given), nextSentenceLabel: { ...pairLabels, below: 3 } };
  }
}

export interface BertLMHeadInputs extends BertInputs, NextTokenLabels {}

export interface BertLMHeadOutputs extends HeadOutputs, Pick<BertOutputs, "crossAttentions" | "pastKeyValues"> {}

/** The language model of a decoder. Without `isDecoder`, tokens see later ones too, as in the reference. */
export class BertLMHeadModel extends CausalLanguageModel<BertConfig, BertLMHeadInputs, BertLMHeadOutputs> {
  static readonly configuration = bertConfig;
  readonly bert: BertModel;
  readonly predictions: BertPredictions;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config, { pooler: false });
    this.predictions = new BertPredictions(config, this.bert.embeddings.words.weight);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), ...nextTokenSpecs(given, this.config.vocabSize) };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override get maximumLength(): number {
    return this.config.maxPositionEmbeddings;
  }

  override forward(inputs: BertLMHeadInputs & DecoderTracingOptions): BertLMHeadOutputs {
    const { labels: _labels, nextTokenIds: _nextTokenIds, positions, ...rest } = inputs;
    const { lastHiddenState, poolerOutput: _poolerOutput, ...states } = this.bert.forward(rest);
    const logits = this.predictions.forward(selectPositions(lastHiddenState, positions));
    return withNextTokenLoss({ logits, ...states }, inputs);
  }
}

/** Dropout before a classifier. */
function classifierDropout({ classifierDropout, hiddenDropoutProb }: BertConfig): Dropout {
  return new Dropout(classifierDropout ?? hiddenDropoutProb);
}

/** The pooled first token through a linear layer: logits [B, C]. */
export class BertForSequenceClassification extends BertWithHead<BertInputs & RowLabels, HeadOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, config.numLabels, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), labels: rowLabelSpec(this.config) };
  }

  override forward({ labels, ...inputs }: BertInputs & RowLabels): HeadOutputs {
    const encoded = this.bert.forward(inputs);
    const logits = this.classifier.forward(this.dropout.forward(encoded.poolerOutput as SymbolicTensor));
    return headOutputs(logits, encoded, labels && rowLoss(logits, labels, this.config));
  }
}

/** Every token through a linear layer: logits [B, T, C]. */
export class BertForTokenClassification extends BertWithHead<BertInputs & TokenLabels & IntentLabels, IntentOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;
  readonly intents: Linear | undefined;

  constructor(config: BertConfig) {
    super(config, { pooler: false });
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, config.numLabels, { initializer: normal(config.initializerRange) });
    this.intents = intentHead(config, config.hiddenSize);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), labels: tokenLabelSpec(this.config), ...intentSpecs(this.config) };
  }

  override forward({ labels, intentLabels, ...inputs }: BertInputs & TokenLabels & IntentLabels): IntentOutputs {
    const encoded = this.bert.forward(inputs);
    const hidden = this.dropout.forward(encoded.lastHiddenState);
    const logits = this.classifier.forward(hidden);
    const outputs = headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
    return withIntents(outputs, this.intents, () => firstToken(hidden), intentLabels);
  }
}

/** Every token through a linear layer with two results: whether an answer begins there, and whether it ends there. */
export class BertForQuestionAnswering extends BertWithHead<BertInputs & SpanLabels, SpanOutputs> {
  readonly answers: Linear;

  constructor(config: BertConfig) {
    super(config, { pooler: false });
    const initializer = normal(config.initializerRange);
    this.answers = new Linear(config.hiddenSize, requireTwoLabels(config.numLabels), { initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), ...spanLabelSpecs };
  }

  override forward({ startPositions, endPositions, ...inputs }: BertInputs & SpanLabels): SpanOutputs {
    const encoded = this.bert.forward(inputs);
    const logits = this.answers.forward(encoded.lastHiddenState);
    return spanOutputs(logits, { startPositions, endPositions }, innerStates(encoded));
  }
}

/** Inputs [B, C, T], each choice a row of its own, its pooled first token through a linear layer: logits [B, C]. */
export class BertForMultipleChoice extends BertWithHead<BertInputs & ChoiceLabels, HeadOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, 1, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...perChoice(bertInputSpecs(this.config, given)), labels: choiceLabelSpec };
  }

  override forward({ labels, ...inputs }: BertInputs & ChoiceLabels): HeadOutputs {
    const encoded = this.bert.forward(flattenChoices(inputs));
    const scores = this.classifier.forward(this.dropout.forward(encoded.poolerOutput as SymbolicTensor));
    return choiceOutputs(scores, { ...inputs, labels }, encoded);
  }
}

/** The settings that say what may be given. */
type BertInputConfig = BertLayerConfig &
  Pick<BertConfig, "vocabSize" | "numHiddenLayers" | "maxPositionEmbeddings" | "typeVocabSize">;

export function bertInputSpecs(config: BertInputConfig, given: ReadonlySet<string>): InputSpecs {
  const { maxPositionEmbeddings, hiddenSize, addCrossAttention } = config;
  const longest = given.has("positionIds") || isGivenPast(given) ? undefined : maxPositionEmbeddings;
  const cache = {
    layers: config.numHiddenLayers,
    heads: config.numAttentionHeads,
    width: hiddenSize,
    crossAttention: addCrossAttention,
  };
  return {
    ...tokenSpecs(given, { vocabSize: config.vocabSize, width: hiddenSize, longest }),
    tokenTypeIds: { ...perToken, below: config.typeVocabSize },
    positionIds: { ...perToken, below: maxPositionEmbeddings, repeatsRow: true },
    ...cacheSpecs(given, cache),
    ...(addCrossAttention ? sourceSpecs(hiddenSize) : {}),
  };
}

/** Specs of one of two classes a row. */
const pairLabels = { type: "int64", shape: shapeOf("B"), below: 2, ignored: ignoredLabel } as const;

/** The published names of the layers. */
export const bertLayerKeys = {
  "layers.*.attention.query": "encoder.layer.*.attention.self.query",
  "layers.*.attention.key": "encoder.layer.*.attention.self.key",
  "layers.*.attention.value": "encoder.layer.*.attention.self.value",
  "layers.*.attention.output": "encoder.layer.*.attention.output.dense",
  "layers.*.attentionNorm": "encoder.layer.*.attention.output.LayerNorm",
  "layers.*.crossAttention.query": "encoder.layer.*.crossattention.self.query",
  "layers.*.crossAttention.key": "encoder.layer.*.crossattention.self.key",
  "layers.*.crossAttention.value": "encoder.layer.*.crossattention.self.value",
  "layers.*.crossAttention.output": "encoder.layer.*.crossattention.output.dense",
  "layers.*.crossAttentionNorm": "encoder.layer.*.crossattention.output.LayerNorm",
  "layers.*.intermediate": "encoder.layer.*.intermediate.dense",
  "layers.*.output": "encoder.layer.*.output.dense",
  "layers.*.outputNorm": "encoder.layer.*.output.LayerNorm",
} as const;

const encoderKeys: KeyTable = {
  prefix: "bert",
  names: {
    "embeddings.words": "embeddings.word_embeddings",
    "embeddings.positions": "embeddings.position_embeddings",
    "embeddings.tokenTypes": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
    ...bertLayerKeys,
    pooler: "pooler.dense",
  },
  ignored: ["embeddings.position_ids"],
};

const headKeys = withHead(encoderKeys, {
  "predictions.dense": "cls.predictions.transform.dense",
  "predictions.norm": "cls.predictions.transform.LayerNorm",
  "predictions.decoder": "cls.predictions.decoder.weight",
  "predictions.bias": "cls.predictions.bias",
  "predictions.decoderBias": "cls.predictions.decoder.bias",
  nextSentence: "cls.seq_relationship",
  pairClasses: "cls.three_class_relationship",
  answers: "qa_outputs",
  ...intentKeys,
});

export const bert: Architecture = {
  configuration: bertConfig,
  presets: bertPresets,
  pretraining: {
    objective: "masked-language-modeling",
    tokenizerKind: "wordpiece",
    narrowStart: {
      embeddings: ["embeddings.word_embeddings.weight", "embeddings.token_type_embeddings.weight"],
      positions: "embeddings.position_embeddings.weight",
      residual: ["attention.output.dense.weight", "output.dense.weight"],
      outputBias: "cls.predictions.bias",
    },
    settings: ({ vocabSize, maximumLength, padTokenId, dropout, isCausal }) => ({
      vocabSize,
      maxPositionEmbeddings: maximumLength,
      ...(padTokenId === undefined ? {} : { padTokenId }),
      ...(dropout === undefined ? {} : { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout }),
      ...(isCausal ? { isDecoder: true } : {}),
    }),
  },
  isCausal: ({ isDecoder }: BertConfig) => isDecoder,
  sizes: (config: BertConfig) => ({
    layers: config.numHiddenLayers,
    width: config.hiddenSize,
    heads: config.numAttentionHeads,
    maximumLength: config.maxPositionEmbeddings,
  }),
  classes: {
    BertForThreeClassPreTraining,
    BertModel,
    BertForMaskedLM,
    BertForNextSentencePrediction,
    BertForPreTraining,
    BertLMHeadModel,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertForQuestionAnswering,
    BertForMultipleChoice,
  },
  tasks: {
    base: BertModel,
    preTraining: BertForPreTraining,
    threeClassPreTraining: BertForThreeClassPreTraining,
    maskedLM: BertForMaskedLM,
    causalLM: BertLMHeadModel,
    sequenceClassification: BertForSequenceClassification,
    tokenClassification: BertForTokenClassification,
    questionAnswering: BertForQuestionAnswering,
    multipleChoice: BertForMultipleChoice,
    nextSentencePrediction: BertForNextSentencePrediction,
  },
};

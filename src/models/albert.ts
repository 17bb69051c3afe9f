/**
 * ALBERT: a BERT whose layers share their parameters in groups, and whose embeddings are narrower than they are.
 *
 * Paper: Lan et al. 2020, https://arxiv.org/abs/1909.11942 (§3.1; sizes in Table 1). Departures: as in the published
 * PyTorch code, training drops nothing of the feed-forward part's output.
 * Shapes: B batch, T tokens, D hiddenSize, N embeddingSize, H heads, V vocabulary, S selected positions, C classes or
 * choices.
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
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { PreTrainedModel } from "./pretrained-model.ts";
import { firstToken, perToken, type SelectedPositions, selectionSpecs, selectPositions } from "./selected-positions.ts";
import { embedTokens, type TokenInputs, tokenShape, tokenSpecs } from "./token-inputs.ts";

export const albertConfig = defineConfig("albert", {
  vocabSize: size(30000),
  /** Features of a word, which are projected to hiddenSize. */
  embeddingSize: size(128),
  hiddenSize: size(4096),
  numHiddenLayers: layerCount(12),
  /** How many sets of parameters the layers share, each set the same number of neighbouring layers. */
  numHiddenGroups: layerCount(1, { maximum: 64 }),
  numAttentionHeads: size(64),
  intermediateSize: size(16384),
  /** How many layers with parameters of their own stand where one layer is counted. */
  innerGroupNum: layerCount(1, { maximum: 16 }),
  hiddenAct: oneOf(activationNames, "gelu_new"),
  hiddenDropoutProb: probability(0),
  attentionProbsDropoutProb: probability(0),
  maxPositionEmbeddings: size(512),
  typeVocabSize: size(2),
  initializerRange: number(0.02),
  layerNormEps: number(1e-12),
  /** Dropout before a classification head; hiddenDropoutProb when null. */
  classifierDropoutProb: nullable(probability(), 0.1),
  padTokenId: nullable(integer(), 0),
  bosTokenId: nullable(integer(), 2),
  eosTokenId: nullable(oneOrMore(integer(), 3), 3),
  tieWordEmbeddings: boolean(true),
});
export type AlbertConfig = ConfigOf<typeof albertConfig>;

/** `base` to `xxlarge` are the paper's (without the dropout of its first version); the smaller ones have BERT's widths. */
export const albertPresets = {
  tiny: { embeddingSize: 64, numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 2, intermediateSize: 512 },
  mini: { embeddingSize: 128, numHiddenLayers: 4, hiddenSize: 256, numAttentionHeads: 4, intermediateSize: 1024 },
  base: { hiddenSize: 768, numAttentionHeads: 12, intermediateSize: 3072 },
  large: { numHiddenLayers: 24, hiddenSize: 1024, numAttentionHeads: 16, intermediateSize: 4096 },
  xlarge: { numHiddenLayers: 24, hiddenSize: 2048, numAttentionHeads: 16, intermediateSize: 8192 },
  xxlarge: {},
} as const;

export interface AlbertInputs extends TokenInputs {
  /** [B, T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64: the segment; 0 when left out. */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64; 0, 1, … when left out. */
  readonly positionIds?: SymbolicTensor;
}

export interface AlbertOutputs extends InnerStates {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
  /** [B, D] */
  readonly poolerOutput?: SymbolicTensor;
}

class AlbertEmbeddings extends Module {
  readonly words: Embedding;
  readonly positions: Embedding;
  readonly tokenTypes: Embedding;
  readonly norm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: AlbertConfig) {
    super();
    const initializer = normal(config.initializerRange);
    const paddingIndex = config.padTokenId ?? undefined;
    this.words = new Embedding(config.vocabSize, config.embeddingSize, { initializer, paddingIndex });
    this.positions = new Embedding(config.maxPositionEmbeddings, config.embeddingSize, { initializer });
    this.tokenTypes = new Embedding(config.typeVocabSize, config.embeddingSize, { initializer });
    this.norm = new LayerNorm(config.embeddingSize, config.layerNormEps);
    this.dropout = new Dropout(config.hiddenDropoutProb);
  }

  /** → [B, T, N]. */
  forward({ tokenTypeIds, positionIds, ...tokens }: AlbertInputs): SymbolicTensor {
    const length = at(tokenShape(tokens), 1);
    const positions = positionIds ?? reshape(range({ start: 0, length }), { shape: [1, length] });
    const types =
      tokenTypeIds === undefined
        ? slice(this.tokenTypes.weight, { axis: 0, start: 0, length: 1 })
        : this.tokenTypes.forward(tokenTypeIds);
    const sum = add(add(embedTokens(this.words, tokens), types), this.positions.forward(positions));
    return this.dropout.forward(this.norm.forward(sum));
  }
}

class AlbertLayer extends Module {
  readonly attention: MultiHeadAttention;
  readonly attentionNorm: LayerNorm;
  readonly expansion: Linear;
  readonly contraction: Linear;
  readonly outputNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: AlbertConfig) {
    super();
    const { hiddenSize, intermediateSize, layerNormEps } = config;
    const initializer = normal(config.initializerRange);
    this.attention = new MultiHeadAttention(hiddenSize, {
      heads: config.numAttentionHeads,
      dropout: config.attentionProbsDropoutProb,
      initializer,
    });
    this.attentionNorm = new LayerNorm(hiddenSize, layerNormEps);
    this.expansion = new Linear(hiddenSize, intermediateSize, { initializer });
    this.contraction = new Linear(intermediateSize, hiddenSize, { initializer });
    this.outputNorm = new LayerNorm(hiddenSize, layerNormEps);
    this.dropout = new Dropout(config.hiddenDropoutProb);
    this.#activation = activation(config.hiddenAct);
  }

  /** hidden [B, T, D], mask [B, 1, 1, T] (additive) → the next hidden [B, T, D] and the attention's probabilities. */
  forward(hidden: SymbolicTensor, mask: SymbolicTensor | undefined) {
    const attended = this.attention.forward(hidden, { mask });
    const normed = this.attentionNorm.forward(add(hidden, this.dropout.forward(attended.output)));
    const expanded = this.contraction.forward(this.#activation(this.expansion.forward(normed)));
    return { output: this.outputNorm.forward(add(normed, expanded)), probabilities: attended.probabilities };
  }
}

/** Layers that follow each other, each with parameters of its own: what a group has instead of one layer. */
class AlbertGroup extends Module {
  readonly layers: readonly AlbertLayer[];

  constructor(config: AlbertConfig) {
    super();
    this.layers = Array.from({ length: config.innerGroupNum }, () => new AlbertLayer(config));
  }
}

/** The encoder without a head; with the pooler unless `pooler` is false. */
export class AlbertModel extends PreTrainedModel<AlbertConfig, AlbertInputs, AlbertOutputs> {
  static readonly configuration = albertConfig;
  readonly embeddings: AlbertEmbeddings;
  /** From N features to D. */
  readonly widening: Linear;
  readonly groups: readonly AlbertGroup[];
  readonly pooler: Linear | undefined;

  constructor(config: AlbertConfig, options: { pooler?: boolean } = {}) {
    super(config);
    checkConfig(config);
    const { embeddingSize, hiddenSize, initializerRange } = config;
    const initializer = normal(initializerRange);
    this.embeddings = new AlbertEmbeddings(config);
    this.widening = new Linear(embeddingSize, hiddenSize, { initializer });
    this.groups = Array.from({ length: config.numHiddenGroups }, () => new AlbertGroup(config));
    this.pooler = options.pooler === false ? undefined : new Linear(hiddenSize, hiddenSize, { initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return albertInputSpecs(this.config, given);
  }

  override get keys(): KeyTable {
    return encoderKeys;
  }

  override forward(inputs: AlbertInputs): AlbertOutputs {
    const mask = inputs.attentionMask && paddingMask(inputs.attentionMask);
    const hiddenStates = [this.widening.forward(this.embeddings.forward(inputs))];
    const attentions: SymbolicTensor[] = [];
    for (const layer of this.#layersInOrder()) {
      const { output, probabilities } = layer.forward(at(hiddenStates, attentions.length), mask);
      hiddenStates.push(output);
      attentions.push(probabilities);
    }
    const lastHiddenState = at(hiddenStates, attentions.length);
    const outputs = { lastHiddenState, hiddenStates, attentions };
    if (this.pooler === undefined) return outputs;
    return { ...outputs, poolerOutput: tanh(this.pooler.forward(firstToken(lastHiddenState))) };
  }

  /** Every layer as often as it is passed. */
  #layersInOrder(): AlbertLayer[] {
    const { numHiddenLayers, numHiddenGroups } = this.config;
    const perGroup = numHiddenLayers / numHiddenGroups;
    return Array.from({ length: numHiddenLayers }, (_, index) => at(this.groups, Math.trunc(index / perGroup))).flatMap(
      ({ layers }) => layers,
    );
  }
}

function checkConfig({ hiddenSize, numAttentionHeads }: AlbertConfig): void {
  if (hiddenSize % numAttentionHeads === 0) return;
  throw new ConfigurationError(`${numAttentionHeads} heads do not share ${hiddenSize} features evenly`, {
    field: "num_attention_heads",
    expected: `a divisor of hidden_size ${hiddenSize}`,
    received: String(numAttentionHeads),
  });
}

/** The vocabulary head: dense to N features, activation, LayerNorm, then the (tied) word embeddings with a bias. */
class AlbertPredictions extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  /** [V, N] */
  readonly decoder: Parameter;
  /** [V]; stored but unused when the decoder is not tied, as in the reference. */
  readonly bias: Parameter;
  /** [V] */
  readonly decoderBias: Parameter;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: AlbertConfig, words: Parameter) {
    super();
    const { vocabSize, embeddingSize, tieWordEmbeddings } = config;
    const initializer = normal(config.initializerRange);
    this.dense = new Linear(config.hiddenSize, embeddingSize, { initializer });
    this.norm = new LayerNorm(embeddingSize, config.layerNormEps);
    this.decoder = tieWordEmbeddings ? words : new Parameter([vocabSize, embeddingSize], initializer);
    this.bias = new Parameter([vocabSize], zeros);
    this.decoderBias = tieWordEmbeddings ? this.bias : new Parameter([vocabSize], zeros);
    this.#activation = activation(config.hiddenAct);
  }

  /** hidden [..., D] → logits [..., V]. */
  forward(hidden: SymbolicTensor): SymbolicTensor {
    const transformed = this.norm.forward(this.#activation(this.dense.forward(hidden)));
    return linear(transformed, this.decoder, this.decoderBias, { transposeWeight: true });
  }
}

/** An encoder, and what reads its output. */
abstract class AlbertWithHead<Inputs extends object, Outputs extends object> extends PreTrainedModel<
  AlbertConfig,
  Inputs,
  Outputs
> {
  static readonly configuration = albertConfig;
  readonly albert: AlbertModel;

  constructor(config: AlbertConfig, options?: { pooler?: boolean }) {
    super(config);
    this.albert = new AlbertModel(config, options);
  }

  override get keys(): KeyTable {
    return headKeys;
  }
}

export interface AlbertMaskedLMInputs extends AlbertInputs, SelectedPositions {
  /** [B, T], or [S] with positions, of int64: −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
}

/** logits [B, T, V], or [S, V] with positions. */
export class AlbertForMaskedLM extends AlbertWithHead<AlbertMaskedLMInputs, HeadOutputs> {
  readonly predictions: AlbertPredictions;

  constructor(config: AlbertConfig) {
    super(config, { pooler: false });
    this.predictions = new AlbertPredictions(config, this.albert.embeddings.words.weight);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...albertInputSpecs(this.config, given), ...selectionSpecs(given, "labels", this.config.vocabSize) };
  }

  override forward({ labels, positions, ...inputs }: AlbertMaskedLMInputs): HeadOutputs {
    const encoded = this.albert.forward(inputs);
    const logits = this.predictions.forward(selectPositions(encoded.lastHiddenState, positions));
    return headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
  }
}

/** Dropout before a classifier. */
function classifierDropout({ classifierDropoutProb, hiddenDropoutProb }: AlbertConfig): Dropout {
  return new Dropout(classifierDropoutProb ?? hiddenDropoutProb);
}

export interface AlbertPreTrainingInputs extends AlbertMaskedLMInputs {
  /** [B] of int64: 0 is in order, 1 is swapped. */
  readonly sentenceOrderLabel?: SymbolicTensor;
}

export interface AlbertPreTrainingOutputs extends InnerStates {
  /** The sum of both losses, when both labels are given. */
  readonly loss?: SymbolicTensor;
  /** [B, T, V], or [S, V] with positions. */
  readonly predictionLogits: SymbolicTensor;
  /** [B, C], two classes as published */
  readonly sopLogits: SymbolicTensor;
}

/** The masked language model, and whether two segments stand in their order. */
export class AlbertForPreTraining extends AlbertWithHead<AlbertPreTrainingInputs, AlbertPreTrainingOutputs> {
  readonly predictions: AlbertPredictions;
  readonly dropout: Dropout;
  readonly sentenceOrder: Linear;

  constructor(config: AlbertConfig) {
    super(config);
    const { hiddenSize, numLabels, initializerRange } = config;
    this.predictions = new AlbertPredictions(config, this.albert.embeddings.words.weight);
    this.dropout = classifierDropout(config);
    this.sentenceOrder = new Linear(hiddenSize, numLabels, { initializer: normal(initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const { vocabSize, numLabels } = this.config;
    const order = { type: "int64", shape: shapeOf("B"), below: numLabels, ignored: ignoredLabel } as const;
    const selection = selectionSpecs(given, "labels", vocabSize);
    return { ...albertInputSpecs(this.config, given), ...selection, sentenceOrderLabel: order };
  }

  override forward(inputs: AlbertPreTrainingInputs): AlbertPreTrainingOutputs {
    const { labels, sentenceOrderLabel, positions, ...rest } = inputs;
    const encoded = this.albert.forward(rest);
    const predictionLogits = this.predictions.forward(selectPositions(encoded.lastHiddenState, positions));
    const sopLogits = this.sentenceOrder.forward(this.dropout.forward(encoded.poolerOutput as SymbolicTensor));
    const outputs = { predictionLogits, sopLogits, ...innerStates(encoded) };
    if (labels === undefined || sentenceOrderLabel === undefined) return outputs;
    const loss = add(crossEntropy(predictionLogits, labels), crossEntropy(sopLogits, sentenceOrderLabel));
    return { ...outputs, loss };
  }
}

/** The pooled first token through a linear layer: logits [B, C]. */
export class AlbertForSequenceClassification extends AlbertWithHead<AlbertInputs & RowLabels, HeadOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: AlbertConfig) {
    super(config);
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, config.numLabels, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...albertInputSpecs(this.config, given), labels: rowLabelSpec(this.config) };
  }

  override forward({ labels, ...inputs }: AlbertInputs & RowLabels): HeadOutputs {
    const encoded = this.albert.forward(inputs);
    const logits = this.classifier.forward(this.dropout.forward(encoded.poolerOutput as SymbolicTensor));
    return headOutputs(logits, encoded, labels && rowLoss(logits, labels, this.config));
  }
}

/** Every token through a linear layer: logits [B, T, C]. */
export class AlbertForTokenClassification extends AlbertWithHead<
  AlbertInputs & TokenLabels & IntentLabels,
  IntentOutputs
> {
  readonly dropout: Dropout;
  readonly classifier: Linear;
  readonly intents: Linear | undefined;

  constructor(config: AlbertConfig) {
    super(config, { pooler: false });
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, config.numLabels, { initializer: normal(config.initializerRange) });
    this.intents = intentHead(config, config.hiddenSize);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return {
      ...albertInputSpecs(this.config, given),
      labels: tokenLabelSpec(this.config),
      ...intentSpecs(this.config),
    };
  }

  override forward({ labels, intentLabels, ...inputs }: AlbertInputs & TokenLabels & IntentLabels): IntentOutputs {
    const encoded = this.albert.forward(inputs);
    const hidden = this.dropout.forward(encoded.lastHiddenState);
    const logits = this.classifier.forward(hidden);
    const outputs = headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
    return withIntents(outputs, this.intents, () => firstToken(hidden), intentLabels);
  }
}

/** Every token through a linear layer with two results: whether an answer begins there, and whether it ends there. */
export class AlbertForQuestionAnswering extends AlbertWithHead<AlbertInputs & SpanLabels, SpanOutputs> {
  readonly answers: Linear;

  constructor(config: AlbertConfig) {
    super(config, { pooler: false });
    const initializer = normal(config.initializerRange);
    this.answers = new Linear(config.hiddenSize, requireTwoLabels(config.numLabels), { initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...albertInputSpecs(this.config, given), ...spanLabelSpecs };
  }

  override forward({ startPositions, endPositions, ...inputs }: AlbertInputs & SpanLabels): SpanOutputs {
    const encoded = this.albert.forward(inputs);
    const logits = this.answers.forward(encoded.lastHiddenState);
    return spanOutputs(logits, { startPositions, endPositions }, innerStates(encoded));
  }
}

/** Inputs [B, C, T], each choice a row of its own, its pooled first token through a linear layer: logits [B, C]. */
export class AlbertForMultipleChoice extends AlbertWithHead<AlbertInputs & ChoiceLabels, HeadOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: AlbertConfig) {
    super(config);
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, 1, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...perChoice(albertInputSpecs(this.config, given)), labels: choiceLabelSpec };
  }

  override forward({ labels, ...inputs }: AlbertInputs & ChoiceLabels): HeadOutputs {
    const encoded = this.albert.forward(flattenChoices(inputs));
    const scores = this.classifier.forward(this.dropout.forward(encoded.poolerOutput as SymbolicTensor));
    return choiceOutputs(scores, { ...inputs, labels }, encoded);
  }
}

function albertInputSpecs(config: AlbertConfig, given: ReadonlySet<string>): InputSpecs {
  const { vocabSize, maxPositionEmbeddings, typeVocabSize } = config;
  const longest = given.has("positionIds") ? undefined : maxPositionEmbeddings;
  return {
    ...tokenSpecs(given, { vocabSize, width: config.embeddingSize, longest }),
    attentionMask: perToken,
    tokenTypeIds: { ...perToken, below: typeVocabSize },
    positionIds: { ...perToken, below: maxPositionEmbeddings, repeatsRow: true },
  };
}

/** Where the published names hold a layer of a group. */
const layer = "encoder.albert_layer_groups.*.albert_layers.*";

const encoderKeys: KeyTable = {
  prefix: "albert",
  names: {
    "embeddings.words": "embeddings.word_embeddings",
    "embeddings.positions": "embeddings.position_embeddings",
    "embeddings.tokenTypes": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
    widening: "encoder.embedding_hidden_mapping_in",
    "groups.*.layers.*.attention.query": `${layer}.attention.query`,
    "groups.*.layers.*.attention.key": `${layer}.attention.key`,
    "groups.*.layers.*.attention.value": `${layer}.attention.value`,
    "groups.*.layers.*.attention.output": `${layer}.attention.dense`,
    "groups.*.layers.*.attentionNorm": `${layer}.attention.LayerNorm`,
    "groups.*.layers.*.expansion": `${layer}.ffn`,
    "groups.*.layers.*.contraction": `${layer}.ffn_output`,
    "groups.*.layers.*.outputNorm": `${layer}.full_layer_layer_norm`,
    pooler: "pooler",
  },
  ignored: ["embeddings.position_ids"],
};

const headKeys = withHead(encoderKeys, {
  "predictions.dense": "predictions.dense",
  "predictions.norm": "predictions.LayerNorm",
  "predictions.decoder": "predictions.decoder.weight",
  "predictions.bias": "predictions.bias",
  "predictions.decoderBias": "predictions.decoder.bias",
  sentenceOrder: "sop_classifier.classifier",
  answers: "qa_outputs",
  ...intentKeys,
});

export const albert: Architecture = {
  configuration: albertConfig,
  presets: albertPresets,
  pretraining: {
    objective: "masked-language-modeling+sentence-order-prediction",
    masking: { unit: "n-gram" },
    tokenizerKind: "unigram",
    narrowStart: {
      embeddings: ["embeddings.word_embeddings.weight", "embeddings.token_type_embeddings.weight"],
      positions: "embeddings.position_embeddings.weight",
      residual: ["attention.dense.weight", "ffn_output.weight"],
      outputBias: "predictions.bias",
    },
    settings: ({ vocabSize, maximumLength, padTokenId, bosTokenId, eosTokenId, dropout }) => ({
      vocabSize,
      maxPositionEmbeddings: maximumLength,
      ...(padTokenId === undefined ? {} : { padTokenId }),
      ...(bosTokenId === undefined ? {} : { bosTokenId }),
      ...(eosTokenId === undefined ? {} : { eosTokenId }),
      ...(dropout === undefined ? {} : { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout }),
    }),
  },
  sizes: (config: AlbertConfig) => ({
    layers: config.numHiddenLayers * config.innerGroupNum,
    width: config.hiddenSize,
    heads: config.numAttentionHeads,
    maximumLength: config.maxPositionEmbeddings,
  }),
  classes: {
    AlbertModel,
    AlbertForMaskedLM,
    AlbertForPreTraining,
    AlbertForSequenceClassification,
    AlbertForTokenClassification,
    AlbertForQuestionAnswering,
    AlbertForMultipleChoice,
  },
  tasks: {
    base: AlbertModel,
    preTraining: AlbertForPreTraining,
    maskedLM: AlbertForMaskedLM,
    sequenceClassification: AlbertForSequenceClassification,
    tokenClassification: AlbertForTokenClassification,
    questionAnswering: AlbertForQuestionAnswering,
    multipleChoice: AlbertForMultipleChoice,
  },
};

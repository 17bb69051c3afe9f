/**
 * BERT: a bidirectional, post-LayerNorm Transformer encoder.
 *
 * Paper: Devlin et al. 2019, https://arxiv.org/abs/1810.04805 (§3; sizes in Appendix A.2). Departures: none; weights
 * are drawn from a normal distribution that is not truncated, as the published PyTorch code does.
 * Shapes: B batch, T tokens, D hiddenSize, H heads, V vocabulary, S selected positions.
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
  mergeHeads,
  normal,
  paddingMask,
  scaledDotProductAttention,
  splitHeads,
  zeros,
} from "../nn/index.ts";
import type { Architecture } from "./architecture.ts";
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { PreTrainedModel } from "./pretrained-model.ts";
import { perToken, type SelectedPositions, selectionSpecs, selectPositions } from "./selected-positions.ts";

export const bertConfig = defineConfig("bert", {
  vocabSize: size(30522),
  hiddenSize: size(768),
  numHiddenLayers: size(12),
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
  isDecoder: boolean(false),
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

export interface BertInputs {
  /** [B, T] of int64 */
  readonly inputIds: SymbolicTensor;
  /** [B, T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64: the segment; 0 when left out. */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64; 0, 1, … when left out. */
  readonly positionIds?: SymbolicTensor;
}

export interface BertOutputs {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
  /** [B, D] */
  readonly poolerOutput?: SymbolicTensor;
  /** The embeddings' and every layer's output, [B, T, D] each. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Every layer's probabilities, [B, H, T, T] each. */
  readonly attentions: readonly SymbolicTensor[];
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
  forward({ inputIds, tokenTypeIds, positionIds }: BertInputs): SymbolicTensor {
    const length = at(inputIds.shape, 1);
    const positions = positionIds ?? reshape(range({ start: 0, length }), { shape: [1, length] });
    const types =
      tokenTypeIds === undefined
        ? slice(this.tokenTypes.weight, { axis: 0, start: 0, length: 1 })
        : this.tokenTypes.forward(tokenTypeIds);
    const sum = add(add(this.words.forward(inputIds), types), this.positions.forward(positions));
    return this.dropout.forward(this.norm.forward(sum));
  }
}

class BertSelfAttention extends Module {
  readonly query: Linear;
  readonly key: Linear;
  readonly value: Linear;
  readonly output: Linear;
  readonly dropout: Dropout;
  readonly #heads: number;

  constructor(config: BertConfig) {
    super();
    const width = config.hiddenSize;
    const initializer = normal(config.initializerRange);
    this.query = new Linear(width, width, { initializer });
    this.key = new Linear(width, width, { initializer });
    this.value = new Linear(width, width, { initializer });
    this.output = new Linear(width, width, { initializer });
    this.dropout = new Dropout(config.attentionProbsDropoutProb);
    this.#heads = config.numAttentionHeads;
  }

  /** hidden [B, T, D], mask [B, 1, 1, T] (additive) → the output [B, T, D] and the probabilities [B, H, T, T]. */
  forward(hidden: SymbolicTensor, mask: SymbolicTensor | undefined) {
    const [query, key, value] = [this.query, this.key, this.value].map((part) =>
      splitHeads(part.forward(hidden), this.#heads),
    ) as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
    const { context, probabilities } = scaledDotProductAttention(query, key, value, { mask, dropout: this.dropout });
    return { output: this.output.forward(mergeHeads(context)), probabilities };
  }
}

class BertLayer extends Module {
  readonly attention: BertSelfAttention;
  readonly attentionNorm: LayerNorm;
  readonly intermediate: Linear;
  readonly output: Linear;
  readonly outputNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: BertConfig) {
    super();
    const initializer = normal(config.initializerRange);
    this.attention = new BertSelfAttention(config);
    this.attentionNorm = new LayerNorm(config.hiddenSize, config.layerNormEps);
    this.intermediate = new Linear(config.hiddenSize, config.intermediateSize, { initializer });
    this.output = new Linear(config.intermediateSize, config.hiddenSize, { initializer });
    this.outputNorm = new LayerNorm(config.hiddenSize, config.layerNormEps);
    this.dropout = new Dropout(config.hiddenDropoutProb);
    this.#activation = activation(config.hiddenAct);
  }

  /** hidden [B, T, D] → the next hidden [B, T, D] and the attention's probabilities. */
  forward(hidden: SymbolicTensor, mask: SymbolicTensor | undefined) {
    const attended = this.attention.forward(hidden, mask);
    const normed = this.attentionNorm.forward(add(hidden, this.dropout.forward(attended.output)));
    const expanded = this.output.forward(this.#activation(this.intermediate.forward(normed)));
    const output = this.outputNorm.forward(add(normed, this.dropout.forward(expanded)));
    return { output, probabilities: attended.probabilities };
  }
}

/** The encoder without a head; with the pooler unless `pooler` is false. */
export class BertModel extends PreTrainedModel<BertConfig, BertInputs, BertOutputs> {
  static readonly configuration = bertConfig;
  readonly embeddings: BertEmbeddings;
  readonly layers: readonly BertLayer[];
  readonly pooler: Linear | undefined;

  constructor(config: BertConfig, options: { pooler?: boolean } = {}) {
    super(config);
    checkConfig(config);
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

  override forward(inputs: BertInputs): BertOutputs {
    const mask = inputs.attentionMask === undefined ? undefined : paddingMask(inputs.attentionMask);
    const hiddenStates = [this.embeddings.forward(inputs)];
    const attentions: SymbolicTensor[] = [];
    for (const layer of this.layers) {
      const { output, probabilities } = layer.forward(at(hiddenStates, hiddenStates.length - 1), mask);
      hiddenStates.push(output);
      attentions.push(probabilities);
    }
    const lastHiddenState = at(hiddenStates, hiddenStates.length - 1);
    const outputs = { lastHiddenState, hiddenStates, attentions };
    return this.pooler === undefined
      ? outputs
      : { ...outputs, poolerOutput: tanh(this.pooler.forward(firstToken(lastHiddenState))) };
  }
}

function checkConfig(config: BertConfig): void {
  const { hiddenSize, numAttentionHeads } = config;
  if (hiddenSize % numAttentionHeads !== 0) {
    throw new ConfigurationError(`${numAttentionHeads} heads do not share ${hiddenSize} features evenly`, {
      field: "num_attention_heads",
      expected: `a divisor of hidden_size ${hiddenSize}`,
      received: String(numAttentionHeads),
    });
  }
  const unsupported: [field: string, isUsed: boolean][] = [
    ["is_decoder", config.isDecoder],
    ["add_cross_attention", config.addCrossAttention],
    ["position_embedding_type", (config.extra.position_embedding_type ?? '"absolute"') !== '"absolute"'],
  ];
  for (const [field, isUsed] of unsupported) {
    if (isUsed) throw new ConfigurationError(`this BERT differs from the published one in ${field}`, { field });
  }
}

/** hidden [B, T, D] → the first position's, [B, D]. */
function firstToken(hidden: SymbolicTensor): SymbolicTensor {
  const first = slice(hidden, { axis: 1, start: 0, length: 1 });
  return reshape(first, { shape: [at(hidden.shape, 0), at(hidden.shape, 2)] });
}

/** The vocabulary head: dense, activation, LayerNorm, then the (tied) word embeddings with a bias of their own. */
class BertPredictions extends Module {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  /** [V, D] */
  readonly decoder: Parameter;
  /** [V]; stored but unused when the decoder is not tied, as in the reference. */
  readonly bias: Parameter;
  /** [V] */
  readonly decoderBias: Parameter;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: BertConfig, words: Parameter) {
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

export interface BertMaskedLMInputs extends BertInputs, SelectedPositions {
  /** [B, T], or [S] with positions, of int64: −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
}

export interface BertMaskedLMOutputs extends Pick<BertOutputs, "hiddenStates" | "attentions"> {
  /** [] */
  readonly loss?: SymbolicTensor;
  /** [B, T, V], or [S, V] with positions. */
  readonly logits: SymbolicTensor;
}

export class BertForMaskedLM extends PreTrainedModel<BertConfig, BertMaskedLMInputs, BertMaskedLMOutputs> {
  static readonly configuration = bertConfig;
  readonly bert: BertModel;
  readonly predictions: BertPredictions;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config, { pooler: false });
    this.predictions = new BertPredictions(config, this.bert.embeddings.words.weight);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), ...selectionSpecs(given, "labels", this.config.vocabSize) };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override forward({ labels, positions, ...inputs }: BertMaskedLMInputs): BertMaskedLMOutputs {
    const { lastHiddenState, hiddenStates, attentions } = this.bert.forward(inputs);
    const logits = this.predictions.forward(selectPositions(lastHiddenState, positions));
    const outputs = { logits, hiddenStates, attentions };
    return labels === undefined ? outputs : { ...outputs, loss: crossEntropy(logits, labels) };
  }
}

export interface BertNextSentenceInputs extends BertInputs {
  /** [B] of int64: 0 is next, 1 is not. */
  readonly labels?: SymbolicTensor;
}

export interface BertNextSentenceOutputs extends Pick<BertOutputs, "hiddenStates" | "attentions"> {
  readonly loss?: SymbolicTensor;
  /** [B, 2] */
  readonly logits: SymbolicTensor;
}

export class BertForNextSentencePrediction extends PreTrainedModel<
  BertConfig,
  BertNextSentenceInputs,
  BertNextSentenceOutputs
> {
  static readonly configuration = bertConfig;
  readonly bert: BertModel;
  readonly nextSentence: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config);
    this.nextSentence = new Linear(config.hiddenSize, 2, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...bertInputSpecs(this.config, given), labels: pairLabels };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override forward({ labels, ...inputs }: BertNextSentenceInputs): BertNextSentenceOutputs {
    const { poolerOutput, hiddenStates, attentions } = this.bert.forward(inputs);
    const logits = this.nextSentence.forward(poolerOutput as SymbolicTensor);
    const outputs = { logits, hiddenStates, attentions };
    return labels === undefined ? outputs : { ...outputs, loss: crossEntropy(logits, labels) };
  }
}

export interface BertPreTrainingInputs extends BertMaskedLMInputs {
  /** [B] of int64: 0 is next, 1 is not. */
  readonly nextSentenceLabel?: SymbolicTensor;
}

export interface BertPreTrainingOutputs extends Pick<BertOutputs, "hiddenStates" | "attentions"> {
  /** The sum of both losses, when both labels are given. */
  readonly loss?: SymbolicTensor;
  /** [B, T, V], or [S, V] with positions. */
  readonly predictionLogits: SymbolicTensor;
  /** [B, 2] */
  readonly seqRelationshipLogits: SymbolicTensor;
}

export class BertForPreTraining extends PreTrainedModel<BertConfig, BertPreTrainingInputs, BertPreTrainingOutputs> {
  static readonly configuration = bertConfig;
  readonly bert: BertModel;
  readonly predictions: BertPredictions;
  readonly nextSentence: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config);
    this.predictions = new BertPredictions(config, this.bert.embeddings.words.weight);
    this.nextSentence = new Linear(config.hiddenSize, 2, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const selection = selectionSpecs(given, "labels", this.config.vocabSize);
    return { ...bertInputSpecs(this.config, given), ...selection, nextSentenceLabel: pairLabels };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override forward(inputs: BertPreTrainingInputs): BertPreTrainingOutputs {
    const { labels: _labels, nextSentenceLabel: _nextSentenceLabel, positions, ...rest } = inputs;
    const { lastHiddenState, poolerOutput, hiddenStates, attentions } = this.bert.forward(rest);
    const predictionLogits = this.predictions.forward(selectPositions(lastHiddenState, positions));
    const seqRelationshipLogits = this.nextSentence.forward(poolerOutput as SymbolicTensor);
    return withPreTrainingLoss({ predictionLogits, seqRelationshipLogits, hiddenStates, attentions }, inputs);
  }
}

/**
 * Pretraining with three classes of pairs: next; of the same document but not next; of another document. The published
 * format has no such head: it is stored under a key of its own beside a valid `BertForMaskedLM`.
 */
export class BertForThreeClassPreTraining extends PreTrainedModel<
  BertConfig,
  BertPreTrainingInputs,
  BertPreTrainingOutputs
> {
  static readonly configuration = bertConfig;
  static readonly publishedName = "BertForMaskedLM";
  readonly bert: BertModel;
  readonly predictions: BertPredictions;
  readonly pairClasses: Linear;

  constructor(config: BertConfig) {
    super(config);
    this.bert = new BertModel(config);
    this.predictions = new BertPredictions(config, this.bert.embeddings.words.weight);
    this.pairClasses = new Linear(config.hiddenSize, 3, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const selection = selectionSpecs(given, "labels", this.config.vocabSize);
    return { ...bertInputSpecs(this.config, given), ...selection, nextSentenceLabel: { ...pairLabels, below: 3 } };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  /** As in `BertForPreTraining`, with seqRelationshipLogits [B, 3]. */
  override forward(inputs: BertPreTrainingInputs): BertPreTrainingOutputs {
    const { labels: _labels, nextSentenceLabel: _nextSentenceLabel, positions, ...rest } = inputs;
    const { lastHiddenState, poolerOutput, hiddenStates, attentions } = this.bert.forward(rest);
    const predictionLogits = this.predictions.forward(selectPositions(lastHiddenState, positions));
    const seqRelationshipLogits = this.pairClasses.forward(poolerOutput as SymbolicTensor);
    return withPreTrainingLoss({ predictionLogits, seqRelationshipLogits, hiddenStates, attentions }, inputs);
  }
}

/** Adds the sum of both losses when both labels are given. */
function withPreTrainingLoss(
  outputs: BertPreTrainingOutputs,
  { labels, nextSentenceLabel }: BertPreTrainingInputs,
): BertPreTrainingOutputs {
  if (labels === undefined || nextSentenceLabel === undefined) return outputs;
  const { predictionLogits, seqRelationshipLogits } = outputs;
  const loss = add(crossEntropy(predictionLogits, labels), crossEntropy(seqRelationshipLogits, nextSentenceLabel));
  return { ...outputs, loss };
}

function bertInputSpecs(config: BertConfig, given: ReadonlySet<string>): InputSpecs {
  const { maxPositionEmbeddings } = config;
  const longest = given.has("positionIds") ? undefined : maxPositionEmbeddings;
  return {
    inputIds: { ...perToken, required: true, below: config.vocabSize, longest },
    attentionMask: perToken,
    tokenTypeIds: { ...perToken, below: config.typeVocabSize },
    positionIds: { ...perToken, below: maxPositionEmbeddings, repeatsRow: true },
  };
}

/** Specs of one of two classes a row. */
const pairLabels = { type: "int64", shape: shapeOf("B"), below: 2, ignored: ignoredLabel } as const;

const encoderKeys: KeyTable = {
  prefix: "bert",
  names: {
    "embeddings.words": "embeddings.word_embeddings",
    "embeddings.positions": "embeddings.position_embeddings",
    "embeddings.tokenTypes": "embeddings.token_type_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
    "layers.*.attention.query": "encoder.layer.*.attention.self.query",
    "layers.*.attention.key": "encoder.layer.*.attention.self.key",
    "layers.*.attention.value": "encoder.layer.*.attention.self.value",
    "layers.*.attention.output": "encoder.layer.*.attention.output.dense",
    "layers.*.attentionNorm": "encoder.layer.*.attention.output.LayerNorm",
    "layers.*.intermediate": "encoder.layer.*.intermediate.dense",
    "layers.*.output": "encoder.layer.*.output.dense",
    "layers.*.outputNorm": "encoder.layer.*.output.LayerNorm",
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
    settings: ({ vocabSize, maximumLength, padTokenId, dropout }) => ({
      vocabSize,
      maxPositionEmbeddings: maximumLength,
      ...(padTokenId === undefined ? {} : { padTokenId }),
      ...(dropout === undefined ? {} : { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout }),
    }),
  },
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
  },
  tasks: {
    base: BertModel,
    preTraining: BertForPreTraining,
    threeClassPreTraining: BertForThreeClassPreTraining,
    maskedLM: BertForMaskedLM,
    nextSentencePrediction: BertForNextSentencePrediction,
  },
};

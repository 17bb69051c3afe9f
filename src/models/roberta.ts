/**
 * RoBERTa: BERT's encoder, pretrained longer, without sentence pairs and on masks that change.
 *
 * Paper: Liu et al. 2019, https://arxiv.org/abs/1907.11692 (§3, §4; sizes in §3 and Appendix A). DistilRoBERTa is the same
 * with half of the layers: Sanh et al. 2019, https://arxiv.org/abs/1910.01108. The layers are those of `bert.ts`.
 * Departures: none. As published, positions are counted from the padding token's id + 1 over what is no padding, and the
 * vocabulary head's activation is `gelu`, whatever the layers' is.
 * Shapes: B batch, T tokens, P tokens in the cache, E tokens of an encoder, D hiddenSize, V vocabulary, S selected
 * positions, C classes or choices.
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
  cast,
  equal,
  lessOrEqual,
  logicalNot,
  matmul,
  mul,
  range,
  reshape,
  type SymbolicTensor,
  slice,
  tanh,
} from "../graph/index.ts";
import { activationNames, crossEntropy, Dropout, Embedding, LayerNorm, Linear, Module, normal } from "../nn/index.ts";
import { requireTwoLabels, type SpanLabels, type SpanOutputs, spanLabelSpecs, spanOutputs } from "./answer-spans.ts";
import type { Architecture } from "./architecture.ts";
import {
  type BertInputs,
  BertLayer,
  type BertLMHeadInputs,
  type BertLMHeadOutputs,
  type BertMaskedLMInputs,
  type BertOutputs,
  BertPredictions,
  bertInputSpecs,
  bertLayerKeys,
  checkBertConfig,
  runBertLayers,
} from "./bert.ts";
import { CausalLanguageModel } from "./causal-language-model.ts";
import type { DecoderTracingOptions } from "./causal-masks.ts";
import { type ChoiceLabels, choiceLabelSpec, choiceOutputs, flattenChoices, perChoice } from "./choices.ts";
import { type RowLabels, rowLabelSpec, rowLoss, type TokenLabels, tokenLabelSpec } from "./class-labels.ts";
import { type HeadOutputs, headOutputs, innerStates } from "./head-outputs.ts";
import {
  type IntentLabels,
  type IntentOutputs,
  intentHead,
  intentKeys,
  intentSpecs,
  withIntents,
} from "./intent-head.ts";
import { cachedLength } from "./key-value-cache.ts";
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpec, InputSpecs } from "./model-inputs.ts";
import { nextTokenSpecs, withNextTokenLoss } from "./next-tokens.ts";
import { PreTrainedModel } from "./pretrained-model.ts";
import { firstToken, selectionSpecs, selectPositions } from "./selected-positions.ts";
import { embedTokens, tokenShape } from "./token-inputs.ts";

export const robertaConfig = defineConfig("roberta", {
  vocabSize: size(50265),
  hiddenSize: size(768),
  numHiddenLayers: layerCount(12),
  numAttentionHeads: size(12),
  intermediateSize: size(3072),
  hiddenAct: oneOf(activationNames, "gelu"),
  hiddenDropoutProb: probability(0.1),
  attentionProbsDropoutProb: probability(0.1),
  /** Rows of the table: the longest text has padTokenId + 1 tokens less. */
  maxPositionEmbeddings: size(512),
  typeVocabSize: size(2),
  initializerRange: number(0.02),
  layerNormEps: number(1e-12),
  padTokenId: nullable(integer(), 1),
  bosTokenId: nullable(integer(), 0),
  eosTokenId: nullable(oneOrMore(integer(), 2), 2),
  useCache: boolean(true),
  /** Dropout before a classification head; hiddenDropoutProb when null. */
  classifierDropout: nullable(probability()),
  /** Whether tokens see only those before them. */
  isDecoder: boolean(false),
  /** Whether the layers of a decoder attend to an encoder's output as well. */
  addCrossAttention: boolean(false),
  tieWordEmbeddings: boolean(true),
});
export type RobertaConfig = ConfigOf<typeof robertaConfig>;

/** What all published sizes have, which is not what the configuration has when nothing is said. */
const published = { maxPositionEmbeddings: 514, typeVocabSize: 1, layerNormEps: 1e-5 } as const;

/** `base`, `large` and `distil` are published; the smaller ones have the widths of BERT's. */
export const robertaPresets = {
  tiny: { ...published, numHiddenLayers: 2, hiddenSize: 128, numAttentionHeads: 2, intermediateSize: 512 },
  mini: { ...published, numHiddenLayers: 4, hiddenSize: 256, numAttentionHeads: 4, intermediateSize: 1024 },
  small: { ...published, numHiddenLayers: 4, hiddenSize: 512, numAttentionHeads: 8, intermediateSize: 2048 },
  medium: { ...published, numHiddenLayers: 8, hiddenSize: 512, numAttentionHeads: 8, intermediateSize: 2048 },
  distil: { ...published, numHiddenLayers: 6 },
  base: published,
  large: { ...published, numHiddenLayers: 24, hiddenSize: 1024, numAttentionHeads: 16, intermediateSize: 4096 },
} as const;

class RobertaEmbeddings extends Module {
  readonly words: Embedding;
  readonly positions: Embedding;
  readonly tokenTypes: Embedding;
  readonly norm: LayerNorm;
  readonly dropout: Dropout;
  readonly #padding: number;

  constructor(config: RobertaConfig) {
    super();
    const initializer = normal(config.initializerRange);
    const paddingIndex = paddingToken(config);
    this.words = new Embedding(config.vocabSize, config.hiddenSize, { initializer, paddingIndex });
    this.positions = new Embedding(config.maxPositionEmbeddings, config.hiddenSize, { initializer, paddingIndex });
    this.tokenTypes = new Embedding(config.typeVocabSize, config.hiddenSize, { initializer });
    this.norm = new LayerNorm(config.hiddenSize, config.layerNormEps);
    this.dropout = new Dropout(config.hiddenDropoutProb);
    this.#padding = paddingIndex;
  }

  /** → [B, T, D]. */
  forward(inputs: BertInputs): SymbolicTensor {
    const { tokenTypeIds, positionIds = this.#countText(inputs) } = inputs;
    const types =
      tokenTypeIds === undefined
        ? slice(this.tokenTypes.weight, { axis: 0, start: 0, length: 1 })
        : this.tokenTypes.forward(tokenTypeIds);
    const sum = add(add(embedTokens(this.words, inputs), types), this.positions.forward(positionIds));
    return this.dropout.forward(this.norm.forward(sum));
  }

  /**
   * Positions [B, T]: padding + 1, padding + 2, … over what is no padding, which itself has the padding token's. In vectors
   * padding cannot be told, and all are counted, as in the reference: [1, T].
   */
  #countText({ pastKeyValues, ...tokens }: BertInputs): SymbolicTensor {
    const { inputIds } = tokens;
    const length = at(tokenShape(tokens), 1);
    if (inputIds === undefined) return reshape(range({ start: this.#padding + 1, length }), { shape: [1, length] });
    const places = range({ start: 0, length });
    const isEarlier = lessOrEqual(reshape(places, { shape: [length, 1] }), reshape(places, { shape: [1, length] }));
    const isText = cast(logicalNot(equal(inputIds, this.#padding)), { to: "float32" });
    const past = cast(range({ start: cachedLength(pastKeyValues), length: 1 }), { to: "float32" });
    const count = add(matmul(isText, cast(isEarlier, { to: "float32" })), past);
    return add(cast(mul(count, isText), { to: "int64" }), this.#padding);
  }
}

/** The padding token, without which positions cannot be counted. */
function paddingToken({ padTokenId }: RobertaConfig): number {
  if (padTokenId !== null) return padTokenId;
  throw new ConfigurationError("RoBERTa counts positions from its padding token.", {
    field: "pad_token_id",
    expected: "a token's id",
    received: "null",
  });
}

/** The encoder without a head; with the pooler unless `pooler` is false. */
export class RobertaModel extends PreTrainedModel<RobertaConfig, BertInputs, BertOutputs> {
  static readonly configuration = robertaConfig;
  readonly embeddings: RobertaEmbeddings;
  readonly layers: readonly BertLayer[];
  readonly pooler: Linear | undefined;

  constructor(config: RobertaConfig, options: { pooler?: boolean } = {}) {
    super(config);
    checkBertConfig(config);
    const { hiddenSize, initializerRange } = config;
    this.embeddings = new RobertaEmbeddings(config);
    this.layers = Array.from({ length: config.numHiddenLayers }, () => new BertLayer(config));
    this.pooler =
      options.pooler === false
        ? undefined
        : new Linear(hiddenSize, hiddenSize, { initializer: normal(initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return robertaInputSpecs(this.config, given);
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

/** The vocabulary head: BERT's, with an activation of its own. */
function predictionHead(config: RobertaConfig, { embeddings }: RobertaModel): BertPredictions {
  return new BertPredictions({ ...config, hiddenAct: "gelu" }, embeddings.words.weight);
}

/** An encoder, and what reads its output. */
abstract class RobertaWithHead<Inputs extends object, Outputs extends object> extends PreTrainedModel<
  RobertaConfig,
  Inputs,
  Outputs
> {
  static readonly configuration = robertaConfig;
  readonly roberta: RobertaModel;

  constructor(config: RobertaConfig, options?: { pooler?: boolean }) {
    super(config);
    this.roberta = new RobertaModel(config, options);
  }

  override get keys(): KeyTable {
    return headKeys;
  }
}

/** logits [B, T, V], or [S, V] with positions. */
export class RobertaForMaskedLM extends RobertaWithHead<BertMaskedLMInputs, HeadOutputs> {
  readonly predictions: BertPredictions;

  constructor(config: RobertaConfig) {
    super(config, { pooler: false });
    this.predictions = predictionHead(config, this.roberta);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...robertaInputSpecs(this.config, given), ...selectionSpecs(given, "labels", this.config.vocabSize) };
  }

  override forward({ labels, positions, ...inputs }: BertMaskedLMInputs): HeadOutputs {
    const encoded = this.roberta.forward(inputs);
    const logits = this.predictions.forward(selectPositions(encoded.lastHiddenState, positions));
    return headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
  }
}

/** The language model of a decoder. Without `isDecoder`, tokens see later ones too, as in the reference. */
export class RobertaForCausalLM extends CausalLanguageModel<RobertaConfig, BertLMHeadInputs, BertLMHeadOutputs> {
  static readonly configuration = robertaConfig;
  readonly roberta: RobertaModel;
  readonly predictions: BertPredictions;

  constructor(config: RobertaConfig) {
    super(config);
    this.roberta = new RobertaModel(config, { pooler: false });
    this.predictions = predictionHead(config, this.roberta);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...robertaInputSpecs(this.config, given), ...nextTokenSpecs(given, this.config.vocabSize) };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override get maximumLength(): number {
    return longestText(this.config);
  }

  override forward(inputs: BertLMHeadInputs & DecoderTracingOptions): BertLMHeadOutputs {
    const { labels: _labels, nextTokenIds: _nextTokenIds, positions, ...rest } = inputs;
    const { lastHiddenState, poolerOutput: _poolerOutput, ...states } = this.roberta.forward(rest);
    const logits = this.predictions.forward(selectPositions(lastHiddenState, positions));
    return withNextTokenLoss({ logits, ...states }, inputs);
  }
}

/** Dropout before a classifier. */
function classifierDropout({ classifierDropout, hiddenDropoutProb }: RobertaConfig): Dropout {
  return new Dropout(classifierDropout ?? hiddenDropoutProb);
}

/** The first token through two layers with tanh between: logits [B, C]. */
export class RobertaForSequenceClassification extends RobertaWithHead<BertInputs & RowLabels, HeadOutputs> {
  readonly dropout: Dropout;
  readonly dense: Linear;
  readonly classifier: Linear;

  constructor(config: RobertaConfig) {
    super(config, { pooler: false });
    const initializer = normal(config.initializerRange);
    this.dropout = classifierDropout(config);
    this.dense = new Linear(config.hiddenSize, config.hiddenSize, { initializer });
    this.classifier = new Linear(config.hiddenSize, config.numLabels, { initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...robertaInputSpecs(this.config, given), labels: rowLabelSpec(this.config) };
  }

  override get keys(): KeyTable {
    return rowClassifierKeys;
  }

  override forward({ labels, ...inputs }: BertInputs & RowLabels): HeadOutputs {
    const encoded = this.roberta.forward(inputs);
    const first = this.dropout.forward(firstToken(encoded.lastHiddenState));
    const logits = this.classifier.forward(this.dropout.forward(tanh(this.dense.forward(first))));
    return headOutputs(logits, encoded, labels && rowLoss(logits, labels, this.config));
  }
}

/** Every token through a linear layer: logits [B, T, C]. */
export class RobertaForTokenClassification extends RobertaWithHead<
  BertInputs & TokenLabels & IntentLabels,
  IntentOutputs
> {
  readonly dropout: Dropout;
  readonly classifier: Linear;
  readonly intents: Linear | undefined;

  constructor(config: RobertaConfig) {
    super(config, { pooler: false });
    this.dropout = classifierDropout(config);
    this.classifier = new Linear(config.hiddenSize, config.numLabels, { initializer: normal(config.initializerRange) });
    this.intents = intentHead(config, config.hiddenSize);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return {
      ...robertaInputSpecs(this.config, given),
      labels: tokenLabelSpec(this.config),
      ...intentSpecs(this.config),
    };
  }

  override forward({ labels, intentLabels, ...inputs }: BertInputs & TokenLabels & IntentLabels): IntentOutputs {
    const encoded = this.roberta.forward(inputs);
    const hidden = this.dropout.forward(encoded.lastHiddenState);
    const logits = this.classifier.forward(hidden);
    const outputs = headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
    return withIntents(outputs, this.intents, () => firstToken(hidden), intentLabels);
  }
}

/** Every token through a linear layer with two results: whether an answer begins there, and whether it ends there. */
export class RobertaForQuestionAnswering extends RobertaWithHead<BertInputs & SpanLabels, SpanOutputs> {
  readonly answers: Linear;

  constructor(config: RobertaConfig) {
    super(config, { pooler: false });
    const initializer = normal(config.initializerRange);
    this.answers = new Linear(config.hiddenSize, requireTwoLabels(config.numLabels), { initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...robertaInputSpecs(this.config, given), ...spanLabelSpecs };
  }

  override forward({ startPositions, endPositions, ...inputs }: BertInputs & SpanLabels): SpanOutputs {
    const encoded = this.roberta.forward(inputs);
    const logits = this.answers.forward(encoded.lastHiddenState);
    return spanOutputs(logits, { startPositions, endPositions }, innerStates(encoded));
  }
}

/** Inputs [B, C, T], each choice a row of its own, its pooled first token through a linear layer: logits [B, C]. */
export class RobertaForMultipleChoice extends RobertaWithHead<BertInputs & ChoiceLabels, HeadOutputs> {
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: RobertaConfig) {
    super(config);
    this.dropout = new Dropout(config.hiddenDropoutProb);
    this.classifier = new Linear(config.hiddenSize, 1, { initializer: normal(config.initializerRange) });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...perChoice(robertaInputSpecs(this.config, given)), labels: choiceLabelSpec };
  }

  override forward({ labels, ...inputs }: BertInputs & ChoiceLabels): HeadOutputs {
    const encoded = this.roberta.forward(flattenChoices(inputs));
    const scores = this.classifier.forward(this.dropout.forward(encoded.poolerOutput as SymbolicTensor));
    return choiceOutputs(scores, { ...inputs, labels }, encoded);
  }
}

/** Tokens of the longest text. */
function longestText(config: RobertaConfig): number {
  return config.maxPositionEmbeddings - paddingToken(config) - 1;
}

function robertaInputSpecs(config: RobertaConfig, given: ReadonlySet<string>): InputSpecs {
  const specs = bertInputSpecs(config, given);
  const name = given.has("inputsEmbeds") ? "inputsEmbeds" : "inputIds";
  const tokens = specs[name] as InputSpec;
  return { ...specs, [name]: { ...tokens, longest: tokens.longest === undefined ? undefined : longestText(config) } };
}

const encoderKeys: KeyTable = {
  prefix: "roberta",
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
  "predictions.dense": "lm_head.dense",
  "predictions.norm": "lm_head.layer_norm",
  "predictions.decoder": "lm_head.decoder.weight",
  "predictions.bias": "lm_head.bias",
  "predictions.decoderBias": "lm_head.decoder.bias",
  answers: "qa_outputs",
  ...intentKeys,
});

const rowClassifierKeys = withHead(encoderKeys, { dense: "classifier.dense", classifier: "classifier.out_proj" });

export const roberta: Architecture = {
  configuration: robertaConfig,
  presets: robertaPresets,
  pretraining: {
    objective: "masked-language-modeling",
    masking: { rows: "full-sentences" },
    tokenizerKind: "bpe",
    narrowStart: {
      embeddings: ["embeddings.word_embeddings.weight", "embeddings.token_type_embeddings.weight"],
      positions: "embeddings.position_embeddings.weight",
      residual: ["attention.output.dense.weight", "output.dense.weight"],
      outputBias: "lm_head.bias",
    },
    settings: ({ vocabSize, maximumLength, padTokenId = 1, bosTokenId, eosTokenId, dropout, isCausal }) => ({
      vocabSize,
      padTokenId,
      maxPositionEmbeddings: maximumLength + padTokenId + 1,
      ...(bosTokenId === undefined ? {} : { bosTokenId }),
      ...(eosTokenId === undefined ? {} : { eosTokenId }),
      ...(dropout === undefined ? {} : { hiddenDropoutProb: dropout, attentionProbsDropoutProb: dropout }),
      ...(isCausal ? { isDecoder: true } : {}),
    }),
  },
  isCausal: ({ isDecoder }: RobertaConfig) => isDecoder,
  sizes: (config: RobertaConfig) => ({
    layers: config.numHiddenLayers,
    width: config.hiddenSize,
    heads: config.numAttentionHeads,
    maximumLength: longestText(config),
  }),
  classes: {
    RobertaModel,
    RobertaForMaskedLM,
    RobertaForCausalLM,
    RobertaForSequenceClassification,
    RobertaForTokenClassification,
    RobertaForQuestionAnswering,
    RobertaForMultipleChoice,
  },
  tasks: {
    base: RobertaModel,
    preTraining: RobertaForMaskedLM,
    maskedLM: RobertaForMaskedLM,
    causalLM: RobertaForCausalLM,
    sequenceClassification: RobertaForSequenceClassification,
    tokenClassification: RobertaForTokenClassification,
    questionAnswering: RobertaForQuestionAnswering,
    multipleChoice: RobertaForMultipleChoice,
  },
};

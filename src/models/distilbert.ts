/**
 * DistilBERT: a BERT of half the layers, without segments and pooler.
 *
 * Paper: Sanh et al. 2019, https://arxiv.org/abs/1910.01108 (§3). Departures: none. It was published as the student of a
 * larger BERT; here it is a model like any other.
 * Shapes: B batch, T tokens, D dim, H heads, V vocabulary, S selected positions, C classes or choices.
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
  type Initializer,
  linear,
  Parameter,
  range,
  relu,
  reshape,
  type SymbolicTensor,
} from "../graph/index.ts";
import {
  activation,
  activationNames,
  crossEntropy,
  Dropout,
  Embedding,
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

export const distilbertConfig = defineConfig("distilbert", {
  vocabSize: size(30522),
  maxPositionEmbeddings: size(512),
  /** Whether positions begin as sines and cosines; they are trained all the same. */
  sinusoidalPosEmbds: boolean(false),
  nLayers: layerCount(6, { otherKeys: ["num_hidden_layers"] }),
  nHeads: size(12, { otherKeys: ["num_attention_heads"] }),
  dim: size(768, { otherKeys: ["hidden_size"] }),
  hiddenDim: size(3072),
  dropout: probability(0.1),
  attentionDropout: probability(0.1),
  activation: oneOf(activationNames, "gelu"),
  initializerRange: number(0.02),
  /** Dropout before the head for questions. */
  qaDropout: probability(0.1),
  /** Dropout before the heads for rows and for choices. */
  seqClassifDropout: probability(0.2),
  padTokenId: nullable(integer(), 0),
  eosTokenId: nullable(oneOrMore(integer(), 0)),
  bosTokenId: nullable(integer()),
  tieWordEmbeddings: boolean(true),
});
export type DistilBertConfig = ConfigOf<typeof distilbertConfig>;

/** `base` is published; the smaller ones have half of the layers of BERT's. */
export const distilbertPresets = {
  tiny: { nLayers: 1, dim: 128, nHeads: 2, hiddenDim: 512 },
  mini: { nLayers: 2, dim: 256, nHeads: 4, hiddenDim: 1024 },
  small: { nLayers: 2, dim: 512, nHeads: 8, hiddenDim: 2048 },
  medium: { nLayers: 4, dim: 512, nHeads: 8, hiddenDim: 2048 },
  base: {},
} as const;

/** Not among the settings. */
const layerNormEps = 1e-12;

export interface DistilBertInputs extends TokenInputs {
  /** [B, T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64; 0, 1, … when left out. */
  readonly positionIds?: SymbolicTensor;
}

export interface DistilBertOutputs extends InnerStates {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
}

/** Vaswani et al. 2017, §3.5: position p has sin(p / 10000^(2i/D)) at 2i and its cosine at 2i + 1. */
const sinusoids: Initializer = (_, values, [, width = 1]) => {
  for (let index = 0; index < values.length; index++) {
    const [position, feature] = [Math.floor(index / width), index % width];
    const angle = position / 10000 ** ((2 * Math.floor(feature / 2)) / width);
    values[index] = feature % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  }
};

class DistilBertEmbeddings extends Module {
  readonly words: Embedding;
  readonly positions: Embedding;
  readonly norm: LayerNorm;
  readonly dropout: Dropout;

  constructor(config: DistilBertConfig) {
    super();
    const initializer = normal(config.initializerRange);
    const paddingIndex = config.padTokenId ?? undefined;
    this.words = new Embedding(config.vocabSize, config.dim, { initializer, paddingIndex });
    this.positions = new Embedding(config.maxPositionEmbeddings, config.dim, {
      initializer: config.sinusoidalPosEmbds ? sinusoids : initializer,
    });
    this.norm = new LayerNorm(config.dim, layerNormEps);
    this.dropout = new Dropout(config.dropout);
  }

  /** → [B, T, D]. */
  forward({ positionIds, ...tokens }: DistilBertInputs): SymbolicTensor {
    const length = at(tokenShape(tokens), 1);
    const positions = positionIds ?? reshape(range({ start: 0, length }), { shape: [1, length] });
    return this.dropout.forward(
      this.norm.forward(add(embedTokens(this.words, tokens), this.positions.forward(positions))),
    );
  }
}

class DistilBertLayer extends Module {
  readonly attention: MultiHeadAttention;
  readonly attentionNorm: LayerNorm;
  readonly expansion: Linear;
  readonly contraction: Linear;
  readonly outputNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: DistilBertConfig) {
    super();
    const { dim, hiddenDim } = config;
    const initializer = normal(config.initializerRange);
    this.attention = new MultiHeadAttention(dim, {
      heads: config.nHeads,
      dropout: config.attentionDropout,
      initializer,
    });
    this.attentionNorm = new LayerNorm(dim, layerNormEps);
    this.expansion = new Linear(dim, hiddenDim, { initializer });
    this.contraction = new Linear(hiddenDim, dim, { initializer });
    this.outputNorm = new LayerNorm(dim, layerNormEps);
    this.dropout = new Dropout(config.dropout);
    this.#activation = activation(config.activation);
  }

  /** hidden [B, T, D], mask [B, 1, 1, T] (additive) → the next hidden [B, T, D] and the attention's probabilities. */
  forward(hidden: SymbolicTensor, mask: SymbolicTensor | undefined) {
    const attended = this.attention.forward(hidden, { mask });
    const normed = this.attentionNorm.forward(add(hidden, attended.output));
    const expanded = this.#activation(this.expansion.forward(normed));
    const contracted = this.dropout.forward(this.contraction.forward(expanded));
    return { output: this.outputNorm.forward(add(normed, contracted)), probabilities: attended.probabilities };
  }
}

/** The encoder without a head. */
export class DistilBertModel extends PreTrainedModel<DistilBertConfig, DistilBertInputs, DistilBertOutputs> {
  static readonly configuration = distilbertConfig;
  readonly embeddings: DistilBertEmbeddings;
  readonly layers: readonly DistilBertLayer[];

  constructor(config: DistilBertConfig) {
    super(config);
    checkConfig(config);
    this.embeddings = new DistilBertEmbeddings(config);
    this.layers = Array.from({ length: config.nLayers }, () => new DistilBertLayer(config));
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return distilbertInputSpecs(this.config, given);
  }

  override get keys(): KeyTable {
    return encoderKeys;
  }

  override forward(inputs: DistilBertInputs): DistilBertOutputs {
    const mask = inputs.attentionMask && paddingMask(inputs.attentionMask);
    const hiddenStates = [this.embeddings.forward(inputs)];
    const attentions: SymbolicTensor[] = [];
    for (const [index, layer] of this.layers.entries()) {
      const { output, probabilities } = layer.forward(at(hiddenStates, index), mask);
      hiddenStates.push(output);
      attentions.push(probabilities);
    }
    return { lastHiddenState: at(hiddenStates, this.layers.length), hiddenStates, attentions };
  }
}

function checkConfig({ dim, nHeads }: DistilBertConfig): void {
  if (dim % nHeads === 0) return;
  throw new ConfigurationError(`${nHeads} heads do not share ${dim} features evenly`, {
    field: "n_heads",
    expected: `a divisor of dim ${dim}`,
    received: String(nHeads),
  });
}

/** An encoder, and what reads its output. */
abstract class DistilBertWithHead<Inputs extends object, Outputs extends object> extends PreTrainedModel<
  DistilBertConfig,
  Inputs,
  Outputs
> {
  static readonly configuration = distilbertConfig;
  readonly distilbert: DistilBertModel;

  constructor(config: DistilBertConfig) {
    super(config);
    this.distilbert = new DistilBertModel(config);
  }

  override get keys(): KeyTable {
    return headKeys;
  }
}

export interface DistilBertMaskedLMInputs extends DistilBertInputs, SelectedPositions {
  /** [B, T], or [S] with positions, of int64: −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
}

/** logits [B, T, V], or [S, V] with positions: dense, activation, LayerNorm, then the (tied) word embeddings. */
export class DistilBertForMaskedLM extends DistilBertWithHead<DistilBertMaskedLMInputs, HeadOutputs> {
  readonly dense: Linear;
  readonly norm: LayerNorm;
  /** [V, D] */
  readonly decoder: Parameter;
  /** [V] */
  readonly bias: Parameter;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: DistilBertConfig) {
    super(config);
    const initializer = normal(config.initializerRange);
    const words = this.distilbert.embeddings.words.weight;
    this.dense = new Linear(config.dim, config.dim, { initializer });
    this.norm = new LayerNorm(config.dim, layerNormEps);
    this.decoder = config.tieWordEmbeddings ? words : new Parameter([config.vocabSize, config.dim], initializer);
    this.bias = new Parameter([config.vocabSize], zeros);
    this.#activation = activation(config.activation);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...distilbertInputSpecs(this.config, given), ...selectionSpecs(given, "labels", this.config.vocabSize) };
  }

  override forward({ labels, positions, ...inputs }: DistilBertMaskedLMInputs): HeadOutputs {
    const encoded = this.distilbert.forward(inputs);
    const hidden = selectPositions(encoded.lastHiddenState, positions);
    const transformed = this.norm.forward(this.#activation(this.dense.forward(hidden)));
    const logits = linear(transformed, this.decoder, this.bias, { transposeWeight: true });
    return headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
  }
}

/** The first token through two layers with relu between: one result for each class. */
class FirstTokenClassifier extends Module {
  readonly dense: Linear;
  readonly dropout: Dropout;
  readonly classifier: Linear;

  constructor(config: DistilBertConfig, classes: number) {
    super();
    const initializer = normal(config.initializerRange);
    this.dense = new Linear(config.dim, config.dim, { initializer });
    this.dropout = new Dropout(config.seqClassifDropout);
    this.classifier = new Linear(config.dim, classes, { initializer });
  }

  /** hidden [B, T, D] → [B, classes]. */
  forward(hidden: SymbolicTensor): SymbolicTensor {
    return this.classifier.forward(this.dropout.forward(relu(this.dense.forward(firstToken(hidden)))));
  }
}

/** logits [B, C] */
export class DistilBertForSequenceClassification extends DistilBertWithHead<DistilBertInputs & RowLabels, HeadOutputs> {
  readonly head: FirstTokenClassifier;

  constructor(config: DistilBertConfig) {
    super(config);
    this.head = new FirstTokenClassifier(config, config.numLabels);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...distilbertInputSpecs(this.config, given), labels: rowLabelSpec(this.config) };
  }

  override forward({ labels, ...inputs }: DistilBertInputs & RowLabels): HeadOutputs {
    const encoded = this.distilbert.forward(inputs);
    const logits = this.head.forward(encoded.lastHiddenState);
    return headOutputs(logits, encoded, labels && rowLoss(logits, labels, this.config));
  }
}

/** Every token through a linear layer: logits [B, T, C]. */
export class DistilBertForTokenClassification extends DistilBertWithHead<
  DistilBertInputs & TokenLabels & IntentLabels,
  IntentOutputs
> {
  readonly dropout: Dropout;
  readonly classifier: Linear;
  readonly intents: Linear | undefined;

  constructor(config: DistilBertConfig) {
    super(config);
    this.dropout = new Dropout(config.dropout);
    this.classifier = new Linear(config.dim, config.numLabels, { initializer: normal(config.initializerRange) });
    this.intents = intentHead(config, config.dim);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return {
      ...distilbertInputSpecs(this.config, given),
      labels: tokenLabelSpec(this.config),
      ...intentSpecs(this.config),
    };
  }

  override forward({ labels, intentLabels, ...inputs }: DistilBertInputs & TokenLabels & IntentLabels): IntentOutputs {
    const encoded = this.distilbert.forward(inputs);
    const hidden = this.dropout.forward(encoded.lastHiddenState);
    const logits = this.classifier.forward(hidden);
    const outputs = headOutputs(logits, encoded, labels && crossEntropy(logits, labels));
    return withIntents(outputs, this.intents, () => firstToken(hidden), intentLabels);
  }
}

/** Every token through a linear layer with two results: whether an answer begins there, and whether it ends there. */
export class DistilBertForQuestionAnswering extends DistilBertWithHead<DistilBertInputs & SpanLabels, SpanOutputs> {
  readonly dropout: Dropout;
  readonly answers: Linear;

  constructor(config: DistilBertConfig) {
    super(config);
    this.dropout = new Dropout(config.qaDropout);
    const initializer = normal(config.initializerRange);
    this.answers = new Linear(config.dim, requireTwoLabels(config.numLabels), { initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...distilbertInputSpecs(this.config, given), ...spanLabelSpecs };
  }

  override forward({ startPositions, endPositions, ...inputs }: DistilBertInputs & SpanLabels): SpanOutputs {
    const encoded = this.distilbert.forward(inputs);
    const logits = this.answers.forward(this.dropout.forward(encoded.lastHiddenState));
    return spanOutputs(logits, { startPositions, endPositions }, innerStates(encoded));
  }
}

/** Inputs [B, C, T], each choice a row of its own: logits [B, C]. */
export class DistilBertForMultipleChoice extends DistilBertWithHead<DistilBertInputs & ChoiceLabels, HeadOutputs> {
  readonly head: FirstTokenClassifier;

  constructor(config: DistilBertConfig) {
    super(config);
    this.head = new FirstTokenClassifier(config, 1);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...perChoice(distilbertInputSpecs(this.config, given)), labels: choiceLabelSpec };
  }

  override forward({ labels, ...inputs }: DistilBertInputs & ChoiceLabels): HeadOutputs {
    const encoded = this.distilbert.forward(flattenChoices(inputs));
    const scores = this.head.forward(encoded.lastHiddenState);
    return choiceOutputs(scores, { ...inputs, labels }, encoded);
  }
}

function distilbertInputSpecs(config: DistilBertConfig, given: ReadonlySet<string>): InputSpecs {
  const { vocabSize, maxPositionEmbeddings } = config;
  const longest = given.has("positionIds") ? undefined : maxPositionEmbeddings;
  return {
    ...tokenSpecs(given, { vocabSize, width: config.dim, longest }),
    attentionMask: perToken,
    positionIds: { ...perToken, below: maxPositionEmbeddings, repeatsRow: true },
  };
}

const encoderKeys: KeyTable = {
  prefix: "distilbert",
  names: {
    "embeddings.words": "embeddings.word_embeddings",
    "embeddings.positions": "embeddings.position_embeddings",
    "embeddings.norm": "embeddings.LayerNorm",
    "layers.*.attention.query": "transformer.layer.*.attention.q_lin",
    "layers.*.attention.key": "transformer.layer.*.attention.k_lin",
    "layers.*.attention.value": "transformer.layer.*.attention.v_lin",
    "layers.*.attention.output": "transformer.layer.*.attention.out_lin",
    "layers.*.attentionNorm": "transformer.layer.*.sa_layer_norm",
    "layers.*.expansion": "transformer.layer.*.ffn.lin1",
    "layers.*.contraction": "transformer.layer.*.ffn.lin2",
    "layers.*.outputNorm": "transformer.layer.*.output_layer_norm",
  },
  ignored: ["embeddings.position_ids"],
};

const headKeys = withHead(encoderKeys, {
  dense: "vocab_transform",
  norm: "vocab_layer_norm",
  decoder: "vocab_projector.weight",
  bias: "vocab_projector.bias",
  "head.dense": "pre_classifier",
  "head.classifier": "classifier",
  answers: "qa_outputs",
  ...intentKeys,
});

export const distilbert: Architecture = {
  configuration: distilbertConfig,
  presets: distilbertPresets,
  pretraining: {
    objective: "masked-language-modeling",
    tokenizerKind: "wordpiece",
    narrowStart: {
      embeddings: ["embeddings.word_embeddings.weight"],
      positions: "embeddings.position_embeddings.weight",
      residual: ["attention.out_lin.weight", "ffn.lin2.weight"],
      outputBias: "vocab_projector.bias",
    },
    settings: ({ vocabSize, maximumLength, padTokenId, dropout }) => ({
      vocabSize,
      maxPositionEmbeddings: maximumLength,
      ...(padTokenId === undefined ? {} : { padTokenId }),
      ...(dropout === undefined ? {} : { dropout, attentionDropout: dropout }),
    }),
  },
  sizes: (config: DistilBertConfig) => ({
    layers: config.nLayers,
    width: config.dim,
    heads: config.nHeads,
    maximumLength: config.maxPositionEmbeddings,
  }),
  classes: {
    DistilBertModel,
    DistilBertForMaskedLM,
    DistilBertForSequenceClassification,
    DistilBertForTokenClassification,
    DistilBertForQuestionAnswering,
    DistilBertForMultipleChoice,
  },
  tasks: {
    base: DistilBertModel,
    preTraining: DistilBertForMaskedLM,
    maskedLM: DistilBertForMaskedLM,
    sequenceClassification: DistilBertForSequenceClassification,
    tokenClassification: DistilBertForTokenClassification,
    questionAnswering: DistilBertForQuestionAnswering,
    multipleChoice: DistilBertForMultipleChoice,
  },
};

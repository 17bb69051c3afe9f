/**
 * OpenAI GPT: a left-to-right Transformer decoder with LayerNorm after each part.
 *
 * Paper: Radford et al. 2018, "Improving Language Understanding by Generative Pre-Training" (§3.1; sizes in §4.1).
 * Departures: none. As published, what lies ahead scores −10,000 instead of nothing, `gelu` is its approximation by tanh,
 * and there is no cache: each new token reads the whole text again.
 * Shapes: B batch, T tokens, D nEmbd, H heads, V vocabulary, S selected positions, C classes or choices.
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
  type Dimension,
  less,
  logicalAnd,
  logicalNot,
  matmul,
  Parameter,
  range,
  reshape,
  type SymbolicTensor,
  softmax,
  split,
  sub,
  where,
} from "../graph/index.ts";
import {
  activation,
  activationNames,
  Conv1DLinear,
  Dropout,
  Embedding,
  LayerNorm,
  Linear,
  Module,
  mergeHeads,
  normal,
  paddingMask,
  splitHeads,
} from "../nn/index.ts";
import type { Architecture } from "./architecture.ts";
import { CausalLanguageModel } from "./causal-language-model.ts";
import type { DecoderTracingOptions } from "./causal-masks.ts";
import { flattenChoices } from "./choices.ts";
import { type RowLabels, rowLabelSpec, rowLoss } from "./class-labels.ts";
import {
  type DoubleHeadsLabels,
  type DoubleHeadsOutputs,
  doubleHeadsOutputs,
  doubleHeadsSpecs,
} from "./double-heads.ts";
import { type HeadOutputs, headOutputs, type InnerStates } from "./head-outputs.ts";
import { type KeyTable, withHead } from "./keys.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { type NextTokenLabels, nextTokenSpecs, withNextTokenLoss } from "./next-tokens.ts";
import { PreTrainedModel } from "./pretrained-model.ts";
import { perToken, selectPositions } from "./selected-positions.ts";
import { lastToken, lastTokenSpecs, SequenceSummary, summaryTypes } from "./sequence-summary.ts";
import { embedTokens, type TokenInputs, tokenShape, tokenSpecs } from "./token-inputs.ts";

/** The published names of the activation functions, which mean what they mean elsewhere, but for `gelu`. */
const activationsByName = { relu: "relu", silu: "silu", swish: "silu", gelu: "gelu_new" } as const;

export const openaiGptConfig = defineConfig("openai-gpt", {
  vocabSize: size(40478),
  nPositions: size(512, { otherKeys: ["max_position_embeddings"] }),
  nEmbd: size(768, { otherKeys: ["hidden_size"] }),
  nLayer: layerCount(12, { otherKeys: ["num_hidden_layers"] }),
  nHead: size(12, { otherKeys: ["num_attention_heads"] }),
  afn: oneOf(["gelu", "relu", "silu", "swish"], "gelu"),
  residPdrop: probability(0.1),
  embdPdrop: probability(0.1),
  attnPdrop: probability(0.1),
  layerNormEpsilon: number(1e-5),
  initializerRange: number(0.02),
  /** How the head for choices sums up a row, with a projection unless `summaryUseProj` is false. */
  summaryType: oneOf(summaryTypes, "cls_index"),
  summaryUseProj: boolean(true),
  summaryActivation: nullable(oneOf(activationNames, "tanh")),
  summaryProjToLabels: boolean(true),
  summaryFirstDropout: probability(0.1),
  padTokenId: nullable(integer()),
  bosTokenId: nullable(integer()),
  eosTokenId: nullable(oneOrMore(integer(), 0)),
  tieWordEmbeddings: boolean(true),
});
export type OpenAIGPTConfig = ConfigOf<typeof openaiGptConfig>;

/** `base` is the paper's; the smaller ones have the widths of BERT's. */
export const openaiGptPresets = {
  tiny: { nLayer: 2, nEmbd: 128, nHead: 2 },
  mini: { nLayer: 4, nEmbd: 256, nHead: 4 },
  base: {},
} as const;

export interface OpenAIGPTInputs extends TokenInputs {
  /** [B, T] of int64: 1 on text, 0 on padding; all text when left out. */
  readonly attentionMask?: SymbolicTensor;
  /** [B, T] of int64: looked up in the word embedding and added. */
  readonly tokenTypeIds?: SymbolicTensor;
  /** [B, T] of int64; 0, 1, … when left out, over padding too. */
  readonly positionIds?: SymbolicTensor;
}

export interface OpenAIGPTOutputs extends InnerStates {
  /** [B, T, D] */
  readonly lastHiddenState: SymbolicTensor;
}

/** What the attention scores become: where a token may not look, and what is added then. */
interface AttentionMasks {
  /** [1, 1, T, T] of bool: whether the key stands no later than the query, and within its window. */
  readonly visible: SymbolicTensor;
  /** [B, 1, 1, T] (additive) */
  readonly padding: SymbolicTensor | undefined;
}

/** The score of what lies ahead. */
const ahead = -1e4;

class OpenAIGPTAttention extends Module {
  readonly queryKeyValue: Conv1DLinear;
  readonly output: Conv1DLinear;
  readonly dropout: Dropout;
  readonly #heads: number;

  constructor({ nEmbd, nHead, attnPdrop, initializerRange }: OpenAIGPTConfig) {
    super();
    this.queryKeyValue = new Conv1DLinear(nEmbd, 3 * nEmbd, normal(initializerRange));
    this.output = new Conv1DLinear(nEmbd, nEmbd, normal(initializerRange));
    this.dropout = new Dropout(attnPdrop);
    this.#heads = nHead;
  }

  /** hidden [B, T, D] → output [B, T, D] and probabilities [B, H, T, T]. */
  forward(hidden: SymbolicTensor, { visible, padding }: AttentionMasks) {
    const width = Number(at(hidden.shape, 2));
    const parts = split(this.queryKeyValue.forward(hidden), { axis: 2, sizes: [width, width, width] });
    const [query, key, value] = parts.map((part) => splitHeads(part, this.#heads)) as [
      SymbolicTensor,
      SymbolicTensor,
      SymbolicTensor,
    ];
    const alpha = 1 / Math.sqrt(width / this.#heads);
    const scores = where(visible, matmul(query, key, { transposeRight: true, alpha }), ahead);
    const weights = softmax(padding === undefined ? scores : add(scores, padding));
    const probabilities = this.dropout.forward(weights);
    return { output: this.output.forward(mergeHeads(matmul(probabilities, value))), probabilities };
  }
}

class OpenAIGPTLayer extends Module {
  readonly attention: OpenAIGPTAttention;
  readonly attentionNorm: LayerNorm;
  readonly expansion: Conv1DLinear;
  readonly contraction: Conv1DLinear;
  readonly outputNorm: LayerNorm;
  readonly dropout: Dropout;
  readonly #activation: ReturnType<typeof activation>;

  constructor(config: OpenAIGPTConfig) {
    super();
    const { nEmbd, initializerRange, layerNormEpsilon } = config;
    this.attention = new OpenAIGPTAttention(config);
    this.attentionNorm = new LayerNorm(nEmbd, layerNormEpsilon);
    this.expansion = new Conv1DLinear(nEmbd, 4 * nEmbd, normal(initializerRange));
    this.contraction = new Conv1DLinear(4 * nEmbd, nEmbd, normal(initializerRange));
    this.outputNorm = new LayerNorm(nEmbd, layerNormEpsilon);
    this.dropout = new Dropout(config.residPdrop);
    this.#activation = activation(activationsByName[config.afn]);
  }

  /** hidden [B, T, D] → the next hidden [B, T, D] and the attention's probabilities. */
  forward(hidden: SymbolicTensor, masks: AttentionMasks) {
    const attended = this.attention.forward(hidden, masks);
    const normed = this.attentionNorm.forward(add(hidden, this.dropout.forward(attended.output)));
    const expanded = this.#activation(this.expansion.forward(normed));
    const contracted = this.dropout.forward(this.contraction.forward(expanded));
    return { output: this.outputNorm.forward(add(normed, contracted)), probabilities: attended.probabilities };
  }
}

/** The decoder without a head. */
export class OpenAIGPTModel extends PreTrainedModel<OpenAIGPTConfig, OpenAIGPTInputs, OpenAIGPTOutputs> {
  static readonly configuration = openaiGptConfig;
  readonly words: Embedding;
  readonly positions: Embedding;
  readonly dropout: Dropout;
  readonly layers: readonly OpenAIGPTLayer[];

  /** `words` is the word embedding [V, D] where it belongs to somebody else already. */
  constructor(config: OpenAIGPTConfig, options: { words?: Parameter | undefined } = {}) {
    super(config);
    checkConfig(config);
    const initializer = normal(config.initializerRange);
    this.words = new Embedding(config.vocabSize, config.nEmbd, { initializer, weight: options.words });
    this.positions = new Embedding(config.nPositions, config.nEmbd, { initializer });
    this.dropout = new Dropout(config.embdPdrop);
    this.layers = Array.from({ length: config.nLayer }, () => new OpenAIGPTLayer(config));
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return gptInputSpecs(this.config, given);
  }

  override get keys(): KeyTable {
    return decoderKeys;
  }

  override forward(inputs: OpenAIGPTInputs & DecoderTracingOptions): OpenAIGPTOutputs {
    const { attentionMask, attentionWindows = this.config.attentionWindows } = inputs;
    const length = at(tokenShape(inputs), 1);
    const padding = attentionMask && paddingMask(attentionMask);
    const hiddenStates = [this.#embed(inputs)];
    const attentions: SymbolicTensor[] = [];
    for (const [index, layer] of this.layers.entries()) {
      const visible = visibleTokens(length, attentionWindows?.[index]);
      const { output, probabilities } = layer.forward(at(hiddenStates, index), { visible, padding });
      hiddenStates.push(output);
      attentions.push(probabilities);
    }
    return { lastHiddenState: at(hiddenStates, this.layers.length), hiddenStates, attentions };
  }

  /** → [B, T, D]. */
  #embed({ tokenTypeIds, positionIds, ...tokens }: OpenAIGPTInputs): SymbolicTensor {
    const length = at(tokenShape(tokens), 1);
    const positions = positionIds ?? reshape(range({ start: 0, length }), { shape: [1, length] });
    const sum = add(embedTokens(this.words, tokens), this.positions.forward(positions));
    return this.dropout.forward(tokenTypeIds === undefined ? sum : add(sum, this.words.forward(tokenTypeIds)));
  }
}

/** T tokens → [1, 1, T, T] of bool: whether the key stands no later than the query, and within its window. */
function visibleTokens(length: Dimension, window: number | undefined): SymbolicTensor {
  const places = range({ start: 0, length });
  const queries = reshape(places, { shape: [1, 1, length, 1] });
  const keys = reshape(places, { shape: [1, 1, 1, length] });
  const isEarlier = logicalNot(less(queries, keys));
  return window === undefined ? isEarlier : logicalAnd(isEarlier, less(sub(queries, keys), window));
}

function checkConfig({ nEmbd, nHead }: OpenAIGPTConfig): void {
  if (nEmbd % nHead === 0) return;
  throw new ConfigurationError(`${nHead} heads do not share ${nEmbd} features evenly`, {
    field: "n_head",
    expected: `a divisor of n_embd ${nEmbd}`,
    received: String(nHead),
  });
}

export interface OpenAIGPTLMHeadInputs extends OpenAIGPTInputs, NextTokenLabels {}

export class OpenAIGPTLMHeadModel extends CausalLanguageModel<OpenAIGPTConfig, OpenAIGPTLMHeadInputs, HeadOutputs> {
  static readonly configuration = openaiGptConfig;
  readonly transformer: OpenAIGPTModel;
  /** [V, D] */
  readonly head: Parameter;

  constructor(config: OpenAIGPTConfig) {
    super(config);
    this.transformer = new OpenAIGPTModel(config);
    this.head = config.tieWordEmbeddings ? this.transformer.words.weight : newHead(config);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return { ...gptInputSpecs(this.config, given), ...nextTokenSpecs(given, this.config.vocabSize) };
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override get maximumLength(): number {
    return this.config.nPositions;
  }

  /** logits [B, T, V], or [S, V] with positions: at each token those of the next. */
  override forward(inputs: OpenAIGPTLMHeadInputs & DecoderTracingOptions): HeadOutputs {
    const { labels: _labels, nextTokenIds: _nextTokenIds, positions, ...rest } = inputs;
    const { lastHiddenState, ...states } = this.transformer.forward(rest);
    const logits = matmul(selectPositions(lastHiddenState, positions), this.head, { transposeRight: true });
    return withNextTokenLoss({ logits, ...states }, inputs);
  }
}

function newHead({ vocabSize, nEmbd, initializerRange }: OpenAIGPTConfig): Parameter {
  return new Parameter([vocabSize, nEmbd], normal(initializerRange));
}

type OpenAIGPTDoubleHeadsInputs = OpenAIGPTInputs & DoubleHeadsLabels;

/** The language model, and a choice among texts: inputs [B, C, T]. */
export class OpenAIGPTDoubleHeadsModel extends PreTrainedModel<
  OpenAIGPTConfig,
  OpenAIGPTDoubleHeadsInputs,
  DoubleHeadsOutputs
> {
  static readonly configuration = openaiGptConfig;
  /** [V, D]; in this class the file holds tied weights under the head's name, not under the embedding's. */
  readonly head: Parameter;
  readonly transformer: OpenAIGPTModel;
  readonly choice: SequenceSummary;

  constructor(config: OpenAIGPTConfig) {
    super(config);
    this.head = newHead(config);
    this.transformer = new OpenAIGPTModel(config, config.tieWordEmbeddings ? { words: this.head } : {});
    this.choice = new SequenceSummary(config, config.nEmbd, 1);
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    return doubleHeadsSpecs(gptInputSpecs(this.config, given), this.config.vocabSize);
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override forward(inputs: OpenAIGPTDoubleHeadsInputs): DoubleHeadsOutputs {
    const { labels: _labels, mcTokenIds: _mcTokenIds, mcLabels: _mcLabels, ...rest } = inputs;
    const decoded = this.transformer.forward(flattenChoices(rest));
    return doubleHeadsOutputs(decoded, { words: this.head, summary: this.choice }, inputs);
  }
}

/** The last token that is no padding through a linear layer: logits [B, C]. */
export class OpenAIGPTForSequenceClassification extends PreTrainedModel<
  OpenAIGPTConfig,
  OpenAIGPTInputs & RowLabels,
  HeadOutputs
> {
  static readonly configuration = openaiGptConfig;
  readonly transformer: OpenAIGPTModel;
  readonly score: Linear;

  constructor(config: OpenAIGPTConfig) {
    super(config);
    this.transformer = new OpenAIGPTModel(config);
    const initializer = normal(config.initializerRange);
    this.score = new Linear(config.nEmbd, config.numLabels, { bias: false, initializer });
  }

  override inputSpecs(given: ReadonlySet<string>): InputSpecs {
    const specs = { ...gptInputSpecs(this.config, given), labels: rowLabelSpec(this.config) };
    return lastTokenSpecs(specs, this.config.padTokenId);
  }

  override get keys(): KeyTable {
    return headKeys;
  }

  override forward({ labels, ...inputs }: OpenAIGPTInputs & RowLabels): HeadOutputs {
    const decoded = this.transformer.forward(inputs);
    const logits = this.score.forward(lastToken(decoded.lastHiddenState, inputs, this.config.padTokenId));
    return headOutputs(logits, decoded, labels && rowLoss(logits, labels, this.config));
  }
}

function gptInputSpecs({ vocabSize, nPositions, nEmbd }: OpenAIGPTConfig, given: ReadonlySet<string>): InputSpecs {
  const longest = given.has("positionIds") ? undefined : nPositions;
  return {
    ...tokenSpecs(given, { vocabSize, width: nEmbd, longest }),
    attentionMask: perToken,
    tokenTypeIds: { ...perToken, below: vocabSize },
    positionIds: { ...perToken, below: nPositions, repeatsRow: true },
  };
}

const decoderKeys: KeyTable = {
  prefix: "transformer",
  names: {
    words: "tokens_embed",
    positions: "positions_embed",
    "layers.*.attention.queryKeyValue": "h.*.attn.c_attn",
    "layers.*.attention.output": "h.*.attn.c_proj",
    "layers.*.attentionNorm": "h.*.ln_1",
    "layers.*.expansion": "h.*.mlp.c_fc",
    "layers.*.contraction": "h.*.mlp.c_proj",
    "layers.*.outputNorm": "h.*.ln_2",
  },
  ignored: ["h.*.attn.bias", "position_ids"],
};

const headKeys = withHead(decoderKeys, {
  head: "lm_head.weight",
  "choice.projection": "multiple_choice_head.summary",
});

export const openaiGpt: Architecture = {
  configuration: openaiGptConfig,
  presets: openaiGptPresets,
  wordEmbeddings: "tokens_embed.weight",
  pretraining: {
    objective: "causal-language-modeling",
    tokenizerKind: "character-bpe",
    settings: ({ vocabSize, maximumLength, padTokenId, eosTokenId, dropout }) => ({
      vocabSize,
      nPositions: maximumLength,
      ...(padTokenId === undefined ? {} : { padTokenId }),
      ...(eosTokenId === undefined ? {} : { eosTokenId }),
      ...(dropout === undefined ? {} : { residPdrop: dropout, embdPdrop: dropout, attnPdrop: dropout }),
    }),
  },
  sizes: (config: OpenAIGPTConfig) => ({
    layers: config.nLayer,
    width: config.nEmbd,
    heads: config.nHead,
    maximumLength: config.nPositions,
  }),
  classes: {
    OpenAIGPTModel,
    OpenAIGPTLMHeadModel,
    OpenAIGPTDoubleHeadsModel,
    OpenAIGPTForSequenceClassification,
  },
  tasks: {
    base: OpenAIGPTModel,
    preTraining: OpenAIGPTLMHeadModel,
    causalLM: OpenAIGPTLMHeadModel,
    sequenceClassification: OpenAIGPTForSequenceClassification,
  },
};

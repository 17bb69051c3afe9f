/** What the rest of the house may ask of a kind of model without knowing it. */
import type { ConfigDefinition, Fields } from "../checkpoints/index.ts";
import type { ModelClass } from "./pretrained-model.ts";

/** What a model can be loaded for: the ending of the `AutoModelFor…` that does it; `base` is `AutoModel`. */
export const modelTasks = [
  "base",
  "preTraining",
  "threeClassPreTraining",
  "maskedLM",
  "causalLM",
  "seq2SeqLM",
  "sequenceClassification",
  "tokenClassification",
  "questionAnswering",
  "multipleChoice",
  "nextSentencePrediction",
] as const;
export type ModelTask = (typeof modelTasks)[number];

/** What a new model is made for. */
export interface NewModelSettings {
  readonly vocabSize: number;
  /** Tokens of the longest row. */
  readonly maximumLength: number;
  readonly padTokenId: number | undefined;
  readonly bosTokenId: number | undefined;
  readonly eosTokenId: number | undefined;
  /** Everywhere; the published rates when left out. */
  readonly dropout: number | undefined;
  /** Whether a token must not see those after it. */
  readonly isCausal: boolean;
}

/** Parts of the published names of the parameters that a narrow start treats in its own way. */
export interface NarrowStartParts {
  /** Tables of words and segments. */
  readonly embeddings: readonly string[];
  readonly positions: string;
  /** Projections into the residual stream. */
  readonly residual: readonly string[];
  /** The vocabulary head's bias. */
  readonly outputBias: string;
}

/** Where an architecture's masks are not single tokens of running text. */
export interface PublishedMasking {
  readonly unit?: "word" | "n-gram";
  /** Of masked language modeling alone. */
  readonly rows?: "full-sentences";
}

/** How an architecture is pretrained unless somebody says otherwise. */
export interface PretrainingDefaults {
  readonly objective: string;
  readonly masking?: PublishedMasking;
  /** The kind of tokenizer that it was published with. */
  readonly tokenizerKind: "wordpiece" | "bpe" | "character-bpe" | "unigram";
  /** What a narrow start needs; absent where none was tried. */
  readonly narrowStart?: NarrowStartParts;
  /** Settings of a new configuration, under the names of the architecture. */
  readonly settings: (wanted: NewModelSettings) => Readonly<Record<string, unknown>>;
}

/** Sizes under names that do not differ from one architecture to the next. */
export interface ModelSizes {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  /** Tokens of the longest row. */
  readonly maximumLength: number;
}

export interface Architecture<F extends Fields = Fields> {
  readonly configuration: ConfigDefinition<F>;
  /** Settings of the published sizes, by name. */
  readonly presets: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Every class by its published name. */
  readonly classes: Readonly<Record<string, ModelClass>>;
  readonly pretraining: PretrainingDefaults;
  /**
   * The published name of the word embedding within the base model, of architectures that predict next tokens with it:
   * fine-tuning can go on doing so.
   */
  readonly wordEmbeddings?: string;
  // biome-ignore lint/suspicious/noExplicitAny: each architecture has its own configuration
  readonly sizes: (config: any) => ModelSizes;
  /** Whether a model with these settings reads from left to right; each does when left out. */
  // biome-ignore lint/suspicious/noExplicitAny: each architecture has its own configuration
  readonly isCausal?: (config: any) => boolean;
  /** Which class each task takes. */
  readonly tasks: Readonly<Partial<Record<ModelTask, ModelClass>>>;
}

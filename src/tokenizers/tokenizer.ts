/** The tokenizer that users call: texts in, inputs of a model out. */
import { TokenizerError } from "../errors.ts";
import { type AddedToken, specialToken } from "./added-vocabulary.ts";
import { AlignedText } from "./aligned-text.ts";
import {
  checkCallOptions,
  readInputs,
  resolvePadding,
  resolveTruncation,
  type TokenizerCallOptions,
} from "./call-options.ts";
import { type ChatMessage, type ChatTemplateOptions, renderChat } from "./chat-template.ts";
import { cleanUpText } from "./decoders/wordpiece.ts";
import {
  type EncodedArrays,
  type EncodedBatchArrays,
  type EncodedTensors,
  toArrays,
  toBatchArrays,
  toTensors,
  type WantedFields,
} from "./encoded.ts";
import type { Encoding } from "./encoding.ts";
import { pad } from "./padding.ts";
import { SequencePostProcessor, templatePostProcessor } from "./post-processors/index.ts";
import { WordList } from "./pre-tokenizers/pre-tokenizer.ts";
import { withPrefixSpace } from "./prefix-space.ts";
import { savePretrainedTokenizer } from "./pretrained-files.ts";
import { SpecialTokens } from "./special-tokens.ts";
import { DecodeStream, EncodeStream } from "./streaming.ts";
import { type TextCutting, wordsOfEncoding } from "./text-cutting.ts";
import { SPECIAL_TOKEN_NAMES, type SpecialTokenName } from "./tokenizer-classes.ts";
import type { TokenizerConfig } from "./tokenizer-config.ts";
import type { TokenizerPipeline } from "./tokenizer-pipeline.ts";
import { type CreateTensor, createPlainTensor } from "./tokenizer-tensor.ts";

export interface DecodeOptions {
  skipSpecialTokens?: boolean | undefined;
  /** Remove spaces before punctuation; absent: as the tokenizer's settings say. */
  cleanUpTokenizationSpaces?: boolean | undefined;
}

type PlainOptions = TokenizerCallOptions & { returnTensors: false };
type TensorOptions = TokenizerCallOptions & { returnTensors?: true | undefined };
type Encoded = EncodedTensors | EncodedArrays | EncodedBatchArrays;
type Texts = string | readonly string[] | readonly (readonly string[])[];

type ChatTextOptions = ChatTemplateOptions & { tokenize: false };
type ChatTokensOptions = ChatTemplateOptions & TokenizerCallOptions & { tokenize?: true | undefined };

/** Ids as callers have them. */
export type IdSequence = Iterable<number | bigint>;

/**
 * A tokenizer, to be called: `tokenizer("a text")` or `tokenizer(["one", "another"], { padding: true })`. It returns
 * tensors [B, T], or with `returnTensors: false` plain arrays: flat for one text, nested for several.
 */
export interface Tokenizer {
  (words: readonly string[], options: PlainOptions & { isSplitIntoWords: true }): EncodedArrays;
  (text: string, options: PlainOptions): EncodedArrays;
  (texts: readonly string[] | readonly (readonly string[])[], options: PlainOptions): EncodedBatchArrays;
  (texts: Texts, options?: TensorOptions): EncodedTensors;
  (texts: Texts, options?: TokenizerCallOptions): Encoded;
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the call signature above is what `Callable` gives at run time.
export class Tokenizer extends SpecialTokens<[Texts, TokenizerCallOptions?], Encoded> {
  readonly config: TokenizerConfig;
  readonly #pipeline: TokenizerPipeline;
  readonly #createTensor: CreateTensor;
  /** Pipelines for calls that ask for another prefix space or language. */
  readonly #variants = new Map<string, TokenizerPipeline>();

  /** Special tokens of the configuration that the pipeline lacks are added to it. */
  constructor(pipeline: TokenizerPipeline, config: TokenizerConfig, createTensor: CreateTensor = createPlainTensor) {
    super();
    this.#pipeline = pipeline;
    this.config = config;
    this.#createTensor = createTensor;
    this.#addMissingTokens();
  }

  /** The parts that do the work: normalizer, pre-tokenizer, model, post-processor, decoder. */
  get pipeline(): TokenizerPipeline {
    return this.#pipeline;
  }

  /** Entries of the model's vocabulary, added tokens not counted. */
  get vocabSize(): number {
    return this.#pipeline.model.vocabulary.size;
  }

  /** All ids in use, added tokens included: the rows that an embedding needs. */
  get length(): number {
    return this.#pipeline.size;
  }

  get modelMaxLength(): number | undefined {
    return this.config.modelMaxLength;
  }

  get additionalSpecialTokens(): string[] {
    return this.config.additionalSpecialTokens.map((token) => token.content);
  }

  /** Special tokens without repetitions, named ones first. */
  get allSpecialTokens(): string[] {
    const named = SPECIAL_TOKEN_NAMES.flatMap((name) => this.specialToken(name) ?? []);
    return [...new Set([...named, ...this.additionalSpecialTokens])];
  }

  get allSpecialIds(): number[] {
    return this.allSpecialTokens.flatMap((token) => this.#pipeline.idOf(token) ?? []);
  }

  /** All tokens with their ids, added ones included. */
  getVocab(): Map<string, number> {
    const tokens = Array.from({ length: this.length }, (_, id) => [this.#pipeline.tokenOf(id), id] as const);
    return new Map(tokens.filter((entry): entry is readonly [string, number] => entry[0] !== undefined));
  }

  /** The tokens of a text, without special ones. */
  tokenize(text: string, options: { addSpecialTokens?: boolean; textPair?: string; lang?: string } = {}): string[] {
    const { addSpecialTokens = false, textPair } = options;
    return this.#pipelineFor({ lang: options.lang }).encode(text, textPair, { addSpecialTokens }).tokens;
  }

  /** A text as it is normalized, and the words that the model would be given; added tokens are not looked for. */
  wordsOf(text: string, options: { lang?: string | undefined } = {}): { normalized: string; words: string[] } {
    const { normalizer, preTokenizer } = this.#pipelineFor(options);
    const source = new AlignedText(text, false);
    const normalized = normalizer?.normalize(source) ?? source;
    const list = new WordList();
    if (preTokenizer) preTokenizer.preTokenize(normalized, list);
    else if (text !== "") list.add(normalized, 0, normalized.text.length);
    const shown = preTokenizer?.normalize?.(normalized) ?? normalized;
    return { normalized: shown.text, words: list.words.map((word) => word.text) };
  }

  /** How a text is cut, word by word, with the tokens that the model expects around it: to be read by people. */
  explain(text: string, options: { lang?: string | undefined } = {}): TextCutting {
    const encoded = this.#pipelineFor(options).encode(text, undefined, { addSpecialTokens: true });
    return { text, normalized: this.wordsOf(text, options).normalized, words: wordsOfEncoding(encoded) };
  }

  /** The ids of a text alone, without special tokens: the fast way, for corpora. */
  encodeIds(text: string): Int32Array {
    return this.#pipeline.encodeIds(text);
  }

  /** Encodes text that comes in pieces; joined, the ids are those of `encodeIds` for the whole. */
  encodeStream(): EncodeStream {
    return new EncodeStream(this.#pipeline);
  }

  /** Decodes ids that come one by one: whole characters only. */
  decodeStream(options: DecodeOptions = {}): DecodeStream {
    const byDefault = this.config.cleanUpTokenizationSpaces && this.#pipeline.model.allowsCleanUp;
    return new DecodeStream((ids) => this.decode(ids, options), options.cleanUpTokenizationSpaces ?? byDefault);
  }

  /** The id of a token; that of the unknown token, if there is one, for what is not in the vocabulary. */
  convertTokensToIds(tokens: readonly string[]): (number | undefined)[];
  convertTokensToIds(token: string): number | undefined;
  convertTokensToIds(tokens: string | readonly string[]): number | undefined | (number | undefined)[] {
    if (typeof tokens !== "string") return tokens.map((token) => this.convertTokensToIds(token));
    const unknown = this.specialToken("unk_token");
    return this.#pipeline.idOf(tokens) ?? (unknown === undefined ? undefined : this.#pipeline.idOf(unknown));
  }

  /** The token of an id; undefined for ids that stand for nothing. */
  convertIdsToTokens(id: number | bigint): string | undefined;
  convertIdsToTokens(ids: IdSequence, options?: { skipSpecialTokens?: boolean }): (string | undefined)[];
  convertIdsToTokens(
    ids: number | bigint | IdSequence,
    options: { skipSpecialTokens?: boolean } = {},
  ): string | undefined | (string | undefined)[] {
    if (typeof ids === "number" || typeof ids === "bigint") return this.#pipeline.tokenOf(Number(ids));
    const numbers = Array.from(ids, Number);
    const kept = options.skipSpecialTokens ? numbers.filter((id) => !this.#pipeline.isSpecial(id)) : numbers;
    return kept.map((id) => this.#pipeline.tokenOf(id));
  }

  /** The text of ids: numbers, BigInts, a typed array, or a tensor's `data`. */
  decode(ids: IdSequence, options: DecodeOptions = {}): string {
    const text = this.#pipeline.decode(Array.from(ids, Number), options.skipSpecialTokens ?? false);
    // The clean-up was made for WordPiece and takes spaces that byte-pair encoding kept: only if asked for.
    const byDefault = this.config.cleanUpTokenizationSpaces && this.#pipeline.model.allowsCleanUp;
    return (options.cleanUpTokenizationSpaces ?? byDefault) ? cleanUpText(text) : text;
  }

  /** The texts of several sequences of ids. */
  batchDecode(sequences: Iterable<IdSequence>, options: DecodeOptions = {}): string[] {
    return Array.from(sequences, (ids) => this.decode(ids, options));
  }

  /**
   * A chat in the words of the model: its tokens, as of a call without special tokens, or with `tokenize: false` its text.
   * The template is that of tokenizer_config.json or chat_template.jinja.
   */
  applyChatTemplate(messages: readonly ChatMessage[], options: ChatTextOptions): string;
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options: ChatTokensOptions & { returnTensors: false },
  ): EncodedArrays;
  applyChatTemplate(messages: readonly ChatMessage[], options?: ChatTokensOptions): EncodedTensors;
  applyChatTemplate(
    messages: readonly ChatMessage[],
    options: ChatTemplateOptions & TokenizerCallOptions & { tokenize?: boolean | undefined } = {},
  ): string | Encoded {
    const { chatTemplate, tools, documents, addGenerationPrompt, continueFinalMessage, variables, ...rest } = options;
    const { tokenize = true, ...call } = rest;
    const asked = { chatTemplate, tools, documents, addGenerationPrompt, continueFinalMessage, variables };
    const text = renderChat(messages, this.config, asked);
    return tokenize ? this.invoke(text, { addSpecialTokens: false, ...call }) : text;
  }

  /** Adds tokens that are found in texts whole; returns how many were new. The model's embedding may have to grow. */
  addTokens(tokens: readonly (string | AddedToken)[], options: { special?: boolean } = {}): number {
    const special = options.special ?? false;
    this.#variants.clear();
    return this.#pipeline.addTokens(
      tokens.map((token) =>
        typeof token === "string" ? specialToken(token, { special, normalized: !special }) : token,
      ),
    );
  }

  /**
   * The same tokenizer with special tokens around texts: `"[CLS] $A [SEP]"` for one, `"[CLS] $A [SEP] $B:1 [SEP]:1"` for a
   * pair. Throws a TokenizerError for a token that it does not have.
   */
  withTemplate(single: string, pair: string): Tokenizer {
    const { postProcessor: before } = this.#pipeline;
    const template = templatePostProcessor(single, pair, (token) => this.#idOfSpecial(token));
    const postProcessor = before === undefined ? template : new SequencePostProcessor([before, template]);
    return new Tokenizer(this.#pipeline.with({ postProcessor }), this.config, this.#createTensor);
  }

  /**
   * Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and the model's own vocabulary files; Python
   * opens the folder unchanged.
   */
  async savePretrained(folder: string): Promise<void> {
    await savePretrainedTokenizer({ pipeline: this.#pipeline, config: this.config }, folder);
  }

  protected specialToken(name: SpecialTokenName): string | undefined {
    return this.config.specialTokens.get(name)?.content;
  }

  protected setSpecialToken(name: SpecialTokenName, token: string | undefined): void {
    if (token === undefined) {
      this.config.specialTokens.delete(name);
      return;
    }
    this.config.specialTokens.set(name, this.#addedToken(token) ?? specialToken(token));
    this.#addMissingTokens();
  }

  protected invoke(texts: Texts, options: TokenizerCallOptions = {}): Encoded {
    checkCallOptions(options);
    const { isBatch, pairs } = readInputs(texts, options);
    const truncation = resolveTruncation(options, this.config);
    const padding = resolvePadding(options, this.config, truncation);
    const pipeline = this.#pipelineFor(options);
    const addSpecialTokens = options.addSpecialTokens ?? true;
    const encode = ([text, pair]: (typeof pairs)[number]): Encoding =>
      pipeline.encode(text, pair, { addSpecialTokens, truncation });
    const wanted = this.#wantedFields(options);
    const isPlain = options.returnTensors === false;
    if (isPlain && !padding) {
      // One after the other, so that what a text leaves behind is gone before the next.
      const rows = pairs.map((pair) => toArrays(encode(pair), wanted));
      return isBatch ? toBatchArrays(rows, wanted) : rows[0]!;
    }
    let encodings = pairs.map(encode);
    if (padding) {
      const { token, id } = this.requirePadding();
      encodings = pad(encodings, { ...padding, piece: { id, token, typeId: this.config.padTokenTypeId } });
    }
    if (!isPlain) return toTensors(encodings, wanted, this.#createTensor);
    const rows = encodings.map((encoding) => toArrays(encoding, wanted));
    return isBatch ? toBatchArrays(rows, wanted) : rows[0]!;
  }

  /** Plain arrays show everything that is not declined; tensors only what the model takes or the call asks for. */
  #wantedFields(options: TokenizerCallOptions): WantedFields {
    const isPlain = options.returnTensors === false;
    const takes = (name: string): boolean => isPlain || this.config.modelInputNames.includes(name);
    return {
      tokenTypeIds: options.returnTokenTypeIds ?? takes("token_type_ids"),
      attentionMask: options.returnAttentionMask ?? takes("attention_mask"),
      specialTokensMask: options.returnSpecialTokensMask ?? isPlain,
      offsetMapping: options.returnOffsetsMapping ?? isPlain,
      overflowing: options.returnOverflowingTokens ?? false,
    };
  }

  #pipelineFor({ addPrefixSpace, lang }: { addPrefixSpace?: boolean | undefined; lang?: string | undefined }) {
    if (addPrefixSpace === undefined && lang === undefined) return this.#pipeline;
    const key = `${addPrefixSpace} ${lang}`;
    let pipeline = this.#variants.get(key);
    if (!pipeline) {
      pipeline = addPrefixSpace === undefined ? this.#pipeline : withPrefixSpace(this.#pipeline, addPrefixSpace);
      if (lang !== undefined) pipeline = withLanguage(pipeline, lang);
      this.#variants.set(key, pipeline);
    }
    return pipeline;
  }

  #idOfSpecial(token: string): number {
    const id = this.#pipeline.idOf(token);
    if (id !== undefined) return id;
    throw new TokenizerError(`${token} is no token of this tokenizer.`, {
      field: "template",
      expected: "tokens of the vocabulary, $A and $B",
      received: token,
      hint: "Add it first, with addTokens.",
    });
  }

  #addedToken(content: string): AddedToken | undefined {
    return this.#pipeline.addedTokens().find((token) => token.content === content);
  }

  #addMissingTokens(): void {
    const wanted = [...this.config.specialTokens.values(), ...this.config.additionalSpecialTokens];
    const missing = wanted.filter((token) => this.#addedToken(token.content) === undefined);
    if (missing.length > 0) this.addTokens(missing);
  }
}

function withLanguage(pipeline: TokenizerPipeline, lang: string): TokenizerPipeline {
  const preTokenizer = pipeline.preTokenizer?.forLanguage?.(lang);
  if (preTokenizer) return pipeline.with({ preTokenizer });
  throw new TokenizerError("This tokenizer cuts all languages by the same rules.", {
    field: "lang",
    expected: "no language",
    received: lang,
    hint: "Leave lang out: only XLM's tokenizers ask for it.",
  });
}

/**
 * What a tokenizer.json describes: normalizer, pre-tokenizer, model, post-processor and decoder, in this order, with
 * added tokens found before all of them. It knows nothing of batches, padding or the names of special tokens.
 */
import { TokenizerError } from "../errors.ts";
import { type AddedToken, type AddedTokenWithId, AddedVocabulary } from "./added-vocabulary.ts";
import { AlignedText } from "./aligned-text.ts";
import type { Decoder } from "./decoders/index.ts";
import { Encoding, joinEncodings, type TextInput } from "./encoding.ts";
import type { Model } from "./models/index.ts";
import type { Normalizer } from "./normalizers/index.ts";
import type { PostProcessor } from "./post-processors/index.ts";
import type { PreTokenizer } from "./pre-tokenizers/index.ts";
import { type Truncation, truncate } from "./truncation.ts";

export interface PipelineParts {
  readonly normalizer?: Normalizer | undefined;
  readonly preTokenizer?: PreTokenizer | undefined;
  readonly model: Model;
  readonly postProcessor?: PostProcessor | undefined;
  readonly decoder?: Decoder | undefined;
  readonly addedTokens?: readonly AddedTokenWithId[] | undefined;
}

export interface EncodeOptions {
  readonly addSpecialTokens: boolean;
  readonly truncation?: Truncation | undefined;
}

export class TokenizerPipeline {
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer | undefined;
  readonly model: Model;
  readonly postProcessor: PostProcessor | undefined;
  readonly decoder: Decoder | undefined;
  #added: AddedVocabulary;

  constructor(parts: PipelineParts) {
    this.normalizer = parts.normalizer;
    this.preTokenizer = parts.preTokenizer;
    this.model = parts.model;
    this.postProcessor = parts.postProcessor;
    this.decoder = parts.decoder;
    this.#added = new AddedVocabulary(parts.addedTokens ?? [], parts.normalizer);
  }

  /** The same pipeline with some parts replaced. */
  with(parts: Partial<PipelineParts>): TokenizerPipeline {
    const { normalizer, preTokenizer, model, postProcessor, decoder } = this;
    return new TokenizerPipeline({
      ...{ normalizer, preTokenizer, model, postProcessor, decoder, addedTokens: this.addedTokens() },
      ...parts,
    });
  }

  addedTokens(): AddedTokenWithId[] {
    return this.#added.tokens();
  }

  /** Ids in use: one more than the highest. */
  get size(): number {
    return this.addedTokens().reduce((size, token) => Math.max(size, token.id + 1), this.model.vocabulary.size);
  }

  /** Makes tokens be found in texts; those that the vocabulary lacks get new ids. Returns how many these were. */
  addTokens(tokens: readonly AddedToken[]): number {
    const all = new Map(this.addedTokens().map((token) => [token.content, token]));
    const before = this.size;
    let next = before;
    for (const token of tokens) {
      const id = all.get(token.content)?.id ?? this.model.vocabulary.idOf(token.content) ?? next++;
      all.set(token.content, { ...token, id });
    }
    this.#added = new AddedVocabulary(all.values(), this.normalizer);
    return next - before;
  }

  tokenOf(id: number): string | undefined {
    return this.#added.surfaceOf(id) ?? this.model.vocabulary.tokenOf(id);
  }

  idOf(token: string): number | undefined {
    return this.#added.idOf(token) ?? this.model.vocabulary.idOf(token);
  }

  isSpecial(id: number): boolean {
    return this.#added.get(id)?.special ?? false;
  }

  /** Encodes a text or a pair: cut to length, with special tokens, not padded. */
  encode(text: TextInput, pair: TextInput | undefined, options: EncodeOptions): Encoding {
    let encodings = [this.#encodeSequence(text, 0)];
    if (pair !== undefined) encodings.push(this.#encodeSequence(pair, 1));
    const { truncation, addSpecialTokens } = options;
    if (truncation) {
      const reserved = addSpecialTokens ? (this.postProcessor?.addedTokens(pair !== undefined) ?? 0) : 0;
      encodings = truncate(encodings, truncation, reserved);
    }
    encodings.forEach((encoding, index) => {
      // The reference says it of further windows only where there is a post-processor.
      const parts = this.postProcessor ? [encoding, ...encoding.overflowing] : [encoding];
      for (const part of parts) part.setSequence(index === 0 ? 0 : 1);
    });
    return joinEncodings(this.postProcessor?.process(encodings, addSpecialTokens) ?? encodings);
  }

  /** The ids of a text alone, without special tokens: the fast way, for corpora. */
  encodeIds(text: string): Int32Array {
    const ids: number[] = [];
    this.#forEachWord(new AlignedText(text, false), (word, addedId) => {
      if (addedId !== undefined) ids.push(addedId);
      else for (const id of this.model.tokenize(word.text).ids) ids.push(id);
    });
    return Int32Array.from(ids);
  }

  /** The words that a model would see, for training one: normalized and cut, added tokens not looked for. */
  static wordsOf(text: string, normalizer: Normalizer | undefined, preTokenizer: PreTokenizer): string[] {
    const source = new AlignedText(text, false);
    const words: AlignedText[] = [];
    preTokenizer.preTokenize(normalizer?.normalize(source) ?? source, words);
    return words.map((word) => word.text);
  }

  /** Text of the tokens; ids that stand for nothing are passed over, as in the reference. */
  decode(ids: Iterable<number>, skipSpecialTokens: boolean): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.tokenOf(id);
      if (token !== undefined && !(skipSpecialTokens && this.isSpecial(id))) tokens.push(token);
    }
    return this.decoder ? this.decoder.decode(tokens).join("") : tokens.join(" ");
  }

  #encodeSequence(input: TextInput, sequence: 0 | 1): Encoding {
    const encoding = new Encoding(input);
    if (typeof input === "string") this.#encodeText(input, sequence, undefined, encoding);
    else for (const [index, word] of input.entries()) this.#encodeText(word, sequence, index, encoding);
    return encoding;
  }

  /** `givenWord`: the number of this word if the text came as words. */
  #encodeText(text: string, sequence: 0 | 1, givenWord: number | undefined, encoding: Encoding): void {
    const { showsUnknownText, unknownToken } = this.model;
    let wordIndex = 0;
    this.#forEachWord(new AlignedText(text, true), (word, addedId) => {
      const wordId = givenWord ?? wordIndex++;
      if (addedId !== undefined) {
        const { text: surface } = word;
        encoding.push(addedId, surface, word.startOf(0), word.endOf(surface.length - 1), wordId, sequence);
        return;
      }
      const { ids, starts, ends } = this.model.tokenize(word.text);
      for (let index = 0; index < ids.length; index++) {
        let token = this.model.vocabulary.tokenOf(ids[index]!)!;
        if (showsUnknownText && token === unknownToken) token = word.text.slice(starts[index], ends[index]);
        const start = word.startOf(starts[index]!);
        encoding.push(ids[index]!, token, start, word.endOf(ends[index]! - 1), wordId, sequence);
      }
    });
  }

  /** Calls `receive` for each word in order, and for each added token, which comes with its id. */
  #forEachWord(source: AlignedText, receive: (word: AlignedText, addedId: number | undefined) => void): void {
    const words: AlignedText[] = [];
    this.#added.splitOriginal(source, (part, originalId) => {
      if (originalId !== undefined) {
        receive(part, originalId);
        return;
      }
      this.#added.splitNormalized(this.#normalize(part), (piece, normalizedId) => {
        if (normalizedId !== undefined) {
          receive(piece, normalizedId);
          return;
        }
        words.length = 0;
        this.#preTokenize(piece, words);
        for (const word of words) receive(word, undefined);
      });
    });
  }

  #normalize(text: AlignedText): AlignedText {
    return this.normalizer ? this.normalizer.normalize(text) : text;
  }

  #preTokenize(text: AlignedText, words: AlignedText[]): void {
    if (this.preTokenizer) this.preTokenizer.preTokenize(text, words);
    else if (text.text !== "") words.push(text);
  }
}

/** Fails unless every id below the size of the vocabulary has a token, in the model or added. */
export function requireNoHoles(pipeline: TokenizerPipeline, file: string): void {
  const { size } = pipeline;
  for (let id = 0; id < size; id++) {
    if (pipeline.tokenOf(id) !== undefined) continue;
    throw new TokenizerError(`${file}: no token has the id ${id}.`, {
      file,
      field: "model.vocab",
      expected: `a token for each id from 0 to ${size - 1}`,
      received: `none for ${id}`,
      hint: "The file is damaged, or two tokens are the same text: take it anew from where it came from.",
    });
  }
}

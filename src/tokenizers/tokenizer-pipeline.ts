/**
 * What a tokenizer.json describes: normalizer, pre-tokenizer, model, post-processor and decoder, in this order, with
 * added tokens found before all of them. It knows nothing of batches, padding or the names of special tokens.
 */
import { TokenizerError } from "../errors.ts";
import { type AddedToken, type AddedTokenWithId, AddedVocabulary } from "./added-vocabulary.ts";
import { AlignedText } from "./aligned-text.ts";
import type { Decoder } from "./decoders/index.ts";
import { type Encoding, joinEncodings, type TextInput } from "./encoding.ts";
import { EncodingBuilder } from "./encoding-builder.ts";
import type { Model } from "./models/index.ts";
import type { Normalizer } from "./normalizers/index.ts";
import type { PostProcessor } from "./post-processors/index.ts";
import type { PreTokenizer, WordReceiver } from "./pre-tokenizers/index.ts";
import { checkStride, type Truncation, truncate } from "./truncation.ts";
import { IdList, WordEncoder } from "./word-encoder.ts";

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
  readonly #words: WordEncoder;
  readonly #ids = new IdList();
  readonly #builder = new EncodingBuilder();
  #added: AddedVocabulary;

  constructor(parts: PipelineParts) {
    this.normalizer = parts.normalizer;
    this.preTokenizer = parts.preTokenizer;
    this.model = parts.model;
    this.postProcessor = parts.postProcessor;
    this.decoder = parts.decoder;
    this.#words = new WordEncoder(parts.model);
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
      checkStride(truncation, this.postProcessor?.addedTokens(false) ?? 0);
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
    const ids = this.#ids;
    ids.clear();
    this.#readWords(new AlignedText(text, false), {
      addToken: (_, id) => ids.push(id),
      add: (source, start, end, spelling) => this.#words.appendIds(ids, source, start, end, spelling),
    });
    return ids.toArray();
  }

  /** Text of the tokens; ids that stand for nothing are passed over, as in the reference. */
  decode(ids: Iterable<number>, skipSpecialTokens: boolean): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.tokenOf(id);
      if (token !== undefined && !(skipSpecialTokens && this.#added.isSpecialText(token))) tokens.push(token);
    }
    return this.decoder ? this.decoder.decode(tokens).join("") : tokens.join(" ");
  }

  #encodeSequence(input: TextInput, sequence: 0 | 1): Encoding {
    this.#builder.clear();
    if (typeof input === "string") this.#encodeText(input, undefined);
    else for (const [index, word] of input.entries()) this.#encodeText(word, index);
    return this.#builder.build(input, sequence);
  }

  /** `givenWord`: the number of this word if the text came as words. */
  #encodeText(text: string, givenWord: number | undefined): void {
    const encoding = this.#builder;
    let words = 0;
    this.#readWords(new AlignedText(text, true), {
      addToken: (part, id) => {
        const { text: surface } = part;
        encoding.push(id, surface, part.startOf(0), part.endOf(surface.length - 1), givenWord ?? words++);
      },
      add: (source, start, end, spelling) =>
        this.#words.append(encoding, givenWord ?? words++, source, start, end, spelling),
    });
  }

  /** Hands over the words of a text and the added tokens among them, in order. */
  #readWords(source: AlignedText, reader: TextReader): void {
    this.#added.splitOriginal(source, (part, originalId) => {
      if (originalId !== undefined) {
        reader.addToken(part, originalId);
        return;
      }
      this.#added.splitNormalized(this.#normalize(part), (piece, normalizedId) => {
        if (normalizedId !== undefined) reader.addToken(piece, normalizedId);
        else this.#preTokenize(piece, reader);
      });
    });
  }

  #normalize(text: AlignedText): AlignedText {
    return this.normalizer ? this.normalizer.normalize(text) : text;
  }

  #preTokenize(text: AlignedText, words: WordReceiver): void {
    if (this.preTokenizer) this.preTokenizer.preTokenize(text, words);
    else if (text.text !== "") words.add(text, 0, text.text.length);
  }
}

/** Takes what a text consists of. */
interface TextReader extends WordReceiver {
  addToken(part: AlignedText, id: number): void;
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

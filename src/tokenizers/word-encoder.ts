/** From words to tokens: asks the model about words that are new, and remembers what it said. */
import type { AlignedText } from "./aligned-text.ts";
import { unitsOf } from "./character-properties.ts";
import type { EncodingBuilder } from "./encoding-builder.ts";
import type { Model, WordTokens } from "./models/index.ts";
import type { Spelling } from "./pre-tokenizers/index.ts";
import { WordCache } from "./word-cache.ts";
import { grown } from "./word-table.ts";

export class WordEncoder {
  readonly #model: Model;
  /** The id whose token shows the text itself; -1 if there is none. */
  readonly #shownId: number;
  readonly #cache = new WordCache();
  /** Start and end in the word of the character that became each unit of its spelling. */
  #charStarts = new Int32Array(256);
  #charEnds = new Int32Array(256);

  constructor(model: Model) {
    const { showsUnknownText, unknownToken, vocabulary } = model;
    this.#model = model;
    this.#shownId = showsUnknownText && unknownToken !== undefined ? (vocabulary.idOf(unknownToken) ?? -1) : -1;
  }

  /** Appends the ids of the word at units [start, end). */
  appendIds(ids: IdList, { text }: AlignedText, start: number, end: number, spelling?: Spelling): void {
    const cache = this.#cache;
    let word = cache.find(text, start, end);
    if (word < 0) word = this.#learn(text, start, end, spelling);
    ids.append(cache.ids, cache.tokenStarts[word]!, cache.tokenStarts[word + 1]!);
  }

  /** Appends the tokens of the word at units [start, end), with all that is known of them. */
  append(
    encoding: EncodingBuilder,
    wordId: number,
    source: AlignedText,
    start: number,
    end: number,
    spelling?: Spelling,
  ): void {
    const cache = this.#cache;
    const { tokens } = this.#model.vocabulary;
    let word = cache.find(source.text, start, end);
    if (word < 0) word = this.#learn(source.text, start, end, spelling);
    const first = cache.tokenStarts[word]!;
    const last = cache.tokenStarts[word + 1]!;
    for (let index = first; index < last; index++) {
      const id = cache.ids[index]!;
      const token = id === this.#shownId ? this.#shownText(source, start, end, spelling, index - first) : tokens[id]!;
      const tokenStart = source.startOf(start + cache.starts[index]!);
      encoding.push(id, token, tokenStart, source.endOf(start + cache.ends[index]! - 1), wordId);
    }
  }

  #learn(text: string, start: number, end: number, spelling: Spelling | undefined): number {
    const word = text.slice(start, end);
    const spelled = spelling ? spelling.rewrite(word) : word;
    const tokens = this.#model.tokenize(spelled);
    if (spelling && spelled.length !== word.length) this.#unspell(tokens, word, spelling, spelled.length);
    return this.#cache.add(text, start, end, tokens);
  }

  /** Makes starts and ends those in the word before it was respelled. */
  #unspell({ count, starts, ends }: WordTokens, word: string, spelling: Spelling, spelledLength: number): void {
    if (this.#charStarts.length < spelledLength) {
      this.#charStarts = grown(this.#charStarts, spelledLength);
      this.#charEnds = grown(this.#charEnds, spelledLength);
    }
    for (let start = 0, unit = 0; start < word.length; ) {
      const codePoint = word.codePointAt(start)!;
      const end = start + unitsOf(codePoint);
      for (const last = unit + spelling.unitsOf(codePoint); unit < last; unit++) {
        this.#charStarts[unit] = start;
        this.#charEnds[unit] = end;
      }
      start = end;
    }
    for (let at = 0; at < count; at++) {
      starts[at] = this.#charStarts[starts[at]!]!;
      ends[at] = this.#charEnds[ends[at]! - 1]!;
    }
  }

  #shownText(source: AlignedText, start: number, end: number, spelling: Spelling | undefined, index: number): string {
    const word = source.text.slice(start, end);
    const text = spelling ? spelling.rewrite(word) : word;
    const { starts, ends } = this.#model.tokenize(text);
    const suffix = ends[index] === text.length ? (this.#model.unknownTextSuffix ?? "") : "";
    return text.slice(starts[index], ends[index]) + suffix;
  }
}

/** A growing list of ids that is used again and again. */
export class IdList {
  #ids = new Int32Array(1024);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  push(id: number): void {
    this.#reserve(1);
    this.#ids[this.#length++] = id;
  }

  /** Appends elements [from, to) of `source`. */
  append(source: Int32Array, from: number, to: number): void {
    this.#reserve(to - from);
    for (let index = from; index < to; index++) this.#ids[this.#length++] = source[index]!;
  }

  /** A copy of the ids so far. */
  toArray(): Int32Array<ArrayBuffer> {
    return this.#ids.slice(0, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#ids.length) return;
    const ids = new Int32Array(Math.max(needed, this.#ids.length * 2));
    ids.set(this.#ids);
    this.#ids = ids;
  }
}

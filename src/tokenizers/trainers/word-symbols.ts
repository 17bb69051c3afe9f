/** The words of a corpus as sequences of token ids, one for each character: what merging begins with. */
import { unitsOf } from "../character-properties.ts";
import type { CountedWords } from "./word-counts.ts";

export interface AlphabetOptions {
  /** Characters at most, the most frequent ones; others are as if they were not there. */
  readonly limitAlphabet?: number | undefined;
  /** Characters that are tokens even if the corpus lacks them. */
  readonly initialAlphabet?: readonly string[] | undefined;
  /** What stands before characters that continue a word. */
  readonly continuingSubwordPrefix?: string | undefined;
  /** What stands after the last character of a word. */
  readonly endOfWordSuffix?: string | undefined;
}

/** The tokens of a vocabulary that is being made, in the order of their ids. */
export class TokenList {
  readonly tokens: string[] = [];
  readonly #ids = new Map<string, number>();

  has(token: string): boolean {
    return this.#ids.has(token);
  }

  /** The id of a token, a new one if need be. */
  add(token: string): number {
    const known = this.#ids.get(token);
    if (known !== undefined) return known;
    this.#ids.set(token, this.tokens.length);
    return this.tokens.push(token) - 1;
  }
}

const CODE_POINTS = 0x110000;
/** Where a character stands in its word, in the two lowest bits beside its code point. */
const CONTINUES = 1;
const ENDS = 2;

export class WordSymbols {
  /** Word w is `symbols[starts[w]]` and the following, up to `ends[w]`. */
  symbols: Int32Array;
  readonly starts: Int32Array;
  readonly ends: Int32Array;
  readonly counts: Float64Array;

  constructor(words: CountedWords, options: AlphabetOptions, tokens: TokenList) {
    this.symbols = new Int32Array(1 << 12);
    this.starts = new Int32Array(words.size);
    this.ends = new Int32Array(words.size);
    this.counts = new Float64Array(words.size);
    const frequencies = this.#readCharacters(words);
    for (const character of chooseAlphabet(frequencies, options)) tokens.add(character);
    this.#nameSymbols(frequencies, options, tokens);
  }

  get wordCount(): number {
    return this.starts.length;
  }

  /** Fills `symbols` with code points and places; returns how often each code point occurs. */
  #readCharacters(words: CountedWords): Float64Array {
    const frequencies = new Float64Array(CODE_POINTS);
    let word = 0;
    let at = 0;
    words.forEach((text, count) => {
      this.starts[word] = at;
      this.counts[word] = count;
      if (at + text.length > this.symbols.length) {
        const symbols = new Int32Array(Math.max(at + text.length, Math.ceil(this.symbols.length * 1.5)));
        symbols.set(this.symbols);
        this.symbols = symbols;
      }
      for (let unit = 0; unit < text.length; ) {
        const codePoint = text.codePointAt(unit)!;
        const next = unit + unitsOf(codePoint);
        frequencies[codePoint]! += count;
        const place = (unit > 0 ? CONTINUES : 0) | (next === text.length ? ENDS : 0);
        this.symbols[at++] = (codePoint << 2) | place;
        unit = next;
      }
      this.ends[word++] = at;
    });
    return frequencies;
  }

  /** Replaces code points and places by ids; characters that are no tokens vanish. */
  #nameSymbols(
    frequencies: Float64Array,
    { continuingSubwordPrefix: prefix = "", endOfWordSuffix: suffix = "" }: AlphabetOptions,
    tokens: TokenList,
  ): void {
    const places = (prefix ? CONTINUES : 0) | (suffix ? ENDS : 0);
    const isToken = frequencies.map((count, code) => (count > 0 && tokens.has(String.fromCodePoint(code)) ? 1 : 0));
    const isThere = new Uint8Array(CODE_POINTS << 2);
    for (let word = 0; word < this.wordCount; word++) {
      const start = this.starts[word]!;
      let write = start;
      for (let read = start; read < this.ends[word]!; read++) {
        const symbol = this.symbols[read]!;
        if (isToken[symbol >> 2] === 0) continue;
        const kept = (symbol & ~3) | (symbol & places);
        isThere[kept] = 1;
        this.symbols[write++] = kept;
      }
      this.ends[word] = write;
    }
    const textOf = (symbol: number): string =>
      (symbol & CONTINUES ? prefix : "") + String.fromCodePoint(symbol >> 2) + (symbol & ENDS ? suffix : "");
    // Characters with a prefix or suffix become tokens in the order of their text, so that training is deterministic.
    const variants = new Map<string, number>();
    for (let symbol = 0; symbol < isThere.length; symbol++) if (isThere[symbol]) variants.set(textOf(symbol), symbol);
    const ids = new Int32Array(CODE_POINTS << 2);
    for (const text of [...variants.keys()].sort()) ids[variants.get(text)!] = tokens.add(text);
    for (let word = 0; word < this.wordCount; word++) {
      for (let at = this.starts[word]!; at < this.ends[word]!; at++) this.symbols[at] = ids[this.symbols[at]!]!;
    }
  }
}

/** The characters that become tokens, in the order of their code points. */
function chooseAlphabet(frequencies: Float64Array, options: AlphabetOptions): string[] {
  const counts = new Map<number, number>();
  frequencies.forEach((count, codePoint) => {
    if (count > 0) counts.set(codePoint, count);
  });
  for (const character of options.initialAlphabet ?? [])
    counts.set(character.codePointAt(0)!, Number.POSITIVE_INFINITY);
  const byFrequency = [...counts].sort(([a, m], [b, n]) => (m === n ? a - b : n > m ? 1 : -1));
  return byFrequency
    .slice(0, options.limitAlphabet ?? byFrequency.length)
    .map(([codePoint]) => codePoint)
    .sort((a, b) => a - b)
    .map((codePoint) => String.fromCodePoint(codePoint));
}

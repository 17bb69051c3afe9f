/**
 * WordPiece: the longest piece of the vocabulary that begins the word, then the longest that continues it, and so on.
 *
 * Wu et al. 2016, https://arxiv.org/abs/1609.08144; greedy matching as published with BERT.
 */
import { fieldError, type JsonFields } from "../json-fields.ts";
import { forEachLine } from "../lines.ts";
import { MOST_TOKENS, Vocabulary } from "../vocabulary.ts";
import type { Model } from "./model.ts";
import { TokenList, type WordTokens } from "./token-list.ts";

export interface WordPieceOptions {
  readonly unknownToken: string;
  /** What stands before pieces that continue a word. */
  readonly continuingSubwordPrefix: string;
  /** Words of more characters become the unknown token. */
  readonly maxInputCharactersPerWord: number;
}

const PUBLISHED: WordPieceOptions = {
  unknownToken: "[UNK]",
  continuingSubwordPrefix: "##",
  maxInputCharactersPerWord: 100,
};

export class WordPieceModel implements Model {
  readonly vocabulary: Vocabulary;
  readonly allowsCleanUp = true;
  readonly showsUnknownText = false;
  readonly options: WordPieceOptions;
  readonly #unknownId: number;
  readonly #longestPiece: number;
  readonly #tokens = new TokenList();

  constructor(vocabulary: Vocabulary, options: Partial<WordPieceOptions> = {}, file?: string) {
    this.vocabulary = vocabulary;
    this.options = { ...PUBLISHED, ...options };
    this.#unknownId = vocabulary.require(this.options.unknownToken, "which stands for unknown words", file);
    this.#longestPiece = vocabulary.tokens.reduce((longest, token) => Math.max(longest, token?.length ?? 0), 0);
  }

  static fromJSON(fields: JsonFields): WordPieceModel {
    const options: WordPieceOptions = {
      unknownToken: fields.string("unk_token", PUBLISHED.unknownToken),
      continuingSubwordPrefix: fields.string("continuing_subword_prefix", PUBLISHED.continuingSubwordPrefix),
      maxInputCharactersPerWord: fields.count("max_input_chars_per_word", PUBLISHED.maxInputCharactersPerWord),
    };
    return new WordPieceModel(Vocabulary.fromRecord(fields.object("vocab")), options, fields.file);
  }

  get unknownToken(): string {
    return this.options.unknownToken;
  }

  get continuingSubwordPrefix(): string {
    return this.options.continuingSubwordPrefix;
  }

  tokenize(word: string): WordTokens {
    return this.#cut(word) ?? this.#tokens.clear().push(this.#unknownId, 0, word.length);
  }

  toJSONText(): string {
    const { unknownToken, continuingSubwordPrefix, maxInputCharactersPerWord } = this.options;
    const settings = JSON.stringify({
      type: "WordPiece",
      unk_token: unknownToken,
      continuing_subword_prefix: continuingSubwordPrefix,
      max_input_chars_per_word: maxInputCharactersPerWord,
    });
    return `${settings.slice(0, -1)},"vocab":${this.vocabulary.toJSONText()}}`;
  }

  vocabularyFiles(): (readonly [string, string])[] {
    const { tokens } = this.vocabulary;
    // A token of several lines, an id without a token, or another prefix than the usual one, cannot be written there.
    if (this.options.continuingSubwordPrefix !== PUBLISHED.continuingSubwordPrefix) return [];
    if (!tokens.every((token) => token !== undefined && !token.includes("\n"))) return [];
    return [["vocab.txt", tokens.map((token) => `${token}\n`).join("")]];
  }

  /** Undefined if no sequence of pieces writes the word, or it is too long. */
  #cut(word: string): WordTokens | undefined {
    const { continuingSubwordPrefix: prefix, maxInputCharactersPerWord } = this.options;
    if (isLongerThan(word, maxInputCharactersPerWord)) return undefined;
    const tokens = this.#tokens.clear();
    for (let start = 0; start < word.length; ) {
      let end = Math.min(word.length, start + this.#longestPiece);
      let id: number | undefined;
      for (; end > start; end--) {
        const piece = word.slice(start, end);
        id = this.vocabulary.idOf(start > 0 ? prefix + piece : piece);
        if (id !== undefined) break;
      }
      if (id === undefined) return undefined;
      tokens.push(id, start, end);
      start = end;
    }
    return tokens;
  }
}

/** Reads vocab.txt: a token a line, in the order of their ids. */
export function readWordPieceFile(text: string, file: string, unknownToken: string): WordPieceModel {
  const tokens: string[] = [];
  forEachLine(text, (line, index) => {
    if (index === MOST_TOKENS) {
      throw fieldError(file, `line ${MOST_TOKENS + 1}`, `at most ${MOST_TOKENS} tokens`, "more");
    }
    tokens.push(line);
  });
  return new WordPieceModel(new Vocabulary(tokens, { file }), { unknownToken }, file);
}

/** Counts characters, not units, and only where it can matter. */
function isLongerThan(word: string, characters: number): boolean {
  if (word.length <= characters) return false;
  if (word.length > 2 * characters) return true;
  let count = 0;
  for (const _ of word) count++;
  return count > characters;
}

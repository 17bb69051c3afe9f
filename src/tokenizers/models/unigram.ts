/**
 * Unigram: every token has a log-probability, and a word is cut into those tokens whose probabilities multiply to the most.
 *
 * Kudo 2018, https://arxiv.org/abs/1804.10959; as in SentencePiece, https://arxiv.org/abs/1808.06226.
 */
import { TokenizerError } from "../../errors.ts";
import { isCount, type JsonFields } from "../json-fields.ts";
import { MOST_TOKENS, unitCounter, Vocabulary } from "../vocabulary.ts";
import { byteTokenIds } from "./byte-tokens.ts";
import type { Model } from "./model.ts";
import { TokenList, type WordTokens } from "./token-list.ts";
import { ROOT, TokenTrie } from "./token-trie.ts";

export interface UnigramOptions {
  /** The token for characters that no token writes; without one, such a text is an error. */
  readonly unknownId: number | undefined;
  /** Write unknown texts as their UTF-8 bytes, `<0x0A>`, where the vocabulary has these. */
  readonly byteFallback: boolean;
}

/** How much worse an unknown character is than the worst token, in log-probability. */
export const UNKNOWN_PENALTY = 10;

/** Longer than any published token: a bound against hostile files. */
const LONGEST_TOKEN = 1024;

export class UnigramModel implements Model {
  readonly vocabulary: Vocabulary;
  /** Log-probability of each id. */
  readonly scores: Float64Array;
  readonly options: UnigramOptions;
  readonly allowsCleanUp = true;
  readonly showsUnknownText = true;
  /** Made for the first word: many more bytes than the rest of the model. */
  #trieOfTokens: TokenTrie | undefined;
  readonly #unknownScore: number;
  readonly #tokens = new TokenList();

  constructor(vocabulary: Vocabulary, scores: ArrayLike<number>, options: UnigramOptions) {
    this.vocabulary = vocabulary;
    this.scores = Float64Array.from(scores);
    this.options = options;
    this.#unknownScore = this.scores.reduce((worst, score) => Math.min(worst, score), 0) - UNKNOWN_PENALTY;
  }

  static fromJSON(fields: JsonFields): UnigramModel {
    const items = fields.items("vocab");
    if (items.length > MOST_TOKENS) throw fields.error("vocab", `at most ${MOST_TOKENS} tokens`);
    const tokens = new Array<string>(items.length).fill("");
    const scores = new Float64Array(items.length);
    const requireFew = unitCounter(fields.file, `${fields.path}.vocab`);
    items.forEach((entry, index) => {
      const [token, score] = Array.isArray(entry) ? entry : [];
      if (typeof token !== "string" || typeof score !== "number" || !Number.isFinite(score)) {
        throw fields.error(`vocab.${index}`, 'a token and its score, such as ["▁the", -3.2]', entry);
      }
      if (token.length > LONGEST_TOKEN) {
        throw fields.error(
          `vocab.${index}`,
          `a token of at most ${LONGEST_TOKEN} characters`,
          `${token.length} characters`,
        );
      }
      requireFew(token);
      tokens[index] = token;
      scores[index] = score;
    });
    const unknownId = fields.raw("unk_id") ?? undefined;
    if (unknownId !== undefined && !(isCount(unknownId) && unknownId < tokens.length)) {
      throw fields.error("unk_id", `null or an id from 0 to ${tokens.length - 1}`);
    }
    const vocabulary = new Vocabulary(tokens, { file: fields.file, field: `${fields.path}.vocab` });
    return new UnigramModel(vocabulary, scores, { unknownId, byteFallback: fields.boolean("byte_fallback", false) });
  }

  get #trie(): TokenTrie {
    this.#trieOfTokens ??= new TokenTrie(this.vocabulary.tokens);
    return this.#trieOfTokens;
  }

  get unknownToken(): string | undefined {
    const { unknownId } = this.options;
    return unknownId === undefined ? undefined : this.vocabulary.tokenOf(unknownId);
  }

  tokenize(word: string): WordTokens {
    return this.#nameParts(word, this.#bestCuts(word));
  }

  toJSONText(): string {
    const vocab = this.vocabulary.tokens.map((token, id) => [token, this.scores[id]]);
    const { unknownId, byteFallback } = this.options;
    return JSON.stringify({ type: "Unigram", unk_id: unknownId ?? null, vocab, byte_fallback: byteFallback });
  }

  vocabularyFiles(): (readonly [string, string])[] {
    return [];
  }

  /**
   * Viterbi: the best way to write each beginning of the word.
   *
   * @returns for each end of a token on the best path, from the last to the first, where it starts and whether it is known.
   */
  #bestCuts(word: string): { start: number; end: number; isUnknown: boolean }[] {
    const bestScores = new Float64Array(word.length + 1).fill(Number.NEGATIVE_INFINITY);
    const bestStarts = new Int32Array(word.length + 1).fill(-1);
    const unknownEnds = new Uint8Array(word.length + 1);
    bestScores[0] = 0;
    const trie = this.#trie;
    const offer = (start: number, end: number, score: number, isUnknown: 0 | 1): void => {
      if (bestStarts[end] !== -1 && score <= bestScores[end]!) return;
      bestScores[end] = score;
      bestStarts[end] = start;
      unknownEnds[end] = isUnknown;
    };
    for (let start = 0; start < word.length; ) {
      const scoreHere = bestScores[start]!;
      const next = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      let hasCharacter = false;
      let node = ROOT;
      for (let at = start; at < word.length; ) {
        node = trie.child(node, word.charCodeAt(at++));
        if (node === 0) break;
        const id = trie.tokenAt(node);
        if (id < 0) continue;
        offer(start, at, this.scores[id]! + scoreHere, 0);
        if (at === next) hasCharacter = true;
      }
      if (!hasCharacter) offer(start, next, this.#unknownScore + scoreHere, 1);
      start = next;
    }
    const cuts: { start: number; end: number; isUnknown: boolean }[] = [];
    for (let end = word.length; end > 0; end = bestStarts[end]!) {
      cuts.push({ start: bestStarts[end]!, end, isUnknown: unknownEnds[end] === 1 });
    }
    return cuts;
  }

  /** Unknown characters in a row become one token, or bytes. */
  #nameParts(word: string, cuts: readonly { start: number; end: number; isUnknown: boolean }[]): WordTokens {
    const tokens = this.#tokens.clear();
    for (let index = cuts.length - 1; index >= 0; index--) {
      const { start, isUnknown } = cuts[index]!;
      while (isUnknown && index > 0 && cuts[index - 1]!.isUnknown) index--;
      const { end } = cuts[index]!;
      const text = word.slice(start, end);
      const id = this.vocabulary.idOf(text);
      if (id !== undefined) tokens.push(id, start, end);
      else for (const part of this.#bytesOf(text) ?? [this.#requireUnknown(text)]) tokens.push(part, start, end);
    }
    return tokens;
  }

  #bytesOf(text: string): number[] | undefined {
    return this.options.byteFallback ? byteTokenIds(text, this.vocabulary) : undefined;
  }

  #requireUnknown(text: string): number {
    if (this.options.unknownId !== undefined) return this.options.unknownId;
    throw new TokenizerError(`The vocabulary cannot write ${JSON.stringify(text)} and has no unknown token.`, {
      field: "unk_id",
      expected: "the id of an unknown token",
      received: "null",
      hint: "Name one in the tokenizer's file.",
    });
  }
}

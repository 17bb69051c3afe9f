/**
 * Byte-pair encoding: a word begins as its characters, and the pair that training merged first is merged first.
 *
 * Sennrich et al. 2016, https://arxiv.org/abs/1508.07909. With characters that stand for bytes it is GPT-2's byte-level
 * variant; with a suffix on the last character (`</w>`) that of GPT and XLM.
 */
import { TokenizerError } from "../../errors.ts";
import { JsonFields } from "../json-fields.ts";
import { readJsonFields } from "../json-reader.ts";
import { forEachLine } from "../lines.ts";
import { PairTable } from "../pair-table.ts";
import { Vocabulary } from "../vocabulary.ts";
import { byteTokenIds } from "./byte-tokens.ts";
import { MergeQueue } from "./merge-queue.ts";
import type { Model } from "./model.ts";
import { TokenList, type WordTokens } from "./token-list.ts";

/** Characters below this code are looked up in a table. */
const LOW_CODES = 0x400;
/** Words of at most so many symbols are searched from end to end for the next merge; longer ones need a queue. */
const FEW_SYMBOLS = 64;
/** Rank of a pair that does not merge. */
const NO_MERGE = 0x7fffffff;

/** Two tokens that become one. */
export type Merge = readonly [left: string, right: string];

/** Merges in the order of training, perhaps read from a file again at each visit; `length` is how many at most. */
export interface Merges {
  readonly length: number;
  forEach(visit: (merge: Merge) => void): void;
}

export interface BpeOptions {
  /** Stands for characters that are not in the vocabulary; without one they vanish. */
  readonly unknownToken: string | undefined;
  /** What stands before characters that continue a word. */
  readonly continuingSubwordPrefix: string | undefined;
  /** What stands after the last character of a word. */
  readonly endOfWordSuffix: string | undefined;
  /** Make one unknown token of several unknown characters in a row. */
  readonly fuseUnknown: boolean;
  /** Write unknown characters as their UTF-8 bytes, `<0x0A>`, where the vocabulary has these. */
  readonly byteFallback: boolean;
  /** A word that is in the vocabulary is one token, whatever the merges say. */
  readonly ignoreMerges: boolean;
}

export class BpeModel implements Model {
  readonly vocabulary: Vocabulary;
  readonly allowsCleanUp = false;
  readonly showsUnknownText = false;
  readonly options: BpeOptions;
  /** Ids of the two tokens that each merge joins, left then right. */
  readonly #pairs: Int32Array;
  /** Id that a merge of each rank gives. */
  readonly #merged: Int32Array;
  /** Rank of each pair of ids that merges. Made for the first word: many more bytes than the rest of the model. */
  #ranks: PairTable | undefined;
  readonly #unknownId: number | undefined;
  /** Ids of characters that need no affix, by their code, as far as they are low; -1 for none. Bytes are among them. */
  readonly #lowIds: Int32Array;
  readonly #tokens = new TokenList();
  /** Of the symbols of a short word: with which of its characters each begins, and the rank of each with the next. */
  readonly #firsts = new Int32Array(FEW_SYMBOLS);
  readonly #pairRanks = new Int32Array(FEW_SYMBOLS);
  readonly #queue = new MergeQueue();

  /** `file` names the source in errors. */
  constructor(vocabulary: Vocabulary, merges: Merges, options: Partial<BpeOptions> = {}, file?: string) {
    this.vocabulary = vocabulary;
    this.options = {
      unknownToken: undefined,
      continuingSubwordPrefix: undefined,
      endOfWordSuffix: undefined,
      fuseUnknown: false,
      byteFallback: false,
      ignoreMerges: false,
      ...options,
    };
    const { unknownToken } = this.options;
    this.#unknownId =
      unknownToken === undefined
        ? undefined
        : vocabulary.require(unknownToken, "which stands for unknown characters", file);
    const ids = this.#idsOf(merges, file);
    this.#pairs = ids.pairs;
    this.#merged = ids.merged;
    const hasAffix = Boolean(this.options.continuingSubwordPrefix || this.options.endOfWordSuffix);
    this.#lowIds = Int32Array.from({ length: LOW_CODES }, (_, code) =>
      hasAffix ? -1 : (vocabulary.idOf(String.fromCharCode(code)) ?? -1),
    );
  }

  static fromJSON(fields: JsonFields): BpeModel {
    const dropout = fields.raw("dropout");
    if (dropout !== undefined && dropout !== null && dropout !== 0) {
      throw fields.error("dropout", "null: merges are never dropped here", dropout, "Set it to null in the file.");
    }
    const options: BpeOptions = {
      unknownToken: fields.optionalString("unk_token"),
      continuingSubwordPrefix: fields.optionalString("continuing_subword_prefix"),
      endOfWordSuffix: fields.optionalString("end_of_word_suffix"),
      fuseUnknown: fields.boolean("fuse_unk", false),
      byteFallback: fields.boolean("byte_fallback", false),
      ignoreMerges: fields.boolean("ignore_merges", false),
    };
    const vocabulary = Vocabulary.fromRecord(fields.object("vocab"));
    const items = fields.items("merges");
    requireFewMerges(items.length, vocabulary, fields);
    const merges: Merges = {
      length: items.length,
      forEach(visit) {
        items.forEach((merge, index) => {
          visit(readMerge(merge, index, fields));
        });
      },
    };
    return new BpeModel(vocabulary, merges, options, fields.file);
  }

  /** The merges in the order of training. */
  get merges(): Merge[] {
    const token = (at: number): string => this.vocabulary.tokenOf(this.#pairs[at]!)!;
    return Array.from(this.#merged, (_, rank): Merge => [token(2 * rank), token(2 * rank + 1)]);
  }

  get continuingSubwordPrefix(): string | undefined {
    return this.options.continuingSubwordPrefix;
  }

  get unknownToken(): string | undefined {
    return this.options.unknownToken;
  }

  tokenize(word: string): WordTokens {
    const tokens = this.#tokens.clear();
    const whole = this.options.ignoreMerges ? this.vocabulary.idOf(word) : undefined;
    if (whole !== undefined) return tokens.push(whole, 0, word.length);
    this.#readSymbols(word, tokens);
    this.#ranks ??= this.#tableOfRanks();
    if (tokens.count <= FEW_SYMBOLS) this.#mergeFew(tokens, this.#ranks);
    else this.#mergeMany(tokens, this.#ranks);
    return tokens;
  }

  toJSONText(): string {
    const settings = JSON.stringify({
      type: "BPE",
      dropout: null,
      unk_token: this.options.unknownToken ?? null,
      continuing_subword_prefix: this.options.continuingSubwordPrefix ?? null,
      end_of_word_suffix: this.options.endOfWordSuffix ?? null,
      fuse_unk: this.options.fuseUnknown,
      byte_fallback: this.options.byteFallback,
      ignore_merges: this.options.ignoreMerges,
    });
    const merges = JSON.stringify(this.merges);
    return `${settings.slice(0, -1)},"vocab":${this.vocabulary.toJSONText()},"merges":${merges}}`;
  }

  vocabularyFiles(): (readonly [string, string])[] {
    const merges = this.merges.map(([left, right]) => `${left} ${right}\n`).join("");
    return [
      ["vocab.json", `${this.vocabulary.toJSONText()}\n`],
      ["merges.txt", `#version: 0.2\n${merges}`],
    ];
  }

  #idsOf(merges: Merges, file: string | undefined): { pairs: Int32Array; merged: Int32Array } {
    const prefixLength = this.options.continuingSubwordPrefix?.length ?? 0;
    const pairs = new Int32Array(2 * merges.length);
    const merged = new Int32Array(merges.length);
    let rank = 0;
    merges.forEach(([left, right]) => {
      const idOf = (token: string): number => {
        const id = this.vocabulary.idOf(token);
        if (id !== undefined) return id;
        throw new TokenizerError(`Merge ${rank} names ${JSON.stringify(token)}, which is not in the vocabulary.`, {
          file,
          field: `merges.${rank}`,
          expected: "two tokens whose union is a token too",
          received: JSON.stringify([left, right]),
          hint: "Vocabulary and merges must come from the same training.",
        });
      };
      pairs[2 * rank] = idOf(left);
      pairs[2 * rank + 1] = idOf(right);
      merged[rank] = idOf(left + right.slice(prefixLength));
      rank++;
    });
    return { pairs: pairs.subarray(0, 2 * rank), merged: merged.subarray(0, rank) };
  }

  /** Of a pair that is merged twice, the later rank counts. */
  #tableOfRanks(): PairTable {
    const [pairs, table] = [this.#pairs, new PairTable(this.#merged.length)];
    for (let rank = 0; 2 * rank < pairs.length; rank++) table.set(pairs[2 * rank]!, pairs[2 * rank + 1]!, rank);
    return table;
  }

  /** The word's characters as ids, before any merge. */
  #readSymbols(word: string, symbols: TokenList): void {
    const { continuingSubwordPrefix: prefix = "", endOfWordSuffix: suffix = "" } = this.options;
    let lastIsUnknown = false;
    for (let start = 0; start < word.length; ) {
      const code = word.charCodeAt(start);
      const lowId = code < LOW_CODES ? this.#lowIds[code]! : -1;
      if (lowId >= 0) {
        symbols.push(lowId, start, ++start);
        lastIsUnknown = false;
        continue;
      }
      const end = start + (word.codePointAt(start)! > 0xffff ? 2 : 1);
      const character = word.slice(start, end);
      const symbol = (start > 0 ? prefix : "") + character + (end === word.length ? suffix : "");
      const id = this.vocabulary.idOf(symbol);
      if (id !== undefined) {
        symbols.push(id, start, end);
        lastIsUnknown = false;
      } else if (!(this.options.byteFallback && this.#addBytes(symbols, symbol, start, end))) {
        if (lastIsUnknown && this.options.fuseUnknown) symbols.ends[symbols.count - 1] = end;
        else if (this.#unknownId !== undefined) symbols.push(this.#unknownId, start, end);
        lastIsUnknown = this.#unknownId !== undefined;
      }
      start = end;
    }
  }

  /** Whether the vocabulary could write the symbol byte by byte. */
  #addBytes(symbols: TokenList, symbol: string, start: number, end: number): boolean {
    const ids = byteTokenIds(symbol, this.vocabulary);
    for (const id of ids ?? []) symbols.push(id, start, end);
    return ids !== undefined;
  }

  /** Merges until no pair can be merged: lowest rank first, of equal ranks the leftmost. */
  #mergeFew(symbols: TokenList, table: PairTable): void {
    const { ids, starts, ends } = symbols;
    const [firsts, ranks] = [this.#firsts, this.#pairRanks];
    let { count } = symbols;
    for (let at = 0; at < count; at++) {
      firsts[at] = at;
      ranks[at] = at + 1 < count ? rankOf(table, ids[at]!, ids[at + 1]!) : NO_MERGE;
    }
    while (count > 1) {
      let best = 0;
      let rank = ranks[0]!;
      for (let at = 1; at < count; at++) {
        if (ranks[at]! >= rank) continue;
        rank = ranks[at]!;
        best = at;
      }
      if (rank === NO_MERGE) break;
      ids[best] = this.#merged[rank]!;
      count--;
      for (let at = best + 1; at < count; at++) {
        ids[at] = ids[at + 1]!;
        firsts[at] = firsts[at + 1]!;
        ranks[at] = ranks[at + 1]!;
      }
      if (best > 0) ranks[best - 1] = rankOf(table, ids[best - 1]!, ids[best]!);
      ranks[best] = best + 1 < count ? rankOf(table, ids[best]!, ids[best + 1]!) : NO_MERGE;
    }
    // What is read here lies no further to the left than what is written.
    for (let at = 0; at < count; at++) {
      starts[at] = starts[firsts[at]!]!;
      ends[at] = ends[(at + 1 < count ? firsts[at + 1]! : symbols.count) - 1]!;
    }
    symbols.count = count;
  }

  /** The same for words of any length, in time that does not grow with its square. */
  #mergeMany(symbols: TokenList, table: PairTable): void {
    const { ids, starts, ends, count } = symbols;
    // The symbols form a list: `next` and `previous` skip what was merged away, whose id becomes -1.
    const next = new Int32Array(count);
    const previous = new Int32Array(count);
    const queue = this.#queue;
    queue.clear();
    for (let index = 0; index < count; index++) {
      next[index] = index + 1;
      previous[index] = index - 1;
      if (index > 0) this.#propose(table, ids, index - 1, index);
    }
    while (queue.pop()) {
      const left = queue.position;
      const right = next[left]!;
      if (ids[left] === -1 || right >= count) continue;
      // What stands here may have changed since; it still merges if it gives the same token.
      const rank = table.get(ids[left]!, ids[right]!);
      const merged = this.#merged[queue.rank]!;
      if (rank < 0 || this.#merged[rank] !== merged) continue;
      const after = next[right]!;
      ids[left] = merged;
      ends[left] = ends[right]!;
      ids[right] = -1;
      next[left] = after;
      if (previous[left]! >= 0) this.#propose(table, ids, previous[left]!, left);
      if (after < count) {
        previous[after] = left;
        this.#propose(table, ids, left, after);
      }
    }
    symbols.clear();
    // Nothing is written before it was read.
    for (let at = 0; at < count; at = next[at]!) symbols.push(ids[at]!, starts[at]!, ends[at]!);
  }

  /** Puts two neighbours into the queue if they merge. */
  #propose(table: PairTable, ids: Int32Array, left: number, right: number): void {
    const rank = table.get(ids[left]!, ids[right]!);
    if (rank >= 0) this.#queue.push(rank, left);
  }
}

function rankOf(table: PairTable, left: number, right: number): number {
  const rank = table.get(left, right);
  return rank < 0 ? NO_MERGE : rank;
}

/** Published vocabularies have up to 2.3: a bound against hostile files. */
const MERGES_PER_TOKEN = 3;
const SPARE_MERGES = 10_000;

function requireFewMerges(count: number, { size }: Vocabulary, fields: JsonFields): void {
  const most = MERGES_PER_TOKEN * size + SPARE_MERGES;
  if (count > most) throw fields.error("merges", `at most ${most} merges for ${size} tokens`, count);
}

/** Reads vocab.json and the text of merges.txt, as GPT-2 and RoBERTa were published. */
export function readBpeFiles(
  vocab: string | Uint8Array,
  merges: string,
  folder: string,
  options?: Partial<BpeOptions>,
): BpeModel {
  const vocabulary = Vocabulary.fromRecord(readJsonFields(vocab, `${folder}/vocab.json`));
  const fields = new JsonFields({}, `${folder}/merges.txt`);
  const pairs = readMergeLines(merges, vocabulary, fields, (line, index) =>
    line === "" || line.startsWith("#version") ? undefined : readMerge(line, index, fields),
  );
  return new BpeModel(vocabulary, pairs, options, fields.file);
}

/** The merges that a text has on its lines; `read` gives undefined for lines that are none. */
export function readMergeLines(
  text: string,
  vocabulary: Vocabulary,
  fields: JsonFields,
  read: (line: string, index: number) => Merge | undefined,
): Merges {
  let length = 0;
  forEachLine(text, () => length++);
  requireFewMerges(length, vocabulary, fields);
  const forEach: Merges["forEach"] = (visit) =>
    forEachLine(text, (line, index) => {
      const merge = read(line, index);
      if (merge) visit(merge);
    });
  return { length, forEach };
}

/** Merges stand in files as `["a", "b"]`, in older ones as `"a b"`. */
function readMerge(merge: unknown, index: number, fields: JsonFields): Merge {
  const parts: unknown = typeof merge === "string" ? merge.split(" ", 3) : merge;
  if (isMerge(parts)) return parts;
  throw fields.error(`merges.${index}`, 'two tokens, such as ["t", "h"] or "t h"', merge);
}

function isMerge(parts: unknown): parts is Merge {
  return Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === "string" && part !== "");
}

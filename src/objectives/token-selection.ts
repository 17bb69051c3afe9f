/** Which tokens of a row are hidden: single tokens, whole words, or short runs of words. */
import { ConfigurationError } from "../errors.ts";
import type { Random } from "../random.ts";

export interface SelectionOptions {
  /** Share of the tokens that can be selected. */
  readonly share: number;
  readonly unit: "token" | "word" | "n-gram";
  /** [V]: 1 for ids that begin a word. Needed for words; n-grams are of tokens without it. */
  readonly wordStarts: Uint8Array | undefined;
  /** Words of the longest n-gram. */
  readonly maxNgram: number;
  readonly maxPerSequence: number;
}

/**
 * Positions to hide in one row, ascending.
 *
 * Of n candidates, share·n are chosen, rounded up or down at random so that the share holds on average, but at least one
 * and at most `maxPerSequence`.
 *
 * @param ids the batch's tokens; `candidates` are positions in it, ascending.
 */
export function selectTokens(
  ids: Int32Array,
  candidates: readonly number[],
  options: SelectionOptions,
  random: Random,
): number[] {
  if (candidates.length === 0) return [];
  const wanted = Math.floor(options.share * candidates.length + random.uniform());
  const count = Math.min(candidates.length, options.maxPerSequence, Math.max(1, wanted));
  const chosen =
    options.unit === "token"
      ? chooseTokens(candidates, count, random)
      : chooseSpans(groupWords(ids, candidates, options.wordStarts), count, options, random);
  return chosen.sort((a, b) => a - b);
}

/** The first `count` elements of a random order. */
function chooseTokens(candidates: readonly number[], count: number, random: Random): number[] {
  const order = [...candidates];
  for (let i = 0; i < count; i++) {
    const other = i + random.integer(order.length - i);
    [order[i], order[other]] = [order[other] as number, order[i] as number];
  }
  return order.slice(0, count);
}

/** Runs of neighbouring candidates, cut before each token that begins a word. */
function groupWords(ids: Int32Array, candidates: readonly number[], wordStarts: Uint8Array | undefined): number[][] {
  const words: number[][] = [];
  let previous = -2;
  for (const position of candidates) {
    const begins = wordStarts === undefined || wordStarts[ids[position] as number] === 1 || position !== previous + 1;
    if (begins) words.push([position]);
    else words.at(-1)?.push(position);
    previous = position;
  }
  return words;
}

/**
 * Words in random order, each the beginning of a run of n words (n = 1 unless n-grams are asked for), as long as they fit
 * into `count`; a run that does not fit is shortened, a word that does not is passed over. If not even one word fits, the
 * first one is chosen nevertheless.
 *
 * Papers: whole words as in BERT's published code; n-grams as in Lan et al. 2020 (ALBERT), §4.1: p(n) ∝ 1/n.
 */
function chooseSpans(words: readonly number[][], count: number, options: SelectionOptions, random: Random): number[] {
  const order = random.shuffle(Uint32Array.from(words.keys()));
  const taken = new Uint8Array(words.length);
  const chosen: number[] = [];
  for (const first of order) {
    if (chosen.length >= count) break;
    const drawn = options.unit === "n-gram" ? drawNgramLength(options.maxNgram, random) : 1;
    for (let word = first; word < first + drawn && canTake(words, taken, word, first, count - chosen.length); word++) {
      taken[word] = 1;
      chosen.push(...(words[word] as number[]));
    }
  }
  return chosen.length > 0 ? chosen : [...(words[order[0] as number] as number[])];
}

function canTake(words: readonly number[][], taken: Uint8Array, word: number, first: number, room: number): boolean {
  const positions = words[word];
  if (positions === undefined || taken[word] === 1 || positions.length > room) return false;
  // A run does not reach over a special token.
  return word === first || positions[0] === ((words[word - 1] as number[]).at(-1) as number) + 1;
}

function drawNgramLength(longest: number, random: Random): number {
  let total = 0;
  for (let n = 1; n <= longest; n++) total += 1 / n;
  let left = random.uniform() * total;
  for (let n = 1; n < longest; n++) {
    left -= 1 / n;
    if (left < 0) return n;
  }
  return longest;
}

/** How a vocabulary shows where words begin. */
export type WordMark = "wordpiece" | "byte-level" | "metaspace";

/**
 * [V]: which entries of a vocabulary begin a word.
 *
 * `wordpiece`: all but those that begin with `##`. `byte-level` and `metaspace`: those that begin with a space (written Ġ or
 * ▁) or another character that belongs to no word; the first word of a text is recognized by what stands before it.
 */
export function wordStarts(vocabulary: readonly string[], kind: WordMark): Uint8Array {
  const begins =
    kind === "wordpiece"
      ? (token: string) => !token.startsWith("##")
      : (token: string) => /^[^\p{L}\p{N}]|^[ĠĊĉč]/u.test(token);
  return Uint8Array.from(vocabulary, (token) => (begins(token) ? 1 : 0));
}

export function checkSelection(options: SelectionOptions, vocabSize: number): void {
  const { share, unit, wordStarts: starts, maxNgram, maxPerSequence } = options;
  const faults: [boolean, string, string, unknown][] = [
    [!(share > 0 && share <= 1), "share", "above 0 and at most 1", share],
    [unit === "word" && starts === undefined, "wordStarts", "which ids begin a word, for whole words", starts],
    [starts !== undefined && starts.length !== vocabSize, "wordStarts", `${vocabSize} flags`, starts?.length],
    [!Number.isInteger(maxNgram) || maxNgram < 1, "maxNgram", "a positive integer", maxNgram],
    [!(maxPerSequence >= 1), "maxPredictionsPerSequence", "at least 1", maxPerSequence],
  ];
  for (const [isFault, field, expected, received] of faults) {
    if (!isFault) continue;
    throw new ConfigurationError("Masking cannot be done this way.", { field, expected, received: String(received) });
  }
}

/**
 * What counting alone can do on a masked position, to judge a model by: three predictions from the same visible
 * neighbours that the model sees.
 *
 * - most frequent token: the one that occurs most often;
 * - left bigram: the one that most often follows the token on the left;
 * - two-sided counts: the one with the greatest P(w | two tokens on the left) · P(w | two on the right) / P(w), the
 *   probabilities being trigram counts backed off to bigrams and single tokens by Witten and Bell's method (Bell, Cleary
 *   and Witten 1990: a context seen n times with t different tokens has weight n / (n + t)).
 *
 * A neighbour that is masked itself, or a special token, is not visible: a context that needs it falls back to the
 * shorter one, and in the end to the most frequent token. Ties go to the smaller id.
 */
import {
  documentTokenStart,
  type NamedArray,
  type SpecialTokens,
  type TokenizedCorpus,
  type TokenShard,
} from "../data/index.ts";
import type { PreparedBatch } from "../objectives/index.ts";

/** A row-by-row batch with masked positions. */
export interface MaskedRows {
  readonly sequenceLength: number;
  /** [B·T], masked. */
  readonly inputIds: Int32Array;
  /** [S]: masked places in `inputIds`. */
  readonly positions: Int32Array;
}

/** [S] each: the predicted token of every masked position. */
export interface BaselinePredictions {
  readonly mostFrequent: Int32Array;
  readonly leftBigram: Int32Array;
  readonly twoSided: Int32Array;
}

/** The visible neighbours of a position, the nearest first; −1 where there is none. */
interface Neighbours {
  readonly left: readonly [number, number];
  readonly right: readonly [number, number];
}

/** Token counts of a corpus, made once. */
export class MaskedBaselines {
  readonly #vocabSize: number;
  /** [V] */
  readonly #counts: Float64Array;
  readonly #tokenCount: number;
  readonly #mostFrequent: number;
  readonly #left: SideCounts;
  readonly #right: SideCounts;

  private constructor(shards: readonly TokenShard[], vocabSize: number) {
    this.#vocabSize = vocabSize;
    this.#counts = new Float64Array(vocabSize);
    for (const { tokens } of shards) for (const id of tokens) (this.#counts[id] as number) += 1;
    this.#tokenCount = this.#counts.reduce((sum, count) => sum + count, 0);
    this.#mostFrequent = largestIndex(this.#counts);
    this.#left = new SideCounts(shards, vocabSize, -1);
    this.#right = new SideCounts(shards, vocabSize, 1);
  }

  /** Counts the tokens of a corpus that fits into memory; about a second for a million and a half tokens. */
  static async count(corpus: TokenizedCorpus): Promise<MaskedBaselines> {
    const shards: TokenShard[] = [];
    for (let index = 0; index < corpus.shardCount; index++) shards.push(await corpus.shard(index));
    return new MaskedBaselines(shards, corpus.vocabSize);
  }

  predict(rows: MaskedRows, tokens: SpecialTokens): BaselinePredictions {
    const count = rows.positions.length;
    const predictions = {
      mostFrequent: new Int32Array(count).fill(this.#mostFrequent),
      leftBigram: new Int32Array(count),
      twoSided: new Int32Array(count),
    };
    const scratch = { left: new Float64Array(this.#vocabSize), right: new Float64Array(this.#vocabSize) };
    const hidden = new Set([tokens.padTokenId, tokens.clsTokenId, tokens.sepTokenId, tokens.maskTokenId]);
    for (const [i, position] of rows.positions.entries()) {
      const neighbours = visibleNeighbours(rows, position, hidden);
      predictions.leftBigram[i] = this.#left.mostFrequentAfter(neighbours.left[0]) ?? this.#mostFrequent;
      predictions.twoSided[i] = this.#predictTwoSided(neighbours, scratch);
    }
    return predictions;
  }

  /**
   * A token that was counted on neither side has the same multiple of its own frequency as all such tokens, so the most
   * frequent one stands for them.
   */
  #predictTwoSided({ left, right }: Neighbours, scratch: { left: Float64Array; right: Float64Array }): number {
    const leftSide = this.#left.addTo(scratch.left, left);
    const rightSide = this.#right.addTo(scratch.right, right);
    let best = this.#mostFrequent;
    let bestScore = -1;
    const consider = (id: number) => {
      const frequency = (this.#counts[id] as number) / this.#tokenCount;
      const pLeft = (scratch.left[id] as number) + leftSide.rest * frequency;
      const pRight = (scratch.right[id] as number) + rightSide.rest * frequency;
      const score = (pLeft * pRight) / frequency;
      if (score > bestScore || (score === bestScore && id < best)) {
        best = id;
        bestScore = score;
      }
    };
    consider(this.#mostFrequent);
    for (const side of [leftSide, rightSide]) for (const ids of side.touched) for (const id of ids) consider(id);
    for (const ids of leftSide.touched) for (const id of ids) scratch.left[id] = 0;
    for (const ids of rightSide.touched) for (const id of ids) scratch.right[id] = 0;
    return best;
  }
}

/** What was predicted right, of all masked positions of some batches. */
export interface BaselineAccuracies {
  readonly mostFrequent: number;
  readonly leftBigram: number;
  readonly twoSided: number;
  readonly positions: number;
}

/**
 * The share of the positions whose `labels` each baseline predicts.
 *
 * @param batches what masked language modeling prepared for evaluation: `inputIds`, `positions` and `labels`.
 */
export function baselineAccuracies(
  baselines: MaskedBaselines,
  batches: Iterable<PreparedBatch>,
  tokens: SpecialTokens,
): BaselineAccuracies {
  const correct = { mostFrequent: 0, leftBigram: 0, twoSided: 0 };
  let positions = 0;
  for (const batch of batches) {
    const { inputIds, positions: places, labels } = batch;
    const rows = {
      sequenceLength: inputIds?.dims[1] ?? 0,
      inputIds: numbersOf(inputIds),
      positions: numbersOf(places),
    };
    const predictions = baselines.predict(rows, tokens);
    for (const [i, label] of numbersOf(labels).entries()) {
      if (label < 0) continue; // a position that counts for nothing
      positions++;
      if (predictions.mostFrequent[i] === label) correct.mostFrequent++;
      if (predictions.leftBigram[i] === label) correct.leftBigram++;
      if (predictions.twoSided[i] === label) correct.twoSided++;
    }
  }
  const share = (count: number) => (positions === 0 ? 0 : count / positions);
  return {
    mostFrequent: share(correct.mostFrequent),
    leftBigram: share(correct.leftBigram),
    twoSided: share(correct.twoSided),
    positions,
  };
}

function numbersOf(array: NamedArray | undefined): Int32Array {
  return Int32Array.from(array?.data ?? [], Number);
}

function visibleNeighbours(rows: MaskedRows, position: number, hidden: ReadonlySet<number | undefined>): Neighbours {
  const { inputIds, sequenceLength } = rows;
  const rowStart = position - (position % sequenceLength);
  const at = (place: number) => {
    const id = place < rowStart || place >= rowStart + sequenceLength ? undefined : inputIds[place];
    return id === undefined || hidden.has(id) ? -1 : id;
  };
  return { left: [at(position - 1), at(position - 2)], right: [at(position + 1), at(position + 2)] };
}

function largestIndex(values: Float64Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] as number) > (values[best] as number)) best = i;
  return best;
}

interface SideProbabilities {
  /** The ids that were given probability, context by context. */
  readonly touched: readonly Uint32Array[];
  /** What is left for the tokens by their own frequency. */
  readonly rest: number;
}

/** Bigrams and trigrams with the context on one side. */
class SideCounts {
  readonly #vocabSize: number;
  readonly #bigrams: ContextCounts;
  readonly #trigrams: ContextCounts;

  /** `direction` −1: contexts on the left; 1: on the right. */
  constructor(shards: readonly TokenShard[], vocabSize: number, direction: -1 | 1) {
    this.#vocabSize = vocabSize;
    this.#bigrams = new ContextCounts(collectKeys(shards, vocabSize, direction, 1), vocabSize);
    this.#trigrams = new ContextCounts(collectKeys(shards, vocabSize, direction, 2), vocabSize);
  }

  /** The token seen most often beside this one. */
  mostFrequentAfter(neighbour: number): number | undefined {
    const seen = neighbour < 0 ? undefined : this.#bigrams.find(neighbour);
    return seen === undefined ? undefined : seen.ids[largestIndex(Float64Array.from(seen.counts))];
  }

  /** Adds P(w | neighbours) to `probabilities` for each token counted there. */
  addTo(probabilities: Float64Array, [near, far]: readonly [number, number]): SideProbabilities {
    const trigram = near < 0 || far < 0 ? undefined : this.#trigrams.find(far * this.#vocabSize + near);
    const bigram = near < 0 ? undefined : this.#bigrams.find(near);
    const touched: Uint32Array[] = [];
    let rest = 1;
    for (const seen of [trigram, bigram]) {
      if (seen === undefined) continue;
      // Witten and Bell: n / (n + t) of what is left, shared by counts.
      const share = rest / (seen.total + seen.ids.length);
      for (const [i, id] of seen.ids.entries()) (probabilities[id] as number) += share * (seen.counts[i] as number);
      touched.push(seen.ids);
      rest *= seen.ids.length / (seen.total + seen.ids.length);
    }
    return { touched, rest };
  }
}

/** context · V + token for every token that has `order` tokens beside it in its document; the far one counts highest. */
function collectKeys(shards: readonly TokenShard[], vocabSize: number, direction: -1 | 1, order: 1 | 2): Float64Array {
  const keys = new Float64Array(shards.reduce((sum, shard) => sum + shard.tokens.length, 0));
  let count = 0;
  for (const shard of shards) {
    const { tokens } = shard;
    for (let document = 0; document < shard.documentBytes.length; document++) {
      const start = documentTokenStart(shard, document);
      const end = documentTokenStart(shard, document + 1);
      for (let i = start; i < end; i++) {
        const farthest = i + direction * order;
        if (farthest < start || farthest >= end) continue;
        const near = tokens[i + direction] as number;
        const context = order === 1 ? near : (tokens[farthest] as number) * vocabSize + near;
        keys[count++] = context * vocabSize + (tokens[i] as number);
      }
    }
  }
  return keys.subarray(0, count);
}

interface SeenTokens {
  /** Different ids, ascending. */
  readonly ids: Uint32Array;
  readonly counts: Uint32Array;
  readonly total: number;
}

/** Sorted contexts with the tokens that were seen beside each. */
class ContextCounts {
  readonly #contexts: Float64Array;
  /** [contexts + 1] */
  readonly #starts: Uint32Array;
  readonly #ids: Uint32Array;
  readonly #counts: Uint32Array;

  /** `keys` are context · V + token, in any order; they are sorted in place. */
  constructor(keys: Float64Array, vocabSize: number) {
    keys.sort();
    const contexts = new Float64Array(keys.length);
    const starts = new Uint32Array(keys.length + 1);
    const ids = new Uint32Array(keys.length);
    const counts = new Uint32Array(keys.length);
    let contextCount = 0;
    let entries = 0;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number;
      if (key === keys[i - 1]) {
        (counts[entries - 1] as number) += 1;
        continue;
      }
      const context = Math.floor(key / vocabSize);
      if (contextCount === 0 || contexts[contextCount - 1] !== context) {
        contexts[contextCount] = context;
        starts[contextCount++] = entries;
      }
      ids[entries] = key - context * vocabSize;
      counts[entries++] = 1;
    }
    starts[contextCount] = entries;
    this.#contexts = contexts.slice(0, contextCount);
    this.#starts = starts.slice(0, contextCount + 1);
    this.#ids = ids.slice(0, entries);
    this.#counts = counts.slice(0, entries);
  }

  find(context: number): SeenTokens | undefined {
    let low = 0;
    let high = this.#contexts.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const found = this.#contexts[middle] as number;
      if (found === context) {
        const [start, end] = [this.#starts[middle] as number, this.#starts[middle + 1] as number];
        const counts = this.#counts.subarray(start, end);
        return { ids: this.#ids.subarray(start, end), counts, total: counts.reduce((sum, count) => sum + count, 0) };
      }
      if (found < context) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

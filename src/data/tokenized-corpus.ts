/**
 * A corpus as token ids, in shards. Small corpora stay in memory; of a larger one the shards lie in files of a cache
 * folder and one is read at a time, so that the size of a corpus is bounded by the disk alone.
 */
import { type ShardCounts, shardCounts, type TokenShard } from "./token-shard.ts";

export interface TokenizedCorpus {
  readonly vocabSize: number;
  /** Differs when the text, the tokenizer or the cutting into sentences does. */
  readonly fingerprint: string;
  readonly counts: ShardCounts;
  readonly shardCount: number;
  /** Ask for one when it is needed, and let go of it: the corpus keeps only what fits. */
  shard(index: number): Promise<TokenShard>;
}

/** A corpus whose shards are all in memory. */
export class MemoryCorpus implements TokenizedCorpus {
  readonly vocabSize: number;
  readonly fingerprint: string;
  readonly counts: ShardCounts;
  readonly #shards: readonly TokenShard[];

  constructor(shards: readonly TokenShard[], vocabSize: number, fingerprint: string) {
    this.#shards = shards;
    this.vocabSize = vocabSize;
    this.fingerprint = fingerprint;
    this.counts = sumCounts(shards.map(shardCounts));
  }

  get shardCount(): number {
    return this.#shards.length;
  }

  async shard(index: number): Promise<TokenShard> {
    const shard = this.#shards[index];
    if (shard === undefined) throw new RangeError(`shard ${index} of ${this.#shards.length}`);
    return shard;
  }
}

export function sumCounts(all: readonly ShardCounts[]): ShardCounts {
  const sum = { documents: 0, sentences: 0, tokens: 0, bytes: 0 };
  for (const counts of all) {
    sum.documents += counts.documents;
    sum.sentences += counts.sentences;
    sum.tokens += counts.tokens;
    sum.bytes += counts.bytes;
  }
  return sum;
}

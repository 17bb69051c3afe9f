/** The part of a corpus that a model does not train on. */
import { ConfigurationError } from "../errors.ts";
import { filterShard, type ShardCounts, type TokenShard } from "./token-shard.ts";
import { MemoryCorpus, type TokenizedCorpus } from "./tokenized-corpus.ts";

export interface HeldOutSplit {
  readonly training: TokenizedCorpus;
  /** Undefined if the corpus is too short to hold anything out. */
  readonly heldOut: TokenizedCorpus | undefined;
  /** What was done, for a person: "every 20th document (25 of 500)". */
  readonly rule: string;
}

/**
 * Holds out every `every`-th document; of a corpus with fewer documents than that, the last sentences of each document,
 * one in `every` and at least one of those that have two. The same corpus is always split the same way.
 *
 * The held-out part is kept in memory, about 1/`every` of the corpus.
 */
export async function splitHeldOut(corpus: TokenizedCorpus, every = 20): Promise<HeldOutSplit> {
  if (!Number.isInteger(every) || every < 2) {
    throw new ConfigurationError("The share to hold out must be one in two documents or less.", {
      field: "every",
      expected: "an integer from 2 on",
      received: String(every),
    });
  }
  const byDocuments = corpus.counts.documents >= every;
  const isHeldOut: SentenceTest = (shard, document, sentence) => {
    if (byDocuments) return (shard.firstDocument + document + 1) % every === 0;
    const sentences = (shard.documentStarts[document + 1] as number) - (shard.documentStarts[document] as number);
    return sentences > 1 && sentence >= sentences - Math.ceil(sentences / every);
  };
  const heldOutShards: TokenShard[] = [];
  for (let index = 0; index < corpus.shardCount; index++) {
    const shard = await corpus.shard(index);
    const part = filterShard(shard, (document, sentence) => isHeldOut(shard, document, sentence), corpus.vocabSize);
    if (part.tokens.length > 0) heldOutShards.push({ ...part, index: heldOutShards.length });
  }
  if (heldOutShards.length === 0) return { training: corpus, heldOut: undefined, rule: "nothing: one sentence only" };
  const heldOut = new MemoryCorpus(heldOutShards, corpus.vocabSize, `${corpus.fingerprint}-held-out-${every}`);
  const all = corpus.counts;
  const remaining: ShardCounts = {
    // A document that is cut keeps its beginning.
    documents: all.documents - (byDocuments ? heldOut.counts.documents : 0),
    sentences: all.sentences - heldOut.counts.sentences,
    tokens: all.tokens - heldOut.counts.tokens,
    bytes: all.bytes - heldOut.counts.bytes,
  };
  const training = new RemainingCorpus(corpus, remaining, isHeldOut, `${corpus.fingerprint}-without-${every}`);
  const rule = byDocuments
    ? `every ${every}th document (${heldOut.counts.documents} of ${corpus.counts.documents})`
    : `the last sentences of each document (${heldOut.counts.sentences} of ${corpus.counts.sentences})`;
  return { training, heldOut, rule };
}

type SentenceTest = (shard: TokenShard, document: number, sentence: number) => boolean;

/** A corpus without what is held out; shards are filtered as they are read. */
class RemainingCorpus implements TokenizedCorpus {
  readonly vocabSize: number;
  readonly fingerprint: string;
  readonly shardCount: number;
  readonly counts: ShardCounts;
  readonly #corpus: TokenizedCorpus;
  readonly #isHeldOut: SentenceTest;
  #recent: TokenShard | undefined;

  constructor(corpus: TokenizedCorpus, counts: ShardCounts, isHeldOut: SentenceTest, fingerprint: string) {
    this.#corpus = corpus;
    this.#isHeldOut = isHeldOut;
    this.vocabSize = corpus.vocabSize;
    this.fingerprint = fingerprint;
    this.shardCount = corpus.shardCount;
    this.counts = counts;
  }

  async shard(index: number): Promise<TokenShard> {
    if (this.#recent?.index === index) return this.#recent;
    const shard = await this.#corpus.shard(index);
    const keep = (document: number, sentence: number) => !this.#isHeldOut(shard, document, sentence);
    this.#recent = filterShard(shard, keep, this.vocabSize);
    return this.#recent;
  }
}

/**
 * Token ids of a stretch of a corpus, flat: a shard is what fits in memory, and everything that mixes examples (shuffling,
 * drawing a sentence of another document) happens inside one.
 */
import { GrowableUint32Array } from "./growable-array.ts";

export interface TokenShard {
  /** Its number in the corpus. */
  readonly index: number;
  /** Every token of every sentence, without special tokens. 16 bits where the vocabulary allows. */
  readonly tokens: Uint16Array | Int32Array;
  /** [sentences + 1]: where each sentence begins in `tokens`; no sentence is empty. */
  readonly sentenceStarts: Uint32Array;
  /** [documents + 1]: where each document begins in `sentenceStarts`; no document is empty. */
  readonly documentStarts: Uint32Array;
  /** [documents]: UTF-8 bytes of each document's text, line ends counted only where they are tokens. */
  readonly documentBytes: Uint32Array;
  /** Number in the corpus of its first document. */
  readonly firstDocument: number;
}

export interface ShardCounts {
  readonly documents: number;
  readonly sentences: number;
  readonly tokens: number;
  readonly bytes: number;
}

export function shardCounts(shard: TokenShard): ShardCounts {
  return {
    documents: shard.documentBytes.length,
    sentences: shard.sentenceStarts.length - 1,
    tokens: shard.tokens.length,
    bytes: shard.documentBytes.reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** Where a document's tokens begin; for the number of documents, where the last one ends. */
export function documentTokenStart(shard: TokenShard, document: number): number {
  return shard.sentenceStarts[shard.documentStarts[document] as number] as number;
}

/** Collects sentences into a shard. */
export class TokenShardBuilder {
  readonly #narrow: boolean;
  readonly #tokens = new GrowableUint32Array(1 << 16);
  readonly #sentenceStarts = new GrowableUint32Array();
  readonly #documentStarts = new GrowableUint32Array();
  readonly #documentBytes = new GrowableUint32Array();
  #openBytes = 0;
  /** Number of sentences in the documents closed so far. */
  #closedSentences = 0;

  constructor(vocabSize: number) {
    this.#narrow = vocabSize <= 1 << 16;
    this.clear();
  }

  get tokenCount(): number {
    return this.#tokens.length;
  }

  get documentCount(): number {
    return this.#documentBytes.length;
  }

  /** Adds a sentence to the open document; one without tokens adds only its bytes. */
  addSentence(ids: ArrayLike<number>, bytes: number): void {
    this.#openBytes += bytes;
    if (ids.length === 0) return;
    this.#tokens.pushAll(ids);
    this.#sentenceStarts.push(this.#tokens.length);
  }

  /** Closes the open document; one without sentences is forgotten. */
  endDocument(): void {
    const sentences = this.#sentenceStarts.length - 1;
    if (sentences > this.#closedSentences) {
      this.#documentStarts.push(sentences);
      this.#documentBytes.push(Math.round(this.#openBytes));
      this.#closedSentences = sentences;
    }
    this.#openBytes = 0;
  }

  build(index: number, firstDocument: number): TokenShard {
    return {
      index,
      firstDocument,
      tokens: this.#narrow ? this.#tokens.toUint16Array() : this.#tokens.toInt32Array(),
      sentenceStarts: this.#sentenceStarts.toUint32Array(),
      documentStarts: this.#documentStarts.toUint32Array(),
      documentBytes: this.#documentBytes.toUint32Array(),
    };
  }

  clear(): void {
    for (const array of [this.#tokens, this.#sentenceStarts, this.#documentStarts, this.#documentBytes]) array.clear();
    this.#sentenceStarts.push(0);
    this.#documentStarts.push(0);
    this.#openBytes = 0;
    this.#closedSentences = 0;
  }
}

/** The shard without the sentences for which `keep` says no, and without the documents that lose all of theirs. */
export function filterShard(
  shard: TokenShard,
  keep: (document: number, sentence: number) => boolean,
  vocabSize: number,
): TokenShard {
  const builder = new TokenShardBuilder(vocabSize);
  for (let document = 0; document < shard.documentBytes.length; document++) {
    const first = shard.documentStarts[document] as number;
    const end = shard.documentStarts[document + 1] as number;
    const tokensInDocument = documentTokenStart(shard, document + 1) - documentTokenStart(shard, document);
    for (let sentence = first; sentence < end; sentence++) {
      if (!keep(document, sentence - first)) continue;
      const ids = shard.tokens.subarray(shard.sentenceStarts[sentence], shard.sentenceStarts[sentence + 1]);
      // Of a document that is cut, bytes are shared out by tokens.
      const bytes = ((shard.documentBytes[document] as number) * ids.length) / tokensInDocument;
      builder.addSentence(ids, bytes);
    }
    builder.endDocument();
  }
  return builder.build(shard.index, shard.firstDocument);
}

/** Text to token ids: reads a corpus once, from its first document to its last, in bounded memory. */
import { DataError, ResourceError } from "../errors.ts";
import type { CorpusSource, Document } from "./documents.ts";
import { joinFingerprints, textFingerprint } from "./fingerprint.ts";
import { splitSentences } from "./sentence-boundaries.ts";
import { readCachedCorpus, ShardCacheWriter } from "./shard-cache.ts";
import { type TokenShard, TokenShardBuilder } from "./token-shard.ts";
import { MemoryCorpus, type TokenizedCorpus } from "./tokenized-corpus.ts";

export interface TokenizeProgress {
  readonly documents: number;
  readonly tokens: number;
  /** Bytes of text so far; the source's `sizeBytes` is about the sum. */
  readonly bytes: number;
}

export interface TokenizeOptions {
  /** Ids of a text, without special tokens. */
  encode: (text: string) => ArrayLike<number>;
  /** The same for several texts at a time, by other threads; `encode` if absent. */
  encodeTogether?: ((texts: readonly string[]) => Promise<readonly ArrayLike<number>[]>) | undefined;
  vocabSize: number;
  /** Names the tokenizer, so that a cache made with another one is not taken for it: a hash of its files, say. */
  tokenizerFingerprint?: string;
  /** What counts as a sentence: each line (default), or what `splitSentences` finds in it. */
  sentences?: "lines" | "split";
  /** What is encoded behind each line; "\n" for models that write text, as it is part of the text (default: nothing). */
  lineEnd?: "" | "\n";
  /** Where the shards go if there are too many for memory; made if need be, and used again if it fits. */
  cacheFolder?: string;
  /** Tokens of a shard; 16 Mi. */
  shardTokens?: number;
  /** Tokens kept in memory at most; 64 Mi, which is 128 MiB for vocabularies up to 65,536. */
  residentTokens?: number;
  onProgress?: ((progress: TokenizeProgress) => void) | undefined;
}

const SHARD_TOKENS = 1 << 24;
const RESIDENT_TOKENS = 1 << 26;

/**
 * Encodes a corpus.
 *
 * @throws DataError if it holds no text. ResourceError if it does not fit into memory and there is no cache folder.
 */
export async function tokenizeCorpus(source: CorpusSource, options: TokenizeOptions): Promise<TokenizedCorpus> {
  const { vocabSize, sentences = "lines", lineEnd = "", shardTokens = SHARD_TOKENS } = options;
  const settings = JSON.stringify([vocabSize, options.tokenizerFingerprint ?? "", sentences, lineEnd, shardTokens]);
  const fingerprint = await joinFingerprints([await source.fingerprint(), await textFingerprint(settings)]);
  if (options.cacheFolder !== undefined) {
    const cached = await readCachedCorpus(options.cacheFolder, fingerprint, vocabSize);
    if (cached !== undefined) return cached;
  }
  const sentencesOf = (document: Document): string[] => sentencesOfDocument(document, sentences, lineEnd);
  const store = new ShardStore(source.name, fingerprint, options);
  const builder = new TokenShardBuilder(vocabSize);
  const progress = { documents: 0, tokens: 0, bytes: 0 };
  let firstDocument = 0;
  for await (const document of encodedDocuments(source.documents(), sentencesOf, options)) {
    const tokensBefore = builder.tokenCount;
    progress.bytes += addDocument(document, vocabSize, builder);
    progress.tokens += builder.tokenCount - tokensBefore;
    progress.documents = firstDocument + builder.documentCount;
    options.onProgress?.(progress);
    if (builder.tokenCount < shardTokens) continue;
    await store.add(builder.build(store.shardCount, firstDocument));
    firstDocument += builder.documentCount;
    builder.clear();
  }
  if (builder.tokenCount > 0) await store.add(builder.build(store.shardCount, firstDocument));
  if (store.shardCount === 0) {
    throw new DataError(`The corpus ${source.name} holds no text.`, {
      file: source.name,
      expected: "at least one line of text",
      hint: "Check the files: text in UTF-8, a sentence or paragraph a line, a blank line between documents.",
    });
  }
  return await store.finish();
}

interface EncodedDocument {
  readonly texts: readonly string[];
  /** Ids of each text. */
  readonly ids: readonly ArrayLike<number>[];
}

/** Characters that go to another thread at a time, and blocks of them that may be under way: they bound the memory. */
const BLOCK_CHARACTERS = 1 << 18;
const MOST_BLOCKS = 16;

/** All documents with their ids, in their order, however many threads encode them. */
async function* encodedDocuments(
  documents: AsyncIterable<Document>,
  sentencesOf: (document: Document) => string[],
  { encode, encodeTogether }: TokenizeOptions,
): AsyncGenerator<EncodedDocument> {
  if (!encodeTogether) {
    for await (const document of documents) {
      const texts = sentencesOf(document);
      yield { texts, ids: texts.map(encode) };
    }
    return;
  }
  const underway: Promise<EncodedDocument[]>[] = [];
  for await (const block of blocksOf(documents, sentencesOf)) {
    underway.push(encodeTogether(block.flat()).then((ids) => withIds(block, ids)));
    if (underway.length >= MOST_BLOCKS) yield* await underway.shift()!;
  }
  for (const block of underway) yield* await block;
}

/** The texts of several documents at a time. */
async function* blocksOf(
  documents: AsyncIterable<Document>,
  sentencesOf: (document: Document) => string[],
): AsyncGenerator<string[][]> {
  let block: string[][] = [];
  let characters = 0;
  for await (const document of documents) {
    const texts = sentencesOf(document);
    block.push(texts);
    for (const text of texts) characters += text.length;
    if (characters < BLOCK_CHARACTERS) continue;
    yield block;
    block = [];
    characters = 0;
  }
  if (block.length > 0) yield block;
}

function withIds(block: readonly string[][], ids: readonly ArrayLike<number>[]): EncodedDocument[] {
  let done = 0;
  return block.map((texts) => {
    const start = done;
    done += texts.length;
    return { texts, ids: ids.slice(start, done) };
  });
}

/** What is encoded of a document, piece by piece. */
function sentencesOfDocument(document: Document, sentences: "lines" | "split", lineEnd: string): string[] {
  return document.flatMap((line) => {
    const pieces = sentences === "split" ? splitSentences(line) : [line];
    return pieces.map((piece, number) => (number === pieces.length - 1 ? piece + lineEnd : piece));
  });
}

/** Adds one document to a shard and returns the bytes of its text. */
function addDocument({ texts, ids }: EncodedDocument, vocabSize: number, builder: TokenShardBuilder): number {
  let bytes = 0;
  for (const [index, text] of texts.entries()) {
    checkIds(ids[index]!, vocabSize, text);
    const textBytes = utf8Length(text);
    builder.addSentence(ids[index]!, textBytes);
    bytes += textBytes;
  }
  builder.endDocument();
  return bytes;
}

/** A wrong id would become a wrong row of a table far from here. */
function checkIds(ids: ArrayLike<number>, vocabSize: number, text: string): void {
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as number;
    if (id >= 0 && id < vocabSize) continue;
    throw new DataError("The tokenizer gave an id outside of the vocabulary.", {
      expected: `ids from 0 to ${vocabSize - 1}`,
      received: `${id} for "${text.slice(0, 40)}"`,
      hint: "The vocabulary size of the model must be at least the tokenizer's.",
    });
  }
}

/** UTF-8 bytes of a text, without encoding it. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    bytes++;
    if (unit < 0x800) continue;
    // Three bytes; the two halves of a surrogate pair make four together.
    const isPaired = (unit & 0xfc00) === 0xd800 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;
    if (isPaired) i++;
    else bytes++;
    if (isPaired) bytes++;
  }
  return bytes;
}

/** Holds shards in memory until they are too many, then in the cache folder. */
class ShardStore {
  readonly #name: string;
  readonly #fingerprint: string;
  readonly #options: TokenizeOptions;
  readonly #resident: TokenShard[] = [];
  #residentTokens = 0;
  #writer: ShardCacheWriter | undefined;

  constructor(name: string, fingerprint: string, options: TokenizeOptions) {
    this.#name = name;
    this.#fingerprint = fingerprint;
    this.#options = options;
  }

  get shardCount(): number {
    return this.#writer?.shardCount ?? this.#resident.length;
  }

  async add(shard: TokenShard): Promise<void> {
    if (this.#writer !== undefined) {
      await this.#writer.add(shard);
      return;
    }
    this.#resident.push(shard);
    this.#residentTokens += shard.tokens.length;
    if (this.#residentTokens > (this.#options.residentTokens ?? RESIDENT_TOKENS)) await this.#moveToCache();
  }

  async finish(): Promise<TokenizedCorpus> {
    const { vocabSize } = this.#options;
    if (this.#writer === undefined) return new MemoryCorpus(this.#resident, vocabSize, this.#fingerprint);
    return await this.#writer.finish(this.#fingerprint, vocabSize);
  }

  async #moveToCache(): Promise<void> {
    const { cacheFolder } = this.#options;
    if (cacheFolder === undefined) {
      throw new ResourceError(`The corpus ${this.#name} does not fit into memory as token ids.`, {
        file: this.#name,
        expected: `at most ${this.#options.residentTokens ?? RESIDENT_TOKENS} tokens`,
        hint: "Give a cache folder, where they can lie on disk.",
      });
    }
    this.#writer = await ShardCacheWriter.open(cacheFolder);
    for (const shard of this.#resident) await this.#writer.add(shard);
    this.#resident.length = 0;
  }
}

/**
 * The shards of a large corpus as files: `shard-00000.bin` and so on, and `index.json`, which is written last and makes
 * the cache valid. A shard file holds its four arrays one after the other, little-endian, each at a multiple of 4 bytes.
 */
import { platform } from "#platform";
import { DataError } from "../errors.ts";
import { parseSoundJson } from "../platform/json-shape.ts";
import { type ShardCounts, shardCounts, type TokenShard } from "./token-shard.ts";
import { sumCounts, type TokenizedCorpus } from "./tokenized-corpus.ts";

const INDEX_FILE = "index.json";
const FORMAT = "cloze-token-shards-1";

interface CacheIndex {
  readonly format: typeof FORMAT;
  readonly fingerprint: string;
  readonly vocabSize: number;
  readonly shards: readonly ShardCounts[];
}

function shardFile(folder: string, index: number): string {
  return platform.join(folder, `shard-${String(index).padStart(5, "0")}.bin`);
}

/** The corpus that a cache folder holds, or undefined if it holds another one, or none that is whole. */
export async function readCachedCorpus(
  folder: string,
  fingerprint: string,
  vocabSize: number,
): Promise<TokenizedCorpus | undefined> {
  const path = platform.join(folder, INDEX_FILE);
  if ((await platform.stat(path, "data")) === undefined) return undefined;
  const index = parseIndex(await platform.readText(path, "data"));
  if (index?.fingerprint !== fingerprint || index.vocabSize !== vocabSize) return undefined;
  for (const [number, counts] of index.shards.entries()) {
    const stat = await platform.stat(shardFile(folder, number), "data");
    if (stat?.sizeBytes !== shardLayout(counts, vocabSize).sizeBytes) return undefined;
  }
  return new CachedCorpus(folder, index);
}

function parseIndex(text: string): CacheIndex | undefined {
  try {
    const index = parseSoundJson(text) as CacheIndex;
    const isCounts = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
    const whole = index.format === FORMAT && index.shards.length > 0;
    return whole && index.shards.every((counts) => [counts.documents, counts.sentences, counts.tokens].every(isCounts))
      ? index
      : undefined;
  } catch {
    return undefined; // a broken cache is made anew
  }
}

/** Writes shards one by one. */
export class ShardCacheWriter {
  readonly #folder: string;
  readonly #counts: ShardCounts[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<ShardCacheWriter> {
    await platform.makeFolder(folder);
    await platform.remove(platform.join(folder, INDEX_FILE)); // from here on the old cache is not whole
    return new ShardCacheWriter(folder);
  }

  get shardCount(): number {
    return this.#counts.length;
  }

  async add(shard: TokenShard): Promise<void> {
    const arrays = [shard.tokens, shard.sentenceStarts, shard.documentStarts, shard.documentBytes];
    const pieces = arrays.flatMap((array) => {
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      return bytes.length % 4 === 0 ? [bytes] : [bytes, new Uint8Array(4 - (bytes.length % 4))];
    });
    await platform.writeFileAtomically(shardFile(this.#folder, this.#counts.length), pieces);
    this.#counts.push(shardCounts(shard));
  }

  async finish(fingerprint: string, vocabSize: number): Promise<TokenizedCorpus> {
    const index: CacheIndex = { format: FORMAT, fingerprint, vocabSize, shards: this.#counts };
    await platform.writeFileAtomically(platform.join(this.#folder, INDEX_FILE), `${JSON.stringify(index)}\n`);
    return new CachedCorpus(this.#folder, index);
  }
}

/** Byte offsets of a shard file's arrays. */
function shardLayout(counts: ShardCounts, vocabSize: number) {
  const narrow = vocabSize <= 1 << 16;
  const sentenceStarts = Math.ceil((counts.tokens * (narrow ? 2 : 4)) / 4) * 4;
  const documentStarts = sentenceStarts + 4 * (counts.sentences + 1);
  const documentBytes = documentStarts + 4 * (counts.documents + 1);
  return { narrow, sentenceStarts, documentStarts, documentBytes, sizeBytes: documentBytes + 4 * counts.documents };
}

class CachedCorpus implements TokenizedCorpus {
  readonly vocabSize: number;
  readonly fingerprint: string;
  readonly counts: ShardCounts;
  readonly #folder: string;
  readonly #shards: readonly ShardCounts[];
  /** The shard read last: the next batches come from it too. */
  #recent: TokenShard | undefined;

  constructor(folder: string, index: CacheIndex) {
    this.#folder = folder;
    this.#shards = index.shards;
    this.vocabSize = index.vocabSize;
    this.fingerprint = index.fingerprint;
    this.counts = sumCounts(index.shards);
  }

  get shardCount(): number {
    return this.#shards.length;
  }

  async shard(index: number): Promise<TokenShard> {
    if (this.#recent?.index === index) return this.#recent;
    this.#recent = undefined;
    const firstDocument = sumCounts(this.#shards.slice(0, index)).documents;
    this.#recent = await this.#read(index, firstDocument);
    return this.#recent;
  }

  async #read(index: number, firstDocument: number): Promise<TokenShard> {
    const counts = this.#shards[index];
    if (counts === undefined) throw new RangeError(`shard ${index} of ${this.#shards.length}`);
    const layout = shardLayout(counts, this.vocabSize);
    const bytes = new Uint8Array(layout.sizeBytes);
    const path = shardFile(this.#folder, index);
    await platform.readInto(path, "data", 0, bytes);
    const { buffer } = bytes;
    const shard: TokenShard = {
      index,
      firstDocument,
      tokens: layout.narrow ? new Uint16Array(buffer, 0, counts.tokens) : new Int32Array(buffer, 0, counts.tokens),
      sentenceStarts: new Uint32Array(buffer, layout.sentenceStarts, counts.sentences + 1),
      documentStarts: new Uint32Array(buffer, layout.documentStarts, counts.documents + 1),
      documentBytes: new Uint32Array(buffer, layout.documentBytes, counts.documents),
    };
    this.#check(shard, counts, path);
    return shard;
  }

  /** The file may have been changed or damaged since it was written. */
  #check(shard: TokenShard, counts: ShardCounts, path: string): void {
    const whole =
      risesTo(shard.sentenceStarts, counts.tokens) &&
      risesTo(shard.documentStarts, counts.sentences) &&
      shard.tokens.every((id) => id >= 0 && id < this.vocabSize);
    if (whole) return;
    throw new DataError("A file of the token cache is damaged.", {
      file: path,
      hint: "Remove the cache folder; it is made again from the corpus.",
    });
  }
}

/** Whether the values go from 0 to `end` and never stand still or fall. */
function risesTo(starts: Uint32Array, end: number): boolean {
  if (starts[0] !== 0 || starts[starts.length - 1] !== end) return false;
  for (let i = 1; i < starts.length; i++) if ((starts[i] as number) <= (starts[i - 1] as number)) return false;
  return true;
}

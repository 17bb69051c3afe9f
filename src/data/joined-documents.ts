/**
 * The documents of a shard as one endless stream: [separator] document 0 [separator] document 1 … and from the beginning
 * again. Positions count separators. Without a separator the documents follow each other directly.
 */
import { documentTokenStart, type TokenShard } from "./token-shard.ts";

export class JoinedDocuments {
  readonly length: number;
  readonly #shard: TokenShard;
  readonly #separator: number | undefined;
  readonly #documents: number;

  constructor(shard: TokenShard, separator: number | undefined) {
    this.#shard = shard;
    this.#separator = separator;
    this.#documents = shard.documentBytes.length;
    this.length = shard.tokens.length + (separator === undefined ? 0 : this.#documents);
  }

  /** Where a document begins, at its separator if there are any. */
  startOf(document: number): number {
    return documentTokenStart(this.#shard, document) + (this.#separator === undefined ? 0 : document);
  }

  /** Copies `count` ids from `position` on, past the end from the beginning again. */
  read(position: number, count: number, out: Int32Array, offset: number): void {
    let left = count;
    let at = offset;
    let from = position % this.length;
    let document = this.#documentAt(from);
    while (left > 0) {
      const inside = from - this.startOf(document);
      if (this.#separator !== undefined && inside === 0) {
        out[at++] = this.#separator;
        from++;
        left--;
        continue;
      }
      const firstToken = documentTokenStart(this.#shard, document) + inside - (this.#separator === undefined ? 0 : 1);
      const taken = Math.min(left, documentTokenStart(this.#shard, document + 1) - firstToken);
      out.set(this.#shard.tokens.subarray(firstToken, firstToken + taken), at);
      at += taken;
      left -= taken;
      document = document + 1 === this.#documents ? 0 : document + 1;
      from = this.startOf(document);
    }
  }

  /** The last document that begins at or before the position. */
  #documentAt(position: number): number {
    let low = 0;
    let high = this.#documents - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.startOf(middle) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

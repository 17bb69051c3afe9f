import { grown } from "../word-table.ts";

const FIRST_TOKENS = 64;

/** The tokens of one word, in order: the first `count` elements of parallel arrays. They hold until the model's next word. */
export interface WordTokens {
  readonly count: number;
  readonly ids: Int32Array;
  /** Start and end of each token, in UTF-16 units within the word. */
  readonly starts: Int32Array;
  readonly ends: Int32Array;
}

/** A list of tokens that is filled again for each word, since new arrays for each would keep the garbage collector busy. */
export class TokenList implements WordTokens {
  count = 0;
  ids = new Int32Array(FIRST_TOKENS);
  starts = new Int32Array(FIRST_TOKENS);
  ends = new Int32Array(FIRST_TOKENS);

  clear(): this {
    this.count = 0;
    return this;
  }

  push(id: number, start: number, end: number): this {
    const at = this.count++;
    if (at === this.ids.length) this.#grow();
    this.ids[at] = id;
    this.starts[at] = start;
    this.ends[at] = end;
    return this;
  }

  #grow(): void {
    const room = this.count;
    this.ids = grown(this.ids, room);
    this.starts = grown(this.starts, room);
    this.ends = grown(this.ends, room);
  }
}

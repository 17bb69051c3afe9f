/** A vocabulary: tokens and their ids, both ways. */
import { TokenizerError } from "../errors.ts";
import { fieldError, isCount, type JsonFields } from "./json-fields.ts";

/** More tokens than any vocabulary has: a bound against hostile files. */
export const MOST_TOKENS = 1 << 19;
/** Twice as many UTF-16 units as the tokens of the largest published vocabularies have together. */
const MOST_UNITS = 1 << 23;
/** Ids that added tokens may fill between those of the vocabulary; a bound, so that a hostile id asks for no giant table. */
const MOST_HOLES = 1 << 16;

export class Vocabulary {
  /** Token of each id; an id that only an added token fills is undefined here. */
  readonly tokens: readonly (string | undefined)[];
  /** Ids plus one by the hash of their tokens, 0 where there is none; a Map takes several times the memory. */
  readonly #slots: Int32Array;

  /** From tokens in the order of their ids. `source` names file and field in errors. */
  constructor(
    tokens: readonly (string | undefined)[],
    source: { file?: string; field?: string | ((id: number) => string) } = {},
  ) {
    this.tokens = tokens;
    let capacity = 16;
    while (capacity < tokens.length * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity);
    const { file = "vocabulary", field = (id: number): string => `line ${id + 1}` } = source;
    const requireFew = unitCounter(file, typeof field === "string" ? field : "tokens");
    tokens.forEach((token, id) => {
      if (token === undefined) return;
      requireFew(token);
      const slot = this.#find(token);
      const known = this.#slots[slot]! - 1;
      if (known >= 0) {
        throw fieldError(
          file,
          typeof field === "string" ? field : field(id),
          "a list without duplicates",
          `${JSON.stringify(token)} as ${known} and as ${id}`,
        );
      }
      this.#slots[slot] = id + 1;
    });
  }

  /** From an object of tokens and ids: `{"the": 5, …}`. */
  static fromRecord(fields: JsonFields): Vocabulary {
    const count = fields.size;
    if (count > MOST_TOKENS) {
      throw fieldError(fields.file, fields.path || "(the whole file)", `at most ${MOST_TOKENS} tokens`, count);
    }
    // Its size is known: an array that grows is copied again and again, and keeps room for more.
    const tokens = new Array<string | undefined>(count).fill(undefined);
    const requireFew = unitCounter(fields.file, fields.path || "(the whole file)");
    fields.forEach((token, id) => {
      if (!isCount(id) || id >= count + MOST_HOLES) {
        throw fields.error(JSON.stringify(token), `an id from 0 to about the ${count} entries`, id);
      }
      if (tokens[id] !== undefined) {
        throw fields.error(JSON.stringify(token), `an id of its own, not that of ${JSON.stringify(tokens[id])}`, id);
      }
      requireFew(token);
      while (tokens.length < id) tokens.push(undefined);
      tokens[id] = token;
    });
    while (tokens.length > 0 && tokens[tokens.length - 1] === undefined) tokens.pop();
    return new Vocabulary(tokens, { file: fields.file, field: fields.path });
  }

  /** Ids of the vocabulary, holes included. */
  get size(): number {
    return this.tokens.length;
  }

  idOf(token: string): number | undefined {
    const id = this.#slots[this.#find(token)]! - 1;
    return id < 0 ? undefined : id;
  }

  /** Visits the tokens that a text begins with, shortest first, until `visit` returns false. */
  forEachPrefix(text: string, visit: (id: number, end: number) => boolean): void {
    let hash = FIRST_HASH;
    for (let end = 1; end <= text.length; end++) {
      hash = hashAfter(hash, text.charCodeAt(end - 1));
      for (let slot = this.#slotOf(hash); this.#slots[slot] !== 0; slot = (slot + 1) & (this.#slots.length - 1)) {
        const id = this.#slots[slot]! - 1;
        if (this.tokens[id]!.length !== end || !text.startsWith(this.tokens[id]!)) continue;
        if (!visit(id, end)) return;
        break;
      }
    }
  }

  tokenOf(id: number): string | undefined {
    return this.tokens[id];
  }

  has(token: string): boolean {
    return this.idOf(token) !== undefined;
  }

  /** The id of a token that must be there. */
  require(token: string, purpose: string, file?: string): number {
    const id = this.idOf(token);
    if (id !== undefined) return id;
    throw new TokenizerError(`The vocabulary lacks ${JSON.stringify(token)}, ${purpose}.`, {
      file,
      field: "vocab",
      expected: `${JSON.stringify(token)} in the vocabulary`,
      received: "absent",
      hint: "Add the token to the vocabulary, or name another one in the tokenizer's settings.",
    });
  }

  /** `{"token":id,…}` in the order of ids; JSON.stringify would put tokens that look like numbers first. */
  toJSONText(): string {
    const entries: string[] = [];
    this.tokens.forEach((token, id) => {
      if (token !== undefined) entries.push(`${JSON.stringify(token)}:${id}`);
    });
    return `{${entries.join(",")}}`;
  }

  /** Where the token's id stands, or would go. */
  #find(token: string): number {
    const mask = this.#slots.length - 1;
    let hash = FIRST_HASH;
    for (let at = 0; at < token.length; at++) hash = hashAfter(hash, token.charCodeAt(at));
    for (let slot = this.#slotOf(hash); ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0 || this.tokens[id] === token) return slot;
    }
  }

  #slotOf(hash: number): number {
    return (hash ^ (hash >>> 15)) & (this.#slots.length - 1);
  }
}

/** Called with one token after the other, throws when they become too many characters together. */
export function unitCounter(file: string, field: string): (token: string) => void {
  let units = 0;
  return (token) => {
    units += token.length;
    if (units <= MOST_UNITS) return;
    throw fieldError(file, field, `tokens of together at most ${MOST_UNITS} characters`, "more");
  };
}

const FIRST_HASH = 0x2f0b;

function hashAfter(hash: number, unit: number): number {
  return Math.imul(hash ^ unit, 0x9e3779b1);
}

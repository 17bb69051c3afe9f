/** A vocabulary: tokens and their ids, both ways. */
import { TokenizerError } from "../errors.ts";
import { fieldError, isCount, type JsonFields } from "./json-fields.ts";

/** Ids that added tokens may fill between those of the vocabulary; a bound, so that a hostile id asks for no giant table. */
const MOST_HOLES = 1 << 16;

export class Vocabulary {
  /** Token of each id; an id that only an added token fills is undefined here. */
  readonly tokens: readonly (string | undefined)[];
  /** Ids plus one by the hash of their tokens, 0 where there is none; a Map takes several times the memory. */
  readonly #slots: Int32Array;

  /** From tokens in the order of their ids. `source` names file and field in errors. */
  constructor(tokens: readonly (string | undefined)[], source: { file?: string; field?: string } = {}) {
    this.tokens = tokens;
    let capacity = 16;
    while (capacity < tokens.length * 2) capacity *= 2;
    this.#slots = new Int32Array(capacity);
    tokens.forEach((token, id) => {
      if (token === undefined) return;
      const slot = this.#find(token);
      const known = this.#slots[slot]! - 1;
      if (known >= 0) {
        throw fieldError(
          source.file ?? "vocabulary",
          source.field ?? `line ${id + 1}`,
          "a list without duplicates",
          `${JSON.stringify(token)} as ${known} and as ${id}`,
        );
      }
      this.#slots[slot] = id + 1;
    });
  }

  /** From an object of tokens and ids: `{"the": 5, …}`. */
  static fromRecord(fields: JsonFields): Vocabulary {
    const count = fields.keys().length;
    const tokens: (string | undefined)[] = [];
    fields.forEach((token, id) => {
      if (!isCount(id) || id >= count + MOST_HOLES) {
        throw fields.error(JSON.stringify(token), `an id from 0 to about the ${count} entries`, id);
      }
      if (tokens[id] !== undefined) {
        throw fields.error(JSON.stringify(token), `an id of its own (${id} is that of ${JSON.stringify(tokens[id])})`);
      }
      tokens[id] = token;
    });
    // Array.from turns what was never set into undefined, which iterates like the rest.
    return new Vocabulary(Array.from(tokens), { file: fields.file, field: fields.path });
  }

  /** Ids of the vocabulary, holes included. */
  get size(): number {
    return this.tokens.length;
  }

  idOf(token: string): number | undefined {
    const id = this.#slots[this.#find(token)]! - 1;
    return id < 0 ? undefined : id;
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
    let hash = token.length;
    for (let at = 0; at < token.length; at++) hash = Math.imul(hash ^ token.charCodeAt(at), 0x9e3779b1);
    for (let slot = (hash ^ (hash >>> 15)) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0 || this.tokens[id] === token) return slot;
    }
  }
}

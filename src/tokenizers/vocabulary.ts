/** A vocabulary: tokens and their ids, both ways. */
import { TokenizerError } from "../errors.ts";
import { fieldError, isCount, type JsonFields } from "./json-fields.ts";

/** Ids that added tokens may fill between those of the vocabulary; a bound, so that a hostile id asks for no giant table. */
const MOST_HOLES = 1 << 16;

export class Vocabulary {
  /** Token of each id; an id that only an added token fills is undefined here. */
  readonly tokens: readonly (string | undefined)[];
  readonly #ids: Map<string, number>;

  /** From tokens in the order of their ids. `source` names file and field in errors. */
  constructor(tokens: readonly (string | undefined)[], source: { file?: string; field?: string } = {}) {
    this.tokens = tokens;
    this.#ids = new Map();
    tokens.forEach((token, id) => {
      if (token === undefined) return;
      if (this.#ids.has(token)) {
        throw fieldError(
          source.file ?? "vocabulary",
          source.field ?? `line ${id + 1}`,
          "a list without duplicates",
          `${JSON.stringify(token)} as ${this.#ids.get(token)} and as ${id}`,
        );
      }
      this.#ids.set(token, id);
    });
  }

  /** From an object of tokens and ids: `{"the": 5, …}`. */
  static fromRecord(fields: JsonFields): Vocabulary {
    const keys = fields.keys();
    const tokens: (string | undefined)[] = [];
    for (const token of keys) {
      const id = fields.raw(token);
      if (!isCount(id) || id >= keys.length + MOST_HOLES) {
        throw fields.error(JSON.stringify(token), `an id from 0 to about the ${keys.length} entries`);
      }
      if (tokens[id] !== undefined) {
        throw fields.error(JSON.stringify(token), `an id of its own (${id} is that of ${JSON.stringify(tokens[id])})`);
      }
      tokens[id] = token;
    }
    // Array.from turns what was never set into undefined, which iterates like the rest.
    return new Vocabulary(Array.from(tokens), { file: fields.file, field: fields.path });
  }

  /** Ids of the vocabulary, holes included. */
  get size(): number {
    return this.tokens.length;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  tokenOf(id: number): string | undefined {
    return this.tokens[id];
  }

  has(token: string): boolean {
    return this.#ids.has(token);
  }

  /** The id of a token that must be there. */
  require(token: string, purpose: string, file?: string): number {
    const id = this.#ids.get(token);
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
}

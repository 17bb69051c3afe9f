import { Encoding, type TextInput } from "./encoding.ts";

/** Collects the tokens of a text, one after the other. Its arrays are used again and again, so that they need not grow. */
export class EncodingBuilder {
  readonly #ids: number[] = [];
  readonly #tokens: string[] = [];
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  readonly #wordIds: number[] = [];
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  push(id: number, token: string, start: number, end: number, wordId: number): void {
    const at = this.#length++;
    this.#ids[at] = id;
    this.#tokens[at] = token;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#wordIds[at] = wordId;
  }

  /** The tokens so far as those of a text. */
  build(input: TextInput, typeId: number): Encoding {
    const length = this.#length;
    return new Encoding(input, {
      ids: this.#ids.slice(0, length),
      typeIds: new Array<number>(length).fill(typeId),
      tokens: this.#tokens.slice(0, length),
      starts: this.#starts.slice(0, length),
      ends: this.#ends.slice(0, length),
      wordIds: this.#wordIds.slice(0, length),
      specialTokensMask: new Array<number>(length).fill(0),
      attentionMask: new Array<number>(length).fill(1),
    });
  }
}

import type { JsonFields } from "../json-fields.ts";
import type { Decoder } from "./decoder.ts";

/** Turns the mark at the end of words into a space, but for the last. */
export class BpeDecoder implements Decoder {
  readonly suffix: string;

  constructor(suffix = "</w>") {
    this.suffix = suffix;
  }

  static fromJSON(fields: JsonFields): BpeDecoder {
    return new BpeDecoder(fields.string("suffix", "</w>"));
  }

  decode(tokens: readonly string[]): string[] {
    if (this.suffix === "") return [...tokens];
    return tokens.map((token, index) => token.replaceAll(this.suffix, index === tokens.length - 1 ? "" : " "));
  }

  toJSON(): Record<string, unknown> {
    return { type: "BPEDecoder", suffix: this.suffix };
  }
}

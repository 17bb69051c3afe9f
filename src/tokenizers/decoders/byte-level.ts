import { byteOfCode } from "../byte-characters.ts";
import type { JsonFields } from "../json-fields.ts";
import { type ByteLevelOptions, byteLevelToJSON, readByteLevelOptions } from "../pre-tokenizers/byte-level.ts";
import type { Decoder } from "./decoder.ts";

/** Turns characters that stand for bytes into these bytes, and the bytes into text; broken sequences become U+FFFD. */
export class ByteLevelDecoder implements Decoder {
  /** Only kept and written back. */
  readonly options: ByteLevelOptions;

  constructor(options: ByteLevelOptions = { addPrefixSpace: true, trimOffsets: true, useRegex: true }) {
    this.options = options;
  }

  static fromJSON(fields: JsonFields): ByteLevelDecoder {
    return new ByteLevelDecoder(readByteLevelOptions(fields));
  }

  decode(tokens: readonly string[]): string[] {
    const bytes: number[] = [];
    for (const token of tokens) for (const byte of bytesOf(token)) bytes.push(byte);
    return [new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(bytes))];
  }

  toJSON(): Record<string, unknown> {
    return byteLevelToJSON(this.options);
  }
}

/** A token with a character that stands for no byte, such as an added one, is taken as text. */
function bytesOf(token: string): Iterable<number> {
  const bytes: number[] = [];
  for (let at = 0; at < token.length; at++) {
    const byte = byteOfCode(token.charCodeAt(at));
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes.push(byte);
  }
  return bytes;
}

import type { Decoder } from "./decoder.ts";

const BYTE_TOKEN = /^<0x([0-9A-F]{2})>$/i;

/** Turns runs of byte tokens, `<0xE4><0xB8><0xAD>`, into their text; each byte of a broken run becomes U+FFFD. */
export class ByteFallbackDecoder implements Decoder {
  decode(tokens: readonly string[]): string[] {
    const decoded: string[] = [];
    let bytes: number[] = [];
    const flush = (): void => {
      if (bytes.length > 0) decoded.push(textOf(bytes));
      bytes = [];
    };
    for (const token of tokens) {
      const byte = BYTE_TOKEN.exec(token)?.[1];
      if (byte !== undefined) {
        bytes.push(Number.parseInt(byte, 16));
        continue;
      }
      flush();
      decoded.push(token);
    }
    flush();
    return decoded;
  }

  toJSON(): Record<string, unknown> {
    return { type: "ByteFallback" };
  }
}

function textOf(bytes: readonly number[]): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
  } catch {
    return "\ufffd".repeat(bytes.length);
  }
}

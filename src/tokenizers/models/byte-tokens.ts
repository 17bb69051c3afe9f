import type { Vocabulary } from "../vocabulary.ts";

/** Tokens that stand for the bytes of what a vocabulary cannot write: `<0x00>` to `<0xFF>`, as in SentencePiece. */
export const BYTE_TOKENS: readonly string[] = Array.from(
  { length: 256 },
  (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
);

/** Ids of the tokens for the UTF-8 bytes of a text; undefined if the vocabulary lacks one of them. */
export function byteTokenIds(text: string, vocabulary: Vocabulary): number[] | undefined {
  const ids = Array.from(new TextEncoder().encode(text), (byte) => vocabulary.idOf(BYTE_TOKENS[byte]!));
  return ids.every((id) => id !== undefined) ? ids : undefined;
}

/**
 * What a code point is, in the reference library's eyes: one lookup in a table of bit sets.
 *
 * JavaScript's own `\p{…}` follows the engine's Unicode version, so that two browsers would cut a text differently; and
 * the reference mixes tables of several ages. The ranges are therefore measured, not looked up.
 */
import * as ranges from "./generated/unicode-tables.ts";

export const LETTER = 1;
export const NUMBER = 2;
export const WHITESPACE = 4;
/** What BERT isolates: ASCII symbols and Unicode punctuation. */
export const PUNCTUATION = 8;
/** Control and format characters that BERT's normalizer deletes. */
export const REMOVED = 16;
/** CJK ideographs, which BERT surrounds with spaces. */
export const IDEOGRAPH = 32;
/** Accents that BERT's normalizer strips. */
export const NONSPACING_MARK = 64;
/** What the StripAccents normalizer deletes. */
export const COMBINING_MARK = 128;
/** Changed by NFD and NFC. */
export const DECOMPOSED = 256;
/** Changed by NFKD and NFKC. */
export const COMPATIBILITY_DECOMPOSED = 512;

const CODE_POINTS = 0x110000;

let table: Uint16Array | undefined;

/** The bit sets of all code points, as one table [0x110000]; 2 MiB, made at the first call. */
export function characterProperties(): Uint16Array {
  if (table) return table;
  table = new Uint16Array(CODE_POINTS);
  paint(table, ranges.LETTER, LETTER);
  paint(table, ranges.NUMBER, NUMBER);
  paint(table, ranges.WHITESPACE, WHITESPACE);
  paint(table, ranges.PUNCTUATION, PUNCTUATION);
  paint(table, ranges.REMOVED, REMOVED);
  paint(table, ranges.IDEOGRAPH, IDEOGRAPH);
  paint(table, ranges.NONSPACING_MARK, NONSPACING_MARK);
  paint(table, ranges.COMBINING_MARK, COMBINING_MARK);
  paint(table, ranges.DECOMPOSED, DECOMPOSED);
  paint(table, ranges.COMPATIBILITY_DECOMPOSED, COMPATIBILITY_DECOMPOSED);
  return table;
}

/** Sets a bit in all ranges; they are packed as base-36 numbers, gap and length in turn. */
function paint(properties: Uint16Array, packed: string, bit: number): void {
  const numbers = packed.split(" ");
  let at = 0;
  for (let index = 0; index < numbers.length; index += 2) {
    at += Number.parseInt(numbers[index]!, 36);
    const end = at + Number.parseInt(numbers[index + 1]!, 36);
    for (; at < end; at++) properties[at]! |= bit;
  }
}

/** UTF-16 units of a code point: 2 beyond the basic plane. */
export function unitsOf(codePoint: number): 1 | 2 {
  return codePoint > 0xffff ? 2 : 1;
}

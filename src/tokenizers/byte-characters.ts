/**
 * GPT-2's bytes as characters: 256 printable characters stand for the 256 bytes, so that merges are text.
 *
 * Radford et al. 2019, "Language Models are Unsupervised Multitask Learners", §2.2; the table is that of its published
 * `bytes_to_unicode`: printable Latin-1 stands for itself, the other bytes take the characters from U+0100 on.
 */

/** Character of each byte, e.g. `Ġ` for the space. */
export const BYTE_CHARACTERS: readonly string[] = makeByteCharacters();

/** Byte of each such character's code, -1 where there is none. */
const BYTE_OF_CODE: Int16Array = makeByteOfCode();

function makeByteCharacters(): string[] {
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCharCode(printable ? byte : 0x100 + moved++);
  });
}

function makeByteOfCode(): Int16Array {
  const codes = BYTE_CHARACTERS.map((character) => character.charCodeAt(0));
  const bytes = new Int16Array(Math.max(...codes) + 1).fill(-1);
  codes.forEach((code, byte) => {
    bytes[code] = byte;
  });
  return bytes;
}

/** The byte that a character of this code stands for, or undefined. */
export function byteOfCode(code: number): number | undefined {
  const byte = code < BYTE_OF_CODE.length ? BYTE_OF_CODE[code]! : -1;
  return byte < 0 ? undefined : byte;
}

/** Code of each byte's character. */
const CODES = Uint16Array.from(BYTE_CHARACTERS, (character) => character.charCodeAt(0));
const REPLACEMENT_CHARACTER = 0xfffd;

/** Calls `receive` with each UTF-8 byte of a code point, as its character's code. A lone surrogate becomes U+FFFD. */
export function forEachByte(codePoint: number, receive: (code: number) => void): void {
  const point = codePoint >= 0xd800 && codePoint <= 0xdfff ? REPLACEMENT_CHARACTER : codePoint;
  if (point < 0x80) {
    receive(CODES[point]!);
    return;
  }
  if (point < 0x800) {
    receive(CODES[0xc0 | (point >> 6)]!);
  } else {
    if (point < 0x10000) {
      receive(CODES[0xe0 | (point >> 12)]!);
    } else {
      receive(CODES[0xf0 | (point >> 18)]!);
      receive(CODES[0x80 | ((point >> 12) & 0x3f)]!);
    }
    receive(CODES[0x80 | ((point >> 6) & 0x3f)]!);
  }
  receive(CODES[0x80 | (point & 0x3f)]!);
}

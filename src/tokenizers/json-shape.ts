import { fieldError } from "./json-fields.ts";

const DEEPEST = 64;
/** Arrays and objects that a file may have: this many, and one for so many characters. */
const SPARE_PARTS = 250_000;
const CHARACTERS_PER_PART = 12;

/**
 * Refuses JSON that takes many times its own size in memory once it is read: deeply nested, or nothing but brackets.
 * What is no JSON at all is left to the reader.
 */
export function requireJsonShape(text: string, file: string): void {
  const most = SPARE_PARTS + Math.floor(text.length / CHARACTERS_PER_PART);
  let depth = 0;
  let parts = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth++;
      parts++;
      if (depth > DEEPEST) throw fieldError(file, "(the whole file)", `nested at most ${DEEPEST} deep`, "deeper");
      if (parts > most) throw fieldError(file, "(the whole file)", `at most ${most} arrays and objects`, "more");
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

/** JSON that takes many times its own size in memory once it is read. */

const DEEPEST = 64;
/** Arrays and objects, and strings, that a file may have: this many, and one for so many characters. */
const SPARE_PARTS = 100_000;
const SPARE_STRINGS = 300_000;
const CHARACTERS_EACH = 16;
/** Values of lists and objects: numbers are short. */
const SPARE_VALUES = 1_000_000;
const CHARACTERS_PER_VALUE = 4;

/** A value of any type. Throws a SyntaxError for what is no JSON, or would take many times its size in memory. */
export function parseSoundJson(text: string): unknown {
  const problem = jsonShapeProblem(text);
  if (problem !== undefined) throw new SyntaxError(`expected ${problem.expected}`);
  return JSON.parse(text);
}

/**
 * What is wrong with JSON that is deeply nested, or nothing but brackets; undefined for all other. What is no JSON at all
 * is left to the reader.
 */
export function jsonShapeProblem(text: string): { readonly expected: string; readonly received: string } | undefined {
  const each = Math.floor(text.length / CHARACTERS_EACH);
  let depth = 0;
  let parts = 0;
  let strings = 0;
  let commas = 0;
  const mostValues = SPARE_VALUES + Math.floor(text.length / CHARACTERS_PER_VALUE);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at);
      strings++;
      if (strings > SPARE_STRINGS + each) return tooMany("texts", SPARE_STRINGS + each);
    } else if (code === OPEN_BRACKET || code === OPEN_BRACE) {
      depth++;
      parts++;
      if (depth > DEEPEST) return { expected: `nested at most ${DEEPEST} deep`, received: "deeper" };
      if (parts > SPARE_PARTS + each) return tooMany("arrays and objects", SPARE_PARTS + each);
    } else if (code === CLOSE_BRACKET || code === CLOSE_BRACE) depth--;
    else if (code === COMMA && ++commas > mostValues) return tooMany("values", mostValues);
  }
  return undefined;
}

function tooMany(what: string, most: number): { readonly expected: string; readonly received: string } {
  return { expected: `at most ${most} ${what}`, received: "more" };
}

const QUOTE = 0x22;
const COMMA = 0x2c;
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

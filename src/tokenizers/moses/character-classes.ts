/** The Moses scripts' classes of characters, as parts of regular expressions. */
import * as tables from "../generated/moses-tables.ts";

export const ALPHANUMERIC = rangesOf(tables.ALPHANUMERIC);
export const ALPHABETIC = rangesOf(tables.ALPHABETIC);
export const LOWERCASE = rangesOf(tables.LOWERCASE);
export const NUMERIC = rangesOf(tables.NUMERIC);
export const DIGIT = rangesOf(tables.DIGIT);
export const OTHER = rangesOf(tables.OTHER);
export const ACCENT = rangesOf(tables.ACCENT);
/** White space as the reference sees it; JavaScript's own knows no U+0085, but U+FEFF. */
export const SPACE =
  "\\t-\\r\\x1c-\\x20\\x85\\xa0\\u{1680}\\u{2000}-\\u{200a}\\u{2028}\\u{2029}\\u{202f}\\u{205f}\\u{3000}";

/** `\u{41}-\u{5a}…` of ranges as base-36 numbers, gap and length in turn. */
function rangesOf(packed: string): string {
  const numbers = packed.split(" ").map((number) => Number.parseInt(number, 36));
  let at = 0;
  let ranges = "";
  for (let index = 0; index < numbers.length; index += 2) {
    const first = at + numbers[index]!;
    at = first + numbers[index + 1]!;
    ranges += `\\u{${first.toString(16)}}-\\u{${(at - 1).toString(16)}}`;
  }
  return ranges;
}

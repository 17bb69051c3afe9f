/** The ways in which sacrebleu cuts sentences before it counts (Post 2018, "A Call for Clarity in Reporting BLEU Scores"). */
import { splitWords } from "./words.ts";

export const bleuTokenizers = ["13a", "zh", "intl", "char", "none"] as const;
export type BleuTokenizer = (typeof bleuTokenizers)[number];

/** The tokens of a sentence. */
export function bleuTokens(text: string, tokenizer: BleuTokenizer): string[] {
  return splitWords(cutters[tokenizer](text));
}

const cutters: Record<BleuTokenizer, (text: string) => string> = {
  "13a": (text) => cutWestern(` ${withoutMarkup(text)} `),
  zh: (text) => cutWestern([...text.trim()].map((one) => (isChinese(one) ? ` ${one} ` : one)).join("")),
  intl: (text) =>
    text
      .replace(/(\P{N})(\p{P})/gu, "$1 $2 ")
      .replace(/(\p{P})(\P{N})/gu, " $1 $2")
      .replace(/\p{S}/gu, " $& "),
  char: (text) => [...text].join(" "),
  none: (text) => text,
};

/** Line ends and the entities of SGML files, as mteval-v13a undoes them. */
function withoutMarkup(text: string): string {
  return text
    .replaceAll("<skipped>", "")
    .replaceAll("-\n", "")
    .replaceAll("\n", " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
}

/** Punctuation apart; full stops, commas and dashes not within numbers. */
export function cutWestern(text: string): string {
  return text
    .replace(/[{-~[-` -&(-+:-@/]/g, " $& ")
    .replace(/([^0-9])([.,])/gu, "$1 $2 ")
    .replace(/([.,])([^0-9])/gu, " $1 $2")
    .replace(/([0-9])(-)/g, "$1 $2 ");
}

/**
 * What the reference takes for Chinese. 2001–2A6D and 2F81–2FA1 are what its two ranges beyond the basic plane come to,
 * since it writes them with four digits and one more character.
 */
const chineseRanges = [
  [0x3400, 0x4db5],
  [0x4e00, 0x9fbb],
  [0xf900, 0xfa2d],
  [0xfa30, 0xfa6a],
  [0xfa70, 0xfad9],
  [0x2001, 0x2a6d],
  [0x2f81, 0x2fa1],
  [0xff00, 0xffef],
  [0x2e80, 0x2eff],
  [0x3000, 0x303f],
  [0x31c0, 0x31ef],
  [0x2f00, 0x2fdf],
  [0x2ff0, 0x2fff],
  [0x3100, 0x312f],
  [0x31a0, 0x31bf],
  [0xfe10, 0xfe1f],
  [0xfe30, 0xfe4f],
  [0x3200, 0x33ff],
] as const;

function isChinese(character: string): boolean {
  const codePoint = character.codePointAt(0) ?? 0;
  return chineseRanges.some(([first, last]) => codePoint >= first && codePoint <= last);
}

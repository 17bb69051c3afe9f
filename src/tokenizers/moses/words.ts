/**
 * The Moses scripts' tokenizer (`tokenizer.perl`), https://www.statmt.org/moses: puts spaces around what is a word of
 * its own, by rules for punctuation, commas in numbers, apostrophes by language, and full stops after abbreviations.
 */
import type { AlignedText } from "../aligned-text.ts";
import { ABBREVIATIONS } from "../generated/moses-tables.ts";
import { applyRules, type Rule, rewriteText, rule } from "../rewritten-text.ts";
import { ALPHABETIC, ALPHANUMERIC, LOWERCASE, NUMERIC, SPACE } from "./character-classes.ts";

const ONE_SPACE = rule(`[${SPACE}]+`, " ");
const CONTROL = rule("[\\0-\\x1f]+");
const EDGES = rule("^ +| +$");
const SPECIAL = rule(`([^${ALPHANUMERIC}${SPACE}.'\`,\\-])`, " ", 1, " ");
const COMMAS: readonly Rule[] = [
  rule(`([^${NUMERIC}]),`, 1, " , "),
  rule(`,([^${NUMERIC}])`, " , ", 1),
  rule(`([${NUMERIC}]),$`, 1, " , "),
];
const ENGLISH_APOSTROPHES: readonly Rule[] = [
  rule(`([^${ALPHABETIC}])'([^${ALPHABETIC}])`, 1, " ' ", 2),
  rule(`([^${ALPHABETIC}${NUMERIC}])'([${ALPHABETIC}])`, 1, " ' ", 2),
  rule(`([${ALPHABETIC}])'([^${ALPHABETIC}])`, 1, " ' ", 2),
  rule(`([${ALPHABETIC}])'([${ALPHABETIC}])`, 1, " '", 2),
  rule(`([${NUMERIC}])'(s)`, 1, " '", 2),
];
const FRENCH_APOSTROPHES: readonly Rule[] = [
  rule(`([^${ALPHABETIC}])'([^${ALPHABETIC}])`, 1, " ' ", 2),
  rule(`([^${ALPHABETIC}])'([${ALPHABETIC}])`, 1, " ' ", 2),
  rule(`([${ALPHABETIC}])'([^${ALPHABETIC}])`, 1, " ' ", 2),
  rule(`([${ALPHABETIC}])'([${ALPHABETIC}])`, 1, "' ", 2),
];
const OTHER_APOSTROPHES: readonly Rule[] = [rule("'", " ' ")];
const POINT_AND_APOSTROPHE = rule("\\.' ?$", " . ' ");
/** Several points in a row are kept together as a made-up word, as in the scripts: rules look at its letters. */
const POINTS = /\.{2,}/dgu;
const POINTS_MARKER = /(?:DOT)+MULTI/dgu;
const WORD = new RegExp(`[^${SPACE}]+`, "gu");
/** A word that ends in a point, in two groups, or any other word. */
const WORD_AND_POINT = new RegExp(`([^${SPACE}]+)(\\.)(?![^${SPACE}])|[^${SPACE}]+`, "dgu");
const HAS_LETTER = new RegExp(`[${ALPHABETIC}]`, "u");
const BEGINS_SMALL = new RegExp(`^[${LOWERCASE}]`, "u");

/** Puts single spaces between the words of a text whose punctuation is normalized. */
export function separateWords(source: AlignedText, language: string): AlignedText {
  let text = applyRules(source, [ONE_SPACE, CONTROL, EDGES, SPECIAL]);
  const { length } = text.text;
  text = rewriteText(text, POINTS, ({ 0: points, index }) => [
    ` ${"DOT".repeat(points.length)}MULTI${index + points.length < length ? " " : ""}`,
  ]);
  text = applyRules(text, [...COMMAS, ...apostrophesOf(language)]);
  text = separatePoints(text, abbreviationsOf(language));
  text = applyRules(text, [ONE_SPACE, EDGES, POINT_AND_APOSTROPHE]);
  return rewriteText(text, POINTS_MARKER, ({ 0: marker }) => [".".repeat((marker.length - 5) / 3)]);
}

function apostrophesOf(language: string): readonly Rule[] {
  if (language === "en") return ENGLISH_APOSTROPHES;
  return language === "fr" || language === "it" ? FRENCH_APOSTROPHES : OTHER_APOSTROPHES;
}

/** A full stop at the end of a word becomes a word, unless it belongs to an abbreviation or the sentence goes on. */
function separatePoints(source: AlignedText, abbreviations: Abbreviations): AlignedText {
  const words = source.text.match(WORD) ?? [];
  let next = 0;
  return rewriteText(source, WORD_AND_POINT, ({ 1: prefix }) => {
    next++;
    return prefix === undefined || isAbbreviation(prefix, words[next], abbreviations) ? [0] : [1, " ", 2];
  });
}

function isAbbreviation(prefix: string, next: string | undefined, { always, beforeNumbers }: Abbreviations): boolean {
  if (prefix.includes(".") && HAS_LETTER.test(prefix)) return true;
  if (always.has(prefix)) return true;
  if (next !== undefined && BEGINS_SMALL.test(next)) return true;
  return beforeNumbers.has(prefix) && next !== undefined && /^[0-9]/.test(next);
}

interface Abbreviations {
  readonly always: ReadonlySet<string>;
  readonly beforeNumbers: ReadonlySet<string>;
}

const cache = new Map<string, Abbreviations>();

/** Languages without a list use the English one. */
function abbreviationsOf(language: string): Abbreviations {
  const listed = Object.hasOwn(ABBREVIATIONS, language) ? language : "en";
  const known = cache.get(listed);
  if (known) return known;
  const words = ABBREVIATIONS[listed]!.split("|");
  const abbreviations = {
    always: new Set(words.filter((word) => !word.endsWith(" #"))),
    beforeNumbers: new Set(words.flatMap((word) => (word.endsWith(" #") ? [word.slice(0, -2)] : []))),
  };
  cache.set(listed, abbreviations);
  return abbreviations;
}

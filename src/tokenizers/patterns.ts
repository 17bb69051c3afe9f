/**
 * Patterns from tokenizer files. Texts are taken as they are. Regular expressions come from untrusted files, are of
 * another dialect, and may take exponential time, so only published ones are known, each with its own counterpart here.
 */
import { TokenizerError } from "../errors.ts";
import type { JsonFields } from "./json-fields.ts";

export interface PatternSource {
  /** A plain text, or the published regular expression. */
  readonly source: string;
  readonly isExpression: boolean;
  /** What finds all its matches. */
  readonly expression: RegExp;
}

/** Published regular expressions, and what they are in JavaScript. */
const PUBLISHED: ReadonlyMap<string, RegExp> = new Map([
  // SentencePiece's removal of repeated spaces, as converted tokenizers write it.
  [" {2,}", / {2,}/gu],
  // The ends of a text, as tokenizers from SentencePiece files write them here.
  ["\\A ", /^ /gu],
  [" \\z", / $/gu],
  ["\\s+", /\p{White_Space}+/gu],
  // DeBERTa's unification of spaces.
  ["\\s{2,}|[\\n\\r\\t]", /\p{White_Space}{2,}|[\n\r\t]/gu],
  // GPT-2's words; the byte-level pre-tokenizer has it built in.
  [
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
    /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu,
  ],
  // Words of later models: contractions in either case, digits by three or one, line breaks together.
  ...["\\p{N}{1,3}", "\\p{N}"].map(
    (digits) =>
      [
        `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`,
        new RegExp(
          `'(?:[sSſtTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\p{White_Space}\\p{L}\\p{N}]+[\\r\\n]*|\\p{White_Space}*[\\r\\n]+|\\p{White_Space}+(?!\\P{White_Space})|\\p{White_Space}+`,
          "gu",
        ),
      ] as const,
  ),
]);

/** Reads `{"String": "…"}` or `{"Regex": "…"}`. */
export function readPattern(fields: JsonFields, name: string): PatternSource {
  const pattern = fields.object(name);
  if (pattern.has("String")) return textPattern(pattern.string("String"));
  const source = pattern.string("Regex");
  const expression = PUBLISHED.get(source);
  if (expression) return { source, isExpression: true, expression };
  throw new TokenizerError(`${fields.file}: the regular expression ${JSON.stringify(source)} is not known.`, {
    file: fields.file,
    field: `${pattern.path}.Regex`,
    expected: `one of ${[...PUBLISHED.keys()].map((known) => JSON.stringify(known)).join(", ")}`,
    received: JSON.stringify(source),
    hint: "Only regular expressions of published tokenizers are run, as others could take forever.",
  });
}

/** One of the known regular expressions. */
export function publishedPattern(source: string): PatternSource {
  return { source, isExpression: true, expression: PUBLISHED.get(source)! };
}

/** A plain text, as it stands. */
export function textPattern(source: string): PatternSource {
  const escaped = escapeForPattern(source);
  // An empty pattern matches nowhere.
  return { source, isExpression: false, expression: new RegExp(escaped === "" ? "(?!)" : escaped, "gu") };
}

/** A text so that a regular expression takes it as it stands. */
export function escapeForPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

export function patternToJSON({ source, isExpression }: PatternSource): Record<string, string> {
  return isExpression ? { Regex: source } : { String: source };
}

/** Texts that rules may make of one of any length, in units. */
const MODEST_LENGTH = 1 << 22;

/** Refuses rules from a file that, one after the other, make an endless text of a short one. */
export function requireModestGrowth(text: string, { expression }: PatternSource, content: string): void {
  if (content.length * text.length <= MODEST_LENGTH) return;
  let matches = 0;
  for (const _ of text.matchAll(expression)) matches++;
  const length = text.length + matches * (content.length - 1);
  if (length <= Math.max(MODEST_LENGTH, 4 * text.length)) return;
  throw new TokenizerError("Replacing makes a text too long.", {
    field: "Replace",
    expected: `a text of at most ${Math.max(MODEST_LENGTH, 4 * text.length)} characters`,
    received: `${length} characters`,
    hint: "Shorten the text, or what the tokenizer's file replaces parts of it by.",
  });
}

/** Pre-tokenizers that cut at what a pattern or a class of characters finds. */
import type { AlignedText } from "../aligned-text.ts";
import { characterProperties, NUMBER, PUNCTUATION, unitsOf } from "../character-properties.ts";
import type { JsonFields } from "../json-fields.ts";
import { type PatternSource, patternToJSON, readPattern } from "../patterns.ts";
import type { PreTokenizer, WordReceiver } from "./pre-tokenizer.ts";

/** What becomes of the matches; the names are those of tokenizer.json. */
const BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"] as const;
type Behavior = (typeof BEHAVIORS)[number];

/** A stretch of a text; all stretches together are the text. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly isMatch: boolean;
}

export class SplitPreTokenizer implements PreTokenizer {
  readonly pattern: PatternSource;
  readonly behavior: Behavior;
  readonly invert: boolean;

  constructor(pattern: PatternSource, behavior: Behavior, invert: boolean) {
    this.pattern = pattern;
    this.behavior = behavior;
    this.invert = invert;
  }

  static fromJSON(fields: JsonFields): SplitPreTokenizer {
    const behavior = fields.choice("behavior", BEHAVIORS);
    return new SplitPreTokenizer(readPattern(fields, "pattern"), behavior, fields.boolean("invert", false));
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    const stretches = stretchesOfPattern(source.text, this.pattern.expression);
    const wanted = this.invert ? stretches.map((each) => ({ ...each, isMatch: !each.isMatch })) : stretches;
    addStretches(source, wanted, this.behavior, words);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Split", pattern: patternToJSON(this.pattern), behavior: this.behavior, invert: this.invert };
  }
}

/** Words of letters, digits and connectors, and what stands between them but for white space. */
export class WhitespacePreTokenizer implements PreTokenizer {
  readonly cuts = "white space";

  preTokenize(source: AlignedText, words: WordReceiver): void {
    for (const { 0: word, index } of source.text.matchAll(WORDS)) words.add(source, index, index + word.length);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Whitespace" };
  }
}

const WORDS =
  /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu;

export class PunctuationPreTokenizer implements PreTokenizer {
  readonly behavior: Behavior;

  constructor(behavior: Behavior) {
    this.behavior = behavior;
  }

  static fromJSON(fields: JsonFields): PunctuationPreTokenizer {
    return new PunctuationPreTokenizer(fields.choice("behavior", BEHAVIORS, "Isolated"));
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    addStretches(source, stretchesOfKind(source.text, PUNCTUATION), this.behavior, words);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Punctuation", behavior: this.behavior };
  }
}

/** Digits apart from other text, each by itself or in runs. */
export class DigitsPreTokenizer implements PreTokenizer {
  readonly individualDigits: boolean;

  constructor(individualDigits: boolean) {
    this.individualDigits = individualDigits;
  }

  static fromJSON(fields: JsonFields): DigitsPreTokenizer {
    return new DigitsPreTokenizer(fields.boolean("individual_digits", false));
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    const behavior = this.individualDigits ? "Isolated" : "Contiguous";
    addStretches(source, stretchesOfKind(source.text, NUMBER), behavior, words);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Digits", individual_digits: this.individualDigits };
  }
}

/** Cuts at one character, which is dropped. */
export class CharacterDelimiterSplitPreTokenizer implements PreTokenizer {
  readonly delimiter: string;

  constructor(delimiter: string) {
    this.delimiter = delimiter;
  }

  static fromJSON(fields: JsonFields): CharacterDelimiterSplitPreTokenizer {
    const delimiter = fields.string("delimiter");
    if (Array.from(delimiter).length !== 1) throw fields.error("delimiter", "one character");
    return new CharacterDelimiterSplitPreTokenizer(delimiter);
  }

  preTokenize(source: AlignedText, words: WordReceiver): void {
    let start = 0;
    for (const part of source.text.split(this.delimiter)) {
      if (part !== "") words.add(source, start, start + part.length);
      start += part.length + this.delimiter.length;
    }
  }

  toJSON(): Record<string, unknown> {
    return { type: "CharDelimiterSplit", delimiter: this.delimiter };
  }
}

function stretchesOfPattern(text: string, pattern: RegExp): Stretch[] {
  const stretches: Stretch[] = [];
  let done = 0;
  for (const { 0: match, index } of text.matchAll(pattern)) {
    if (match === "") continue;
    if (done < index) stretches.push({ start: done, end: index, isMatch: false });
    done = index + match.length;
    stretches.push({ start: index, end: done, isMatch: true });
  }
  if (done < text.length) stretches.push({ start: done, end: text.length, isMatch: false });
  return stretches;
}

/** Every character of the kind is a match by itself. */
function stretchesOfKind(text: string, kind: number): Stretch[] {
  const properties = characterProperties();
  const stretches: Stretch[] = [];
  let done = 0;
  for (let at = 0; at < text.length; ) {
    const codePoint = text.codePointAt(at)!;
    const next = at + unitsOf(codePoint);
    if (properties[codePoint]! & kind) {
      if (done < at) stretches.push({ start: done, end: at, isMatch: false });
      stretches.push({ start: at, end: next, isMatch: true });
      done = next;
    }
    at = next;
  }
  if (done < text.length) stretches.push({ start: done, end: text.length, isMatch: false });
  return stretches;
}

function addStretches(
  source: AlignedText,
  stretches: readonly Stretch[],
  behavior: Behavior,
  words: WordReceiver,
): void {
  for (let index = 0; index < stretches.length; index++) {
    const { start, isMatch } = stretches[index]!;
    if (isMatch && behavior === "Removed") continue;
    while (index + 1 < stretches.length && joins(stretches[index]!, stretches[index + 1]!, behavior)) index++;
    words.add(source, start, stretches[index]!.end);
  }
}

/** Whether two neighbours are one word. */
function joins(left: Stretch, right: Stretch, behavior: Behavior): boolean {
  if (behavior === "Contiguous") return left.isMatch === right.isMatch;
  if (behavior === "MergedWithPrevious") return !left.isMatch && right.isMatch;
  return behavior === "MergedWithNext" && left.isMatch && !right.isMatch;
}

/**
 * Text that remembers where it came from, so that tokens of a normalized text can be found in the original one.
 *
 * A normalizer may lower-case, drop or expand characters; a token's offsets must still be those of the user's string.
 * Every UTF-16 unit of the text carries the range of the original that it stands for. As long as nothing but one-to-one
 * replacements happened, no ranges are stored. Training and corpora need no offsets and do without (`tracked` false).
 */
export class AlignedText {
  readonly text: string;
  /** Whether origins are kept up to date; if not, `startOf` and `endOf` mean nothing. */
  readonly tracked: boolean;
  /** Whether this is the beginning of the user's text. */
  readonly isBeginning: boolean;
  /** Where unit 0 lies in the original, when `starts` is absent. */
  readonly #shift: number;
  readonly #starts: Int32Array | undefined;
  readonly #ends: Int32Array | undefined;

  constructor(
    text: string,
    tracked: boolean,
    isBeginning = true,
    shift = 0,
    starts?: Int32Array | undefined,
    ends?: Int32Array | undefined,
  ) {
    this.text = text;
    this.tracked = tracked;
    this.isBeginning = isBeginning;
    this.#shift = shift;
    this.#starts = starts;
    this.#ends = ends;
  }

  /** Start in the original of what became unit `unit`. */
  startOf(unit: number): number {
    return this.#starts ? this.#starts[unit]! : this.#shift + unit;
  }

  /** End in the original of what became unit `unit`. */
  endOf(unit: number): number {
    return this.#ends ? this.#ends[unit]! : this.#shift + unit + 1;
  }

  /** Units [start, end). */
  slice(start: number, end: number): AlignedText {
    if (start === 0 && end === this.text.length) return this;
    const text = this.text.slice(start, end);
    const isBeginning = this.isBeginning && start === 0;
    if (!this.#starts) return new AlignedText(text, this.tracked, isBeginning, this.#shift + start);
    const [starts, ends] = [this.#starts.subarray(start, end), this.#ends?.subarray(start, end)];
    return new AlignedText(text, this.tracked, isBeginning, 0, starts, ends);
  }

  /** Another text that came from this one, without origins. */
  rewritten(text: string): AlignedText {
    return new AlignedText(text, false, this.isBeginning);
  }

  /** The same origins for another text of the same length, unit for unit. */
  withText(text: string): AlignedText {
    return new AlignedText(text, this.tracked, this.isBeginning, this.#shift, this.#starts, this.#ends);
  }
}

/** Writes a new text from an old one, from left to right. */
export class AlignedTextBuilder {
  readonly #source: AlignedText;
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];
  #text = "";

  constructor(source: AlignedText) {
    this.#source = source;
  }

  /** Appends `text`, of which every unit stands for units [from, to) of the source. */
  append(text: string, from: number, to: number): void {
    this.#text += text;
    if (!this.#source.tracked) return;
    const start = this.#source.startOf(from);
    const end = this.#source.endOf(to - 1);
    for (let unit = 0; unit < text.length; unit++) {
      this.#starts.push(start);
      this.#ends.push(end);
    }
  }

  /** Appends units [from, to) of the source as they are. */
  copy(from: number, to: number): void {
    this.#text += this.#source.text.slice(from, to);
    if (!this.#source.tracked) return;
    for (let unit = from; unit < to; unit++) {
      this.#starts.push(this.#source.startOf(unit));
      this.#ends.push(this.#source.endOf(unit));
    }
  }

  finish(): AlignedText {
    const { tracked, isBeginning } = this.#source;
    if (!tracked) return this.#source.rewritten(this.#text);
    const [starts, ends] = [Int32Array.from(this.#starts), Int32Array.from(this.#ends)];
    return new AlignedText(this.#text, true, isBeginning, 0, starts, ends);
  }
}

/** A character of a new text, and what it does to the old one. */
export interface CharacterChange {
  readonly character: string;
  /** 1: it is added, and stands for the character before it. 0: it replaces one. -n: it replaces one and swallows n more. */
  readonly change: number;
}

/**
 * Writes a new text as changes to the characters of an old one, which are consumed from left to right.
 *
 * This is the reference's own way of keeping track, so that its offsets come out even where they are odd.
 */
export function transformText(source: AlignedText, changes: readonly CharacterChange[]): AlignedText {
  if (!source.tracked) return source.rewritten(changes.map(({ character }) => character).join(""));
  const bounds = [0];
  for (const character of source.text) bounds.push(bounds.at(-1)! + character.length);
  const last = bounds.length - 2;
  const builder = new AlignedTextBuilder(source);
  let at = 0;
  for (const { character, change } of changes) {
    const from = Math.min(change > 0 ? Math.max(0, at - 1) : at, last);
    builder.append(character, bounds[from]!, bounds[from + 1]!);
    if (change <= 0) at += 1 - change;
  }
  return builder.finish();
}

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

/** Where a builder writes: units of the new text, and the range of the original that each stands for. */
class Scratch {
  units = new Uint16Array(256);
  starts = new Int32Array(256);
  ends = new Int32Array(256);

  reserve(length: number): void {
    if (length <= this.units.length) return;
    const room = Math.max(length, this.units.length * 2);
    const [units, starts, ends] = [new Uint16Array(room), new Int32Array(room), new Int32Array(room)];
    units.set(this.units);
    starts.set(this.starts);
    ends.set(this.ends);
    Object.assign(this, { units, starts, ends });
  }
}

/** Scratch that no builder uses at the moment: making it anew for each line would take longer than filling it. */
const spare: Scratch[] = [];
/** More room than this, in units, is not kept for later. */
const MOST_SPARE = 1 << 16;
/** Units that are made into a string in one call; engines limit the number of arguments. */
const UNITS_AT_ONCE = 4096;

/** Writes a new text from an old one, from left to right. Nothing may be appended after `finish`. */
export class AlignedTextBuilder {
  readonly #source: AlignedText;
  readonly #scratch: Scratch;
  #length = 0;
  /** Unit of the source that the new text begins with: it is the beginning of the user's text only if nothing was before. */
  #first = 0;

  constructor(source: AlignedText) {
    this.#source = source;
    this.#scratch = spare.pop() ?? new Scratch();
  }

  /** Appends `text`, of which every unit stands for units [from, to) of the source. */
  append(text: string, from: number, to: number): void {
    const scratch = this.#scratch;
    const { tracked } = this.#source;
    const start = tracked ? this.#source.startOf(from) : 0;
    const end = tracked ? this.#source.endOf(to - 1) : 0;
    scratch.reserve(this.#length + text.length);
    if (this.#length === 0) this.#first = from;
    for (let unit = 0; unit < text.length; unit++) {
      const at = this.#length++;
      scratch.units[at] = text.charCodeAt(unit);
      scratch.starts[at] = start;
      scratch.ends[at] = end;
    }
  }

  /** Appends one unit, which stands for units [from, to) of the source. */
  appendUnit(unit: number, from: number, to: number): void {
    const scratch = this.#scratch;
    const at = this.#length++;
    if (at === scratch.units.length) scratch.reserve(at + 1);
    if (at === 0) this.#first = from;
    scratch.units[at] = unit;
    if (!this.#source.tracked) return;
    scratch.starts[at] = this.#source.startOf(from);
    scratch.ends[at] = this.#source.endOf(to - 1);
  }

  /** Appends units [from, to) of the source as they are. */
  copy(from: number, to: number): void {
    const { text } = this.#source;
    for (let unit = from; unit < to; unit++) this.appendUnit(text.charCodeAt(unit), unit, unit + 1);
  }

  finish(): AlignedText {
    const { tracked } = this.#source;
    const isBeginning = this.#source.isBeginning && this.#first === 0;
    const { units, starts, ends } = this.#scratch;
    const text = textOf(units, this.#length);
    const origins = tracked ? ([starts.slice(0, this.#length), ends.slice(0, this.#length)] as const) : undefined;
    if (units.length <= MOST_SPARE) spare.push(this.#scratch);
    if (!origins) return new AlignedText(text, false, isBeginning);
    return new AlignedText(text, true, isBeginning, 0, ...origins);
  }
}

function textOf(units: Uint16Array, length: number): string {
  let text = "";
  for (let at = 0; at < length; at += UNITS_AT_ONCE) {
    const part = units.subarray(at, Math.min(length, at + UNITS_AT_ONCE));
    // Any list of numbers will do, but the types ask for an array.
    text += String.fromCharCode.apply(null, part as unknown as number[]);
  }
  return text;
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

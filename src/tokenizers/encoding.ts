/** What became of a text or a pair of texts: its tokens, as parallel arrays of equal length. */

/** A text, or its words if it has been cut already. */
export type TextInput = string | readonly string[];

/** An input's tokens may belong to its first text (0), its second (1), or to none: special tokens, padding. */
export type SequenceId = 0 | 1 | null;

/** A special token that a post-processor sets between texts. */
export interface SpecialPiece {
  readonly id: number;
  readonly token: string;
  readonly typeId: number;
}

/** The arrays of an encoding, all of one length. */
export interface TokenArrays {
  readonly ids: number[];
  readonly typeIds: number[];
  readonly tokens: string[];
  /** Start of each token in its text, in UTF-16 units; in its word if the text came as words. */
  readonly starts: number[];
  readonly ends: number[];
  /** Word of its text that each token belongs to; null for special tokens. */
  readonly wordIds: (number | null)[];
  readonly specialTokensMask: number[];
  readonly attentionMask: number[];
}

type TokenRange = readonly [start: number, end: number];

export class Encoding implements TokenArrays {
  /** What was encoded, as long as it is one text; offsets count within it, or within its words. */
  readonly input: TextInput;
  readonly ids: number[];
  readonly typeIds: number[];
  readonly tokens: string[];
  readonly starts: number[];
  readonly ends: number[];
  readonly wordIds: (number | null)[];
  readonly specialTokensMask: number[];
  readonly attentionMask: number[];
  /** The further windows, if the text was cut and the rest is wanted. */
  overflowing: Encoding[] = [];
  /** Where the tokens of the first text stand, and those of the second, as far as it was said. */
  #first: TokenRange | undefined;
  #second: TokenRange | undefined;

  constructor(input: TextInput, arrays: TokenArrays) {
    this.input = input;
    this.ids = arrays.ids;
    this.typeIds = arrays.typeIds;
    this.tokens = arrays.tokens;
    this.starts = arrays.starts;
    this.ends = arrays.ends;
    this.wordIds = arrays.wordIds;
    this.specialTokensMask = arrays.specialTokensMask;
    this.attentionMask = arrays.attentionMask;
  }

  static empty(input: TextInput): Encoding {
    return Encoding.#ofNoText(input, [], 1);
  }

  /** Special tokens; may be shared, as what they are joined to is copied. */
  static special(pieces: readonly SpecialPiece[]): Encoding {
    return Encoding.#ofNoText("", pieces, 1);
  }

  static padding(piece: SpecialPiece, count: number): Encoding {
    return Encoding.#ofNoText("", new Array<SpecialPiece>(count).fill(piece), 0);
  }

  static #ofNoText(input: TextInput, pieces: readonly SpecialPiece[], attention: 0 | 1): Encoding {
    return new Encoding(input, {
      ids: pieces.map(({ id }) => id),
      typeIds: pieces.map(({ typeId }) => typeId),
      tokens: pieces.map(({ token }) => token),
      starts: pieces.map(() => 0),
      ends: pieces.map(() => 0),
      wordIds: pieces.map(() => null),
      specialTokensMask: pieces.map(() => 1),
      attentionMask: pieces.map(() => attention),
    });
  }

  /** Encodings one after the other, with what they know of their texts; their further windows are left alone. */
  static concatenate(parts: readonly Encoding[], input: TextInput = ""): Encoding {
    const joined = eachArray((name) => joinArrays<unknown>(parts.map((part) => part[name])));
    const whole = new Encoding(input, joined);
    let before = 0;
    for (const part of parts) {
      if (part.#first) whole.#first = [before + part.#first[0], before + part.#first[1]];
      if (part.#second) whole.#second = [before + part.#second[0], before + part.#second[1]];
      before += part.length;
    }
    return whole;
  }

  get length(): number {
    return this.ids.length;
  }

  /** Tokens [start, end) as an encoding of its own, without further windows, and not knowing which text it is of. */
  slice(start: number, end: number): Encoding {
    return new Encoding(
      this.input,
      eachArray((name) => this[name].slice(start, end)),
    );
  }

  /** Sets the type of all tokens, but not in further windows, which keep that of their text. */
  setTypeId(typeId: number): void {
    this.typeIds.fill(typeId);
  }

  /** Says that all tokens are of the first text (0) or the second (1). */
  setSequence(sequence: 0 | 1): void {
    if (sequence === 0) this.#first = [0, this.length];
    else this.#second = [0, this.length];
  }

  /** The text of each token. As in the reference, an encoding of which nothing was said is all of the first text. */
  get sequenceIds(): SequenceId[] {
    const ids = new Array<SequenceId>(this.length).fill(null);
    const saysBoth = this.#first !== undefined && this.#second !== undefined;
    ids.fill(0, ...(this.#first ?? [0, this.length]));
    return saysBoth ? ids.fill(1, ...this.#second!) : ids;
  }
}

/**
 * Joins encodings one after the other. Further windows are combined, each with each, in the reference's order: those of
 * the left with the right and with its windows, then the left itself with the windows of the right.
 */
export function joinEncodings(encodings: readonly Encoding[]): Encoding {
  const [first, ...rest] = encodings;
  if (!first) return Encoding.empty("");
  if (encodings.some(({ overflowing }) => overflowing.length > 0)) return rest.reduce(joinTwo, first);
  return rest.length === 0 ? first : Encoding.concatenate(encodings, first.input);
}

function joinTwo(left: Encoding, right: Encoding): Encoding {
  const join = (a: Encoding, b: Encoding): Encoding => Encoding.concatenate([a, b], a.input);
  const joined = join(left, right);
  joined.overflowing = [
    ...left.overflowing.flatMap((window) => [
      join(window, right),
      ...right.overflowing.map((other) => join(window, other)),
    ]),
    ...right.overflowing.map((other) => join(left, other)),
  ];
  return joined;
}

/** An array for each field, all made alike. */
function eachArray(make: (name: keyof TokenArrays) => unknown[]): TokenArrays {
  const numbers = (name: keyof TokenArrays): number[] => make(name) as number[];
  return {
    ids: numbers("ids"),
    typeIds: numbers("typeIds"),
    tokens: make("tokens") as string[],
    starts: numbers("starts"),
    ends: numbers("ends"),
    wordIds: make("wordIds") as (number | null)[],
    specialTokensMask: numbers("specialTokensMask"),
    attentionMask: numbers("attentionMask"),
  };
}

/** Several times as fast as `flat` or `concat` for arrays as short as these. */
function joinArrays<T>(arrays: readonly (readonly T[])[]): T[] {
  let length = 0;
  for (const array of arrays) length += array.length;
  const joined = new Array<T>(length);
  let at = 0;
  for (const array of arrays) for (let index = 0; index < array.length; index++) joined[at++] = array[index]!;
  return joined;
}

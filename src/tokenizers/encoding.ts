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

export class Encoding {
  /** What was encoded, as long as it is one text; offsets count within it, or within its words. */
  readonly input: TextInput;
  readonly ids: number[] = [];
  readonly typeIds: number[] = [];
  readonly tokens: string[] = [];
  /** Start of each token in its text, in UTF-16 units; in its word if the text came as words. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Word of its text that each token belongs to; null for special tokens. */
  readonly wordIds: (number | null)[] = [];
  readonly sequenceIds: SequenceId[] = [];
  readonly specialTokensMask: number[] = [];
  readonly attentionMask: number[] = [];
  /** The further windows, if the text was cut and the rest is wanted. */
  overflowing: Encoding[] = [];

  constructor(input: TextInput = "") {
    this.input = input;
  }

  get length(): number {
    return this.ids.length;
  }

  /** Appends a token of a text. */
  push(id: number, token: string, start: number, end: number, wordId: number, sequence: 0 | 1): void {
    this.ids.push(id);
    this.typeIds.push(sequence);
    this.tokens.push(token);
    this.starts.push(start);
    this.ends.push(end);
    this.wordIds.push(wordId);
    this.sequenceIds.push(sequence);
    this.specialTokensMask.push(0);
    this.attentionMask.push(1);
  }

  pushSpecial(piece: SpecialPiece): void {
    this.ids.push(piece.id);
    this.typeIds.push(piece.typeId);
    this.tokens.push(piece.token);
    this.#pushNoText(1);
  }

  pushPadding(piece: SpecialPiece): void {
    this.ids.push(piece.id);
    this.typeIds.push(piece.typeId);
    this.tokens.push(piece.token);
    this.#pushNoText(0);
  }

  /** Appends tokens [start, end) of another encoding; its further windows are left alone. */
  pushSlice(other: Encoding, start: number, end: number): void {
    for (let index = start; index < end; index++) {
      this.ids.push(other.ids[index]!);
      this.typeIds.push(other.typeIds[index]!);
      this.tokens.push(other.tokens[index]!);
      this.starts.push(other.starts[index]!);
      this.ends.push(other.ends[index]!);
      this.wordIds.push(other.wordIds[index]!);
      this.sequenceIds.push(other.sequenceIds[index]!);
      this.specialTokensMask.push(other.specialTokensMask[index]!);
      this.attentionMask.push(other.attentionMask[index]!);
    }
  }

  /** Tokens [start, end) as an encoding of its own, without further windows. */
  slice(start: number, end: number): Encoding {
    const part = new Encoding(this.input);
    part.pushSlice(this, start, end);
    return part;
  }

  setTypeId(typeId: number): void {
    for (const encoding of [this, ...this.overflowing]) encoding.typeIds.fill(typeId);
  }

  #pushNoText(attention: 0 | 1): void {
    this.starts.push(0);
    this.ends.push(0);
    this.wordIds.push(null);
    this.sequenceIds.push(null);
    this.specialTokensMask.push(1);
    this.attentionMask.push(attention);
  }
}

/**
 * Joins encodings one after the other. Further windows are combined, each with each, in the reference's order: those of
 * the left with the right and with its windows, then the left itself with the windows of the right.
 */
export function joinEncodings(encodings: readonly Encoding[]): Encoding {
  const first = encodings[0] ?? new Encoding();
  return encodings.slice(1).reduce(joinTwo, first);
}

function joinTwo(left: Encoding, right: Encoding): Encoding {
  const joined = concatenate(left, right);
  joined.overflowing = [
    ...left.overflowing.flatMap((window) => [
      concatenate(window, right),
      ...right.overflowing.map((other) => concatenate(window, other)),
    ]),
    ...right.overflowing.map((other) => concatenate(left, other)),
  ];
  return joined;
}

function concatenate(left: Encoding, right: Encoding): Encoding {
  const joined = left.slice(0, left.length);
  joined.pushSlice(right, 0, right.length);
  return joined;
}

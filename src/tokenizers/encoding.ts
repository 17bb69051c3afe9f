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
  readonly specialTokensMask: number[] = [];
  readonly attentionMask: number[] = [];
  /** The further windows, if the text was cut and the rest is wanted. */
  overflowing: Encoding[] = [];
  /** Where the tokens of the first and the second text stand, as far as it was said. */
  readonly #sequenceRanges = new Map<0 | 1, readonly [start: number, end: number]>();

  constructor(input: TextInput = "") {
    this.input = input;
  }

  get length(): number {
    return this.ids.length;
  }

  /** Appends a token of a text. */
  push(id: number, token: string, start: number, end: number, wordId: number, typeId: number): void {
    this.ids.push(id);
    this.typeIds.push(typeId);
    this.tokens.push(token);
    this.starts.push(start);
    this.ends.push(end);
    this.wordIds.push(wordId);
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

  /** Appends another encoding, with what it knows of its texts; its further windows are left alone. */
  pushAll(other: Encoding): void {
    for (const [sequence, [start, end]] of other.#sequenceRanges) {
      this.#sequenceRanges.set(sequence, [this.length + start, this.length + end]);
    }
    this.#pushSlice(other, 0, other.length);
  }

  #pushSlice(other: Encoding, start: number, end: number): void {
    for (let index = start; index < end; index++) {
      this.ids.push(other.ids[index]!);
      this.typeIds.push(other.typeIds[index]!);
      this.tokens.push(other.tokens[index]!);
      this.starts.push(other.starts[index]!);
      this.ends.push(other.ends[index]!);
      this.wordIds.push(other.wordIds[index]!);
      this.specialTokensMask.push(other.specialTokensMask[index]!);
      this.attentionMask.push(other.attentionMask[index]!);
    }
  }

  /** Tokens [start, end) as an encoding of its own, without further windows, and not knowing which text it is of. */
  slice(start: number, end: number): Encoding {
    const part = new Encoding(this.input);
    part.#pushSlice(this, start, end);
    return part;
  }

  /** Sets the type of all tokens, but not in further windows, which keep that of their text. */
  setTypeId(typeId: number): void {
    this.typeIds.fill(typeId);
  }

  /** Says that all tokens are of the first text (0) or the second (1). */
  setSequence(sequence: 0 | 1): void {
    this.#sequenceRanges.set(sequence, [0, this.length]);
  }

  /** The text of each token. As in the reference, an encoding of which nothing was said is all of the first text. */
  get sequenceIds(): SequenceId[] {
    const ids: SequenceId[] = this.ids.map(() => null);
    for (let sequence = 0; sequence < Math.max(1, this.#sequenceRanges.size); sequence++) {
      const id = sequence === 0 ? 0 : 1;
      const [start, end] = this.#sequenceRanges.get(id) ?? [0, this.length];
      ids.fill(id, start, end);
    }
    return ids;
  }

  #pushNoText(attention: 0 | 1): void {
    this.starts.push(0);
    this.ends.push(0);
    this.wordIds.push(null);
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
  const joined = new Encoding(left.input);
  joined.pushAll(left);
  joined.pushAll(right);
  return joined;
}

/** Cuts encodings that are too long, and keeps the rest as overlapping windows. */
import { TokenizerError } from "../errors.ts";
import { Encoding } from "./encoding.ts";

export type TruncationStrategy = "longest_first" | "only_first" | "only_second";
export type Side = "left" | "right";

export interface Truncation {
  /** Most tokens of the whole input, special ones included. */
  readonly maxLength: number;
  readonly strategy: TruncationStrategy;
  /** Tokens that a window shares with the one before. */
  readonly stride: number;
  /** Where tokens are cut off. */
  readonly side: Side;
}

/**
 * Refuses a stride that the shortest window cannot hold, whether or not the text at hand is too long: so does the
 * reference, so that a call does not fail for long texts alone. `reserved`: special tokens around a single text.
 */
export function checkStride({ maxLength, stride }: Truncation, reserved: number): void {
  const room = maxLength - reserved;
  if (room >= 0 && stride > room) throw strideError(stride, room);
}

/** Cuts one text or a pair to `maxLength` minus `reserved` tokens; returns new encodings. */
export function truncate(encodings: readonly Encoding[], truncation: Truncation, reserved: number): Encoding[] {
  const { maxLength, strategy } = truncation;
  const room = maxLength - reserved;
  if (room < 0) {
    throw new TokenizerError(`maxLength ${maxLength} leaves no room for the ${reserved} special tokens.`, {
      field: "maxLength",
      expected: `at least ${reserved}`,
      received: String(maxLength),
      hint: "Raise maxLength, or pass addSpecialTokens: false.",
    });
  }
  const lengths = encodings.map((encoding) => encoding.length);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  if (total <= room) return [...encodings];
  const kept = room === 0 ? lengths.map(() => 0) : keptLengths(lengths, room, strategy);
  return encodings.map((encoding, index) => cut(encoding, kept[index]!, truncation));
}

function keptLengths(lengths: readonly number[], room: number, strategy: TruncationStrategy): number[] {
  const [first, second] = lengths as [number, number | undefined];
  if (strategy !== "longest_first") return keptOfOne(lengths, room, strategy);
  if (second === undefined) return [room];
  const shorter = Math.min(first, second);
  let [keptShorter, keptLonger] = [shorter, shorter > room ? shorter : Math.max(shorter, room - shorter)];
  if (keptShorter + keptLonger > room) {
    keptShorter = Math.floor(room / 2);
    keptLonger = keptShorter + (room % 2);
  }
  return first > second ? [keptLonger, keptShorter] : [keptShorter, keptLonger];
}

function keptOfOne(lengths: readonly number[], room: number, strategy: "only_first" | "only_second"): number[] {
  const index = strategy === "only_first" ? 0 : 1;
  const length = lengths[index];
  if (length === undefined) {
    throw new TokenizerError("Truncation of the second text was asked for, but there is only one.", {
      field: "truncation",
      expected: "longest_first or only_first",
      received: strategy,
      hint: "Pass textPair, or choose another truncation.",
    });
  }
  const surplus = lengths.reduce((sum, each) => sum + each, 0) - room;
  if (length <= surplus) {
    throw new TokenizerError(`The text to be cut has ${length} tokens, but ${surplus} are too many.`, {
      field: "maxLength",
      expected: "a text longer than what must be cut off",
      received: `${length} tokens, of which ${surplus} would have to go`,
      hint: 'Raise maxLength, or pass truncation: "longest_first".',
    });
  }
  return lengths.map((each, other) => (other === index ? length - surplus : each));
}

/** The first `kept` tokens (the last, from the left), with the rest as windows of that length. */
function cut(encoding: Encoding, kept: number, { stride, side }: Truncation): Encoding {
  const { length } = encoding;
  if (kept >= length) return encoding;
  if (kept === 0) {
    const empty = Encoding.empty(encoding.input);
    empty.overflowing = [encoding];
    return empty;
  }
  if (stride >= kept) throw strideError(stride, kept);
  const windows: Encoding[] = [];
  for (let start = 0; ; start += kept - stride) {
    const end = Math.min(start + kept, length);
    windows.push(side === "right" ? encoding.slice(start, end) : encoding.slice(length - end, length - start));
    if (end === length) break;
  }
  const [first, ...rest] = windows as [Encoding, ...Encoding[]];
  first.overflowing = rest;
  return first;
}

function strideError(stride: number, room: number): TokenizerError {
  return new TokenizerError(
    `A stride of ${stride} needs windows of more than ${stride} tokens; there is room for ${room}.`,
    {
      field: "stride",
      expected: `less than ${room}`,
      received: String(stride),
      hint: "Raise maxLength (special tokens count too) or lower stride.",
    },
  );
}

/** Makes encodings of a batch equally long. */
import { Encoding, type SpecialPiece } from "./encoding.ts";
import type { Side } from "./truncation.ts";

export interface Padding {
  /** The padding token, with its token type. */
  readonly piece: SpecialPiece;
  readonly side: Side;
  /** Length to pad to; undefined: the longest of the batch. */
  readonly length: number | undefined;
  /** Round the length up to a multiple; undefined or 0: as it is. */
  readonly multipleOf: number | undefined;
}

/** Pads all encodings and their further windows; returns new ones where something was added. */
export function pad(encodings: readonly Encoding[], padding: Padding): Encoding[] {
  let length = padding.length ?? encodings.reduce((longest, encoding) => Math.max(longest, encoding.length), 0);
  const { multipleOf } = padding;
  if (multipleOf) length = Math.ceil(length / multipleOf) * multipleOf;
  return encodings.map((encoding) => {
    const padded = padOne(encoding, length, padding);
    padded.overflowing = encoding.overflowing.map((window) => padOne(window, length, padding));
    return padded;
  });
}

function padOne(encoding: Encoding, length: number, { piece, side }: Padding): Encoding {
  if (encoding.length >= length) return encoding;
  const padding = Encoding.padding(piece, length - encoding.length);
  return Encoding.concatenate(side === "right" ? [encoding, padding] : [padding, encoding]);
}

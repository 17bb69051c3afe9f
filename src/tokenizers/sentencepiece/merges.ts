import { fieldError } from "../json-fields.ts";
import type { Merges } from "../models/bpe.ts";
import type { SentencePieces } from "./model-file.ts";

/** Published models have two to three merges for each piece, and five places where a piece could be cut: bounds against hostile files. */
const MERGES_PER_PIECE = 4;
const CUTS_PER_PIECE = 32;
const SPARE = 10_000;

/**
 * The merges that a model of pieces and scores implies: any two pieces whose union is a piece merge, those of the best
 * union first. Of two ways to the same piece the one with the shorter left part comes first.
 */
export function mergesOfPieces(pieces: SentencePieces, file: string): Merges {
  const { vocabulary, scores, size } = pieces;
  const { tokens } = vocabulary;
  const isJoined = (id: number): boolean => pieces.typeOf(id) === "normal" || pieces.typeOf(id) === "user-defined";
  const order = Uint32Array.from({ length: size }, (_, id) => id).sort((a, b) => scores[b]! - scores[a]! || a - b);
  const most = MERGES_PER_PIECE * size + SPARE;
  let cuts = CUTS_PER_PIECE * size + SPARE;
  const pairs = new Int32Array(2 * most);
  let length = 0;
  for (const whole of order) {
    if (!isJoined(whole)) continue;
    const text = tokens[whole]!;
    vocabulary.forEachPrefix(text, (left, end) => {
      if (left === whole) return false;
      if (cuts-- === 0) throw fieldError(file, "pieces", "pieces that do not all begin with other pieces", "too many");
      const right = isJoined(left) ? vocabulary.idOf(text.slice(end)) : undefined;
      if (right === undefined || !isJoined(right)) return true;
      if (length === most) throw fieldError(file, "pieces", `pieces that imply at most ${most} merges`, "more");
      pairs[2 * length] = left;
      pairs[2 * length + 1] = right;
      length++;
      return true;
    });
  }
  const textOf = (at: number): string => tokens[pairs[at]!]!;
  return {
    length,
    forEach(visit) {
      for (let rank = 0; rank < length; rank++) visit([textOf(2 * rank), textOf(2 * rank + 1)]);
    },
  };
}

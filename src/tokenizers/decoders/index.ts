/** The decoders by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { ByteLevelDecoder } from "./byte-level.ts";
import type { Decoder } from "./decoder.ts";
import { SequenceDecoder } from "./sequence.ts";
import { WordPieceDecoder } from "./wordpiece.ts";

const readers: Record<string, (fields: JsonFields) => Decoder> = {
  ByteLevel: ByteLevelDecoder.fromJSON,
  Sequence: (fields) => new SequenceDecoder(fields.objects("decoders").map(readDecoder)),
  WordPiece: WordPieceDecoder.fromJSON,
};

export function readDecoder(fields: JsonFields): Decoder {
  return readComponent(fields, "decoder", readers);
}

export type { Decoder } from "./decoder.ts";
export { ByteLevelDecoder, SequenceDecoder, WordPieceDecoder };

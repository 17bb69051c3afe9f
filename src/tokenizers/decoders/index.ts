/** The decoders by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { BpeDecoder } from "./bpe.ts";
import { ByteFallbackDecoder } from "./byte-fallback.ts";
import { ByteLevelDecoder } from "./byte-level.ts";
import type { Decoder } from "./decoder.ts";
import { FuseDecoder, ReplaceDecoder, StripDecoder } from "./edits.ts";
import { MetaspaceDecoder } from "./metaspace.ts";
import { SequenceDecoder } from "./sequence.ts";
import { WordPieceDecoder } from "./wordpiece.ts";

const readers: Record<string, (fields: JsonFields) => Decoder> = {
  BPEDecoder: BpeDecoder.fromJSON,
  ByteFallback: () => new ByteFallbackDecoder(),
  ByteLevel: ByteLevelDecoder.fromJSON,
  Fuse: () => new FuseDecoder(),
  Metaspace: MetaspaceDecoder.fromJSON,
  Replace: ReplaceDecoder.fromJSON,
  Sequence: (fields) => new SequenceDecoder(fields.objects("decoders", readDecoder)),
  Strip: StripDecoder.fromJSON,
  WordPiece: WordPieceDecoder.fromJSON,
};

export function readDecoder(fields: JsonFields): Decoder {
  return readComponent(fields, "decoder", readers);
}

export type { Decoder } from "./decoder.ts";
export {
  BpeDecoder,
  ByteFallbackDecoder,
  ByteLevelDecoder,
  FuseDecoder,
  MetaspaceDecoder,
  ReplaceDecoder,
  SequenceDecoder,
  StripDecoder,
  WordPieceDecoder,
};

/** The models by the names that tokenizer.json gives them. */
import { readComponent } from "../components.ts";
import type { JsonFields } from "../json-fields.ts";
import { BpeModel, readBpeFiles } from "./bpe.ts";
import type { Model } from "./model.ts";
import { UnigramModel } from "./unigram.ts";
import { WordLevelModel } from "./word-level.ts";
import { readWordPieceFile, WordPieceModel } from "./wordpiece.ts";

const readers: Record<string, (fields: JsonFields) => Model> = {
  BPE: BpeModel.fromJSON,
  Unigram: UnigramModel.fromJSON,
  WordLevel: WordLevelModel.fromJSON,
  WordPiece: WordPieceModel.fromJSON,
};

export function readModel(fields: JsonFields): Model {
  return readComponent(fields, "model", readers, typeOfOldFile(fields));
}

/** Files of 2020 name no type; their fields tell. */
function typeOfOldFile(fields: JsonFields): string | undefined {
  if (fields.has("merges")) return "BPE";
  if (Array.isArray(fields.raw("vocab"))) return "Unigram";
  return fields.has("max_input_chars_per_word") ? "WordPiece" : undefined;
}

export type { Merge } from "./bpe.ts";
export { BYTE_TOKENS } from "./byte-tokens.ts";
export type { Model } from "./model.ts";
export type { WordTokens } from "./token-list.ts";
export { BpeModel, readBpeFiles, readWordPieceFile, UnigramModel, WordPieceModel };

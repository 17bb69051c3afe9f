import type { Vocabulary } from "../vocabulary.ts";
import type { WordTokens } from "./token-list.ts";

/** Cuts words into tokens of a vocabulary. */
export interface Model {
  readonly vocabulary: Vocabulary;
  /** The token that stands for what the vocabulary cannot write; undefined if there is none. */
  readonly unknownToken: string | undefined;
  /** Whether tokens for what is unknown show the text itself instead of the unknown token. */
  readonly showsUnknownText: boolean;
  /** What such a text ends in where it ends its word. */
  readonly unknownTextSuffix?: string;
  /** What stands before tokens that continue a word; absent or empty where they look like any other. */
  readonly continuingSubwordPrefix?: string | undefined;
  /** Deterministic: callers remember the result. */
  tokenize(word: string): WordTokens;
  /** Whether spaces before punctuation may be removed after decoding; the reference leaves byte-pair encodings alone. */
  readonly allowsCleanUp: boolean;
  /** As tokenizer.json writes it, as JSON text: a vocabulary's order would not survive an object. */
  toJSONText(): string;
  /** The files in which tokenizers kept their vocabulary before tokenizer.json, by name. */
  vocabularyFiles(): (readonly [name: string, text: string])[];
}

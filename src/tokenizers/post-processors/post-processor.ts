import type { Encoding } from "../encoding.ts";

/** Puts special tokens around one text or a pair, and sets their token types. */
export interface PostProcessor {
  /** How many special tokens it adds. */
  addedTokens(isPair: boolean): number;
  /** One encoding for each piece in order, to be joined; may change those it is given. */
  process(encodings: Encoding[], addSpecialTokens: boolean): Encoding[];
  /** As tokenizer.json writes it. */
  toJSON(): Record<string, unknown>;
}

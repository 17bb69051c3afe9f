/** How the reference's tokenizer cases are written, and what of ours they are compared with. */
import type { EncodedArrays, TokenizerCallOptions } from "../../src/tokenizers/index.ts";

export interface ReferenceEncoding {
  input_ids: number[];
  token_type_ids: number[];
  attention_mask: number[];
  special_tokens_mask: number[];
  /** In code points. */
  offset_mapping: [number, number][];
  /** In UTF-16 units, where these differ. */
  offset_mapping_utf16?: [number, number][];
  word_ids: (number | null)[];
  tokens: string[];
  /** Of pairs only. */
  sequence_ids?: (number | null)[];
}

export interface ReferenceCase extends ReferenceEncoding {
  id: number;
  text: string | string[];
  pair?: string | string[];
  options: Record<string, unknown>;
  /** The further windows of a text that was cut. */
  overflowing?: ReferenceEncoding[];
  decoded: { keep: string; skip: string; keep_clean: string; skip_clean: string };
  slow_input_ids?: number[];
  error?: string;
}

/** The options of a case as those of a call; `add_prefix_space` belongs to loading, not to the call. */
export function optionsOfCase(options: Record<string, unknown>): TokenizerCallOptions {
  const entries = Object.entries(options)
    .filter(([name]) => name !== "add_prefix_space" && name !== "return_overflowing_tokens")
    .map(([name, value]) => [name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]);
  return Object.fromEntries(entries);
}

/** An encoding under the reference's names. The reference gives sequence ids for pairs and windows where there are any. */
export function encodedAsReference(
  encoded: EncodedArrays,
  isPair: boolean,
  hasWindows: boolean,
): Record<string, unknown> {
  return {
    input_ids: encoded.inputIds,
    token_type_ids: encoded.tokenTypeIds,
    attention_mask: encoded.attentionMask,
    special_tokens_mask: encoded.specialTokensMask,
    offset_mapping: encoded.offsetMapping,
    word_ids: encoded.wordIds,
    tokens: encoded.tokens,
    ...(isPair && { sequence_ids: encoded.sequenceIds }),
    ...(hasWindows && { overflowing: encoded.overflowing!.map((window) => encodedAsReference(window, isPair, false)) }),
  };
}

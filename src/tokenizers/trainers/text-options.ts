/** How a tokenizer that is being trained treats text, where its kind's own way is not wanted. */
import { JsonFields } from "../json-fields.ts";
import { type Normalizer, readNormalizer } from "../normalizers/index.ts";
import { type PreTokenizer, readPreTokenizer } from "../pre-tokenizers/index.ts";

/** A part of a tokenizer as tokenizer.json writes it: `{ type: "Sequence", normalizers: [{ type: "NFKC" }, …] }`. */
export type TokenizerPart = { readonly type: string; readonly [field: string]: unknown };

export interface TextOptions {
  /** Rewrites text before it is cut, in place of the kind's own normalizer; null for none. */
  normalizer?: TokenizerPart | null | undefined;
  /** Cuts text into words, in place of the kind's own pre-tokenizer. */
  preTokenizer?: TokenizerPart | undefined;
}

export const TEXT_OPTION_NAMES = ["normalizer", "preTokenizer"] as const;

export interface TextParts {
  readonly normalizer: Normalizer | undefined;
  readonly preTokenizer: PreTokenizer;
  /** Whether both are the kind's own. */
  readonly isOwn: boolean;
}

/** The parts that the options name, or those of the kind. Throws a TokenizerError for parts that are not known. */
export function textParts(
  options: TextOptions,
  own: { readonly normalizer: Normalizer | undefined; readonly preTokenizer: PreTokenizer },
): TextParts {
  const { normalizer, preTokenizer } = options;
  const fields = (part: TokenizerPart, name: string): JsonFields =>
    new JsonFields(part, "the options of a trainer", name);
  return {
    normalizer:
      normalizer === undefined
        ? own.normalizer
        : normalizer === null
          ? undefined
          : readNormalizer(fields(normalizer, "normalizer")),
    preTokenizer: preTokenizer ? readPreTokenizer(fields(preTokenizer, "preTokenizer")) : own.preTokenizer,
    isOwn: normalizer === undefined && preTokenizer === undefined,
  };
}

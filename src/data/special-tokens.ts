/** What packing and corruption must know of a tokenizer: how many ids there are, and which of them are not text. */
import { ConfigurationError } from "../errors.ts";

/** A tokenizer's special tokens by the names of its published settings; those that it lacks are left out. */
export interface SpecialTokens {
  /** Number of ids; every id is below it. */
  readonly vocabSize: number;
  readonly padTokenId?: number | undefined;
  readonly unkTokenId?: number | undefined;
  readonly clsTokenId?: number | undefined;
  readonly sepTokenId?: number | undefined;
  readonly maskTokenId?: number | undefined;
  readonly bosTokenId?: number | undefined;
  readonly eosTokenId?: number | undefined;
  /** Further ids that are never text, such as unused places of a vocabulary. */
  readonly additionalSpecialTokenIds?: readonly number[] | undefined;
}

type NamedToken = Exclude<keyof SpecialTokens, "vocabSize" | "additionalSpecialTokenIds">;

const NAMED_TOKENS: readonly NamedToken[] = [
  "padTokenId",
  "unkTokenId",
  "clsTokenId",
  "sepTokenId",
  "maskTokenId",
  "bosTokenId",
  "eosTokenId",
];

/** The id of a special token that `purpose` cannot do without. */
export function requireToken(tokens: SpecialTokens, name: NamedToken, purpose: string): number {
  const id = tokens[name];
  if (id !== undefined && Number.isInteger(id) && id >= 0 && id < tokens.vocabSize) return id;
  throw new ConfigurationError(`${purpose} needs a tokenizer with a ${name}.`, {
    field: name,
    expected: `an id from 0 to ${tokens.vocabSize - 1}`,
    received: String(id),
    hint: "Choose a tokenizer that has this token, or train one with it.",
  });
}

/** One flag per id: 1 for every special token, [UNK] included. */
export function specialTokenFlags(tokens: SpecialTokens): Uint8Array {
  const flags = new Uint8Array(tokens.vocabSize);
  for (const name of NAMED_TOKENS) {
    const id = tokens[name];
    if (id !== undefined) flags[id] = 1;
  }
  for (const id of tokens.additionalSpecialTokenIds ?? []) flags[id] = 1;
  return flags;
}

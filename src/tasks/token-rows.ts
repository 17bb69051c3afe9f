/** Texts as rows of tokens, and rows as the arrays of a batch. */
import { int64Array } from "../data/index.ts";
import { DataError } from "../errors.ts";
import type { PreparedBatch } from "../objectives/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import type { Features, TaskOptions, TokenRow } from "./task.ts";

/** Rows are padded to a multiple of this many tokens, so that lengths do not all differ. */
const paddingMultiple = 8;

/**
 * A text or a pair as the windows that a model reads: one, or with a stride as many as a long text needs. Of a pair the
 * first text is cut into windows. `text` may be words.
 */
export function textWindows(
  tokenizer: Tokenizer,
  text: string | readonly string[],
  textPair: string | undefined,
  { sequenceLength, stride }: TaskOptions,
): EncodedArrays[] {
  const isSplitIntoWords = typeof text !== "string";
  const options = {
    textPair,
    truncation: stride === undefined ? ("longest_first" as const) : ("only_first" as const),
    maxLength: sequenceLength,
    stride: stride ?? 0,
    returnOverflowingTokens: stride !== undefined,
    returnTensors: false as const,
    returnOffsetsMapping: false,
    returnSpecialTokensMask: false,
    returnAttentionMask: false,
    returnTokenTypeIds: tokenizer.config.modelInputNames.includes("token_type_ids"),
  };
  const first = isSplitIntoWords ? tokenizer(text, { ...options, isSplitIntoWords }) : tokenizer(text, options);
  return [first, ...(first.overflowing ?? [])];
}

export function tokenRow({ inputIds, tokenTypeIds }: EncodedArrays): TokenRow {
  return { inputIds, tokenTypeIds };
}

/** Tokens of the longest row. */
export function longestRow({ rows }: Features): number {
  return Math.max(...rows.map(({ inputIds }) => inputIds.length));
}

/** The inputs of features with one row each, [B, T]. */
export function inputsOfRows(features: readonly Features[], tokenizer: Tokenizer): PreparedBatch {
  const length = paddedLength(features);
  return paddedInputs(
    features.flatMap(({ rows }) => rows),
    [features.length, length],
    tokenizer,
  );
}

/** The inputs of features with one row for each of C choices, [B, C, T]. */
export function inputsOfChoices(features: readonly Features[], tokenizer: Tokenizer): PreparedBatch {
  const choices = features[0]?.rows.length ?? 0;
  const other = features.find(({ rows }) => rows.length !== choices);
  if (other !== undefined) {
    throw new DataError(`Example ${other.example + 1} has another number of choices than those before it.`, {
      field: "choices",
      expected: `${choices} choices, as in the other examples`,
      received: String(other.rows.length),
      hint: "Give every example the same number of choices.",
    });
  }
  return paddedInputs(
    features.flatMap(({ rows }) => rows),
    [features.length, choices, paddedLength(features)],
    tokenizer,
  );
}

function paddedLength(features: readonly Features[]): number {
  return Math.ceil(Math.max(1, ...features.map(longestRow)) / paddingMultiple) * paddingMultiple;
}

/** Labels of tokens, [B, T], with −100 on padding. */
export function paddedLabels(labels: readonly (readonly number[])[], length: number): Int32Array {
  const padded = new Int32Array(labels.length * length).fill(-100);
  labels.forEach((row, index) => {
    padded.set(row, index * length);
  });
  return padded;
}

function paddedInputs(rows: readonly TokenRow[], dims: readonly number[], tokenizer: Tokenizer): PreparedBatch {
  const length = dims.at(-1) as number;
  const inputIds = new Int32Array(rows.length * length).fill(tokenizer.padTokenId ?? 0);
  const attentionMask = new Int32Array(rows.length * length);
  const tokenTypeIds = rows[0]?.tokenTypeIds && new Int32Array(rows.length * length);
  rows.forEach((row, index) => {
    const start = index * length;
    inputIds.set(row.inputIds, start);
    attentionMask.fill(1, start, start + row.inputIds.length);
    if (row.tokenTypeIds) tokenTypeIds?.set(row.tokenTypeIds, start);
  });
  return {
    inputIds: int64Array(inputIds, dims),
    attentionMask: int64Array(attentionMask, dims),
    ...(tokenTypeIds && { tokenTypeIds: int64Array(tokenTypeIds, dims) }),
  };
}

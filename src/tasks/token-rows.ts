/** Texts as rows of tokens, and rows as the arrays of a batch. */
import { BLANK, int64Array } from "../data/index.ts";
import { DataError } from "../errors.ts";
import type { PreparedBatch } from "../objectives/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import type { Features, TaskOptions, TokenRow } from "./task.ts";

/** Rows are padded to a multiple of this many tokens, so that lengths do not all differ. */
const paddingMultiple = 8;

/**
 * A text or a pair as the windows that a model reads: one, or with a stride as many as a long text needs. Of a pair the
 * first text is cut into windows. `text` may be words. With `offsets` windows tell where in the text their tokens stand.
 */
export function textWindows(
  tokenizer: Tokenizer,
  text: string | readonly string[],
  textPair: string | undefined,
  { sequenceLength, stride, offsets = false }: TaskOptions & { readonly offsets?: boolean },
): EncodedArrays[] {
  const isSplitIntoWords = typeof text !== "string";
  const options = {
    textPair,
    truncation: stride === undefined ? ("longest_first" as const) : ("only_first" as const),
    maxLength: sequenceLength,
    stride: stride ?? 0,
    returnOverflowingTokens: stride !== undefined,
    returnTensors: false as const,
    returnOffsetsMapping: offsets,
    returnSpecialTokensMask: false,
    returnAttentionMask: false,
    returnTokenTypeIds: tokenizer.config.modelInputNames.includes("token_type_ids"),
  };
  const first = isSplitIntoWords ? tokenizer(text, { ...options, isSplitIntoWords }) : tokenizer(text, options);
  return [first, ...(first.overflowing ?? [])];
}

/**
 * A text whose blanks hold so many masks each, and where these are. Of a text that is too long, what is around the blanks is
 * kept. Throws a DataError when the blanks lie too far apart.
 */
export function maskedTextRow(
  tokenizer: Tokenizer,
  text: string,
  masks: readonly number[],
  sequenceLength: number,
): { readonly row: TokenRow; readonly places: readonly (readonly number[])[] } {
  let blank = 0;
  const masked = text.replaceAll(BLANK, () => (tokenizer.maskToken ?? "").repeat(masks[blank++] ?? 1));
  const whole = textWindows(tokenizer, masked, undefined, {
    sequenceLength: Number.MAX_SAFE_INTEGER,
  })[0] as EncodedArrays;
  const { row, start } = aroundMasks(tokenRow(whole), tokenizer, sequenceLength);
  const found = row.inputIds.flatMap((id, place) => (id === tokenizer.maskTokenId ? [place] : []));
  const wanted = masks.reduce((sum, count) => sum + count, 0);
  if (found.length !== wanted) {
    throw new DataError("The blanks lie too far apart.", {
      field: "text",
      expected: `all of them within ${sequenceLength} tokens`,
      received: `${found.length} of ${wanted} masks in ${row.inputIds.length} tokens from ${start} on`,
      hint: "Shorten the text between them, or give it as several examples.",
    });
  }
  let used = 0;
  const places = masks.map((count) => {
    used += count;
    return found.slice(used - count, used);
  });
  return { row, places };
}

/** A row, or its first and last token with what is around the first mask between them. */
function aroundMasks(row: TokenRow, tokenizer: Tokenizer, sequenceLength: number): { row: TokenRow; start: number } {
  const { inputIds, tokenTypeIds } = row;
  const { length } = inputIds;
  if (length <= sequenceLength) return { row, start: 0 };
  const room = sequenceLength - 2;
  const first = inputIds.indexOf(tokenizer.maskTokenId ?? -1);
  const start = Math.max(1, Math.min(first - (room >> 1), length - 1 - room));
  const cut = (values: readonly number[]): number[] => [
    values[0] as number,
    ...values.slice(start, start + room),
    values[length - 1] as number,
  ];
  return { row: { inputIds: cut(inputIds), tokenTypeIds: tokenTypeIds && cut(tokenTypeIds) }, start };
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

/** Tokens of a batch's rows, padding counted. */
export function paddedLength(features: readonly Features[]): number {
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

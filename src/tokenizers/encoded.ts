/** What a call to a tokenizer returns: tensors for a model, or plain arrays to look at. */
import { TokenizerError } from "../errors.ts";
import type { Encoding, SequenceId } from "./encoding.ts";
import type { CreateTensor, IdTensor } from "./tokenizer-tensor.ts";

/** Where a token stands; frozen, since equal ones may be the same object. */
export type Offsets = readonly [start: number, end: number];

/** Inputs of a model, each [B, T]. Names that the tokenizer's model does not take are absent. */
export interface EncodedTensors {
  inputIds: IdTensor;
  tokenTypeIds?: IdTensor;
  attentionMask?: IdTensor;
  specialTokensMask?: IdTensor;
  /** Start and end of each token in its text, in UTF-16 units, [B][T]; [0, 0] for special tokens. */
  offsetMapping?: Offsets[][];
  /** With `returnOverflowingTokens`: the text that each row comes from. */
  overflowToSampleMapping?: number[];
}

/** All about one text or pair. */
export interface EncodedArrays {
  inputIds: number[];
  tokenTypeIds?: number[];
  attentionMask?: number[];
  /** 1 for tokens that are not of the text. */
  specialTokensMask?: number[];
  offsetMapping?: Offsets[];
  /** Word of its text that each token belongs to. */
  wordIds: (number | null)[];
  /** 0 for the first text, 1 for the second. */
  sequenceIds: SequenceId[];
  tokens: string[];
  /** With `returnOverflowingTokens`: the further windows. */
  overflowing?: EncodedArrays[];
}

/** The same for a batch: an array per text in each field. */
export type EncodedBatchArrays = { [Name in keyof EncodedArrays]: NonNullable<EncodedArrays[Name]>[] };

/** Which fields are wanted. */
export interface WantedFields {
  readonly tokenTypeIds: boolean;
  readonly attentionMask: boolean;
  readonly specialTokensMask: boolean;
  readonly offsetMapping: boolean;
  readonly overflowing: boolean;
}

export function toArrays(encoding: Encoding, wanted: WantedFields): EncodedArrays {
  const inWindows = { ...wanted, overflowing: false };
  return {
    inputIds: encoding.ids,
    ...(wanted.tokenTypeIds && { tokenTypeIds: encoding.typeIds }),
    ...(wanted.attentionMask && { attentionMask: encoding.attentionMask }),
    ...(wanted.specialTokensMask && { specialTokensMask: encoding.specialTokensMask }),
    ...(wanted.offsetMapping && { offsetMapping: offsetsOf(encoding) }),
    wordIds: encoding.wordIds,
    sequenceIds: encoding.sequenceIds,
    tokens: encoding.tokens,
    ...(wanted.overflowing && { overflowing: encoding.overflowing.map((window) => toArrays(window, inWindows)) }),
  };
}

export function toBatchArrays(rows: readonly EncodedArrays[], wanted: WantedFields): EncodedBatchArrays {
  return {
    inputIds: rows.map((row) => row.inputIds),
    ...(wanted.tokenTypeIds && { tokenTypeIds: rows.map((row) => row.tokenTypeIds!) }),
    ...(wanted.attentionMask && { attentionMask: rows.map((row) => row.attentionMask!) }),
    ...(wanted.specialTokensMask && { specialTokensMask: rows.map((row) => row.specialTokensMask!) }),
    ...(wanted.offsetMapping && { offsetMapping: rows.map((row) => row.offsetMapping!) }),
    wordIds: rows.map((row) => row.wordIds),
    sequenceIds: rows.map((row) => row.sequenceIds),
    tokens: rows.map((row) => row.tokens),
    ...(wanted.overflowing && { overflowing: rows.map((row) => row.overflowing!) }),
  };
}

/** One row for each encoding and, if wanted, for each of its further windows. */
export function toTensors(
  encodings: readonly Encoding[],
  wanted: WantedFields,
  createTensor: CreateTensor,
): EncodedTensors {
  const rows = wanted.overflowing ? encodings.flatMap((encoding) => [encoding, ...encoding.overflowing]) : encodings;
  const samples = encodings.flatMap((encoding, index) => [index, ...encoding.overflowing.map(() => index)]);
  const length = rows[0]?.length ?? 0;
  const shorter = rows.find((row) => row.length !== length);
  if (shorter) {
    throw new TokenizerError("Texts of different lengths do not make a tensor.", {
      field: "padding",
      expected: `all of ${length} tokens`,
      received: `${shorter.length} tokens`,
      hint: "Pass padding: true (and truncation: true), or returnTensors: false for plain arrays.",
    });
  }
  const tensor = (values: (row: Encoding) => readonly number[]): IdTensor => {
    const data = new BigInt64Array(rows.length * length);
    rows.forEach((row, index) => {
      values(row).forEach((value, column) => {
        data[index * length + column] = BigInt(value);
      });
    });
    return createTensor(data, [rows.length, length]);
  };
  return {
    inputIds: tensor((row) => row.ids),
    ...(wanted.tokenTypeIds && { tokenTypeIds: tensor((row) => row.typeIds) }),
    ...(wanted.attentionMask && { attentionMask: tensor((row) => row.attentionMask) }),
    ...(wanted.specialTokensMask && { specialTokensMask: tensor((row) => row.specialTokensMask) }),
    ...(wanted.offsetMapping && { offsetMapping: rows.map(offsetsOf) }),
    ...(wanted.overflowing && { overflowToSampleMapping: samples }),
  };
}

/** Places in every text are much the same, so those of short tokens near its beginning are one object each. */
const SHARED_STARTS = 2048;
const SHARED_LENGTHS = 16;
const shared: (Offsets | undefined)[] = new Array(SHARED_STARTS * SHARED_LENGTHS);

function offsetsOf({ starts, ends }: Encoding): Offsets[] {
  return starts.map((start, index) => {
    const end = ends[index]!;
    const length = end - start;
    if (start >= SHARED_STARTS || length >= SHARED_LENGTHS) return [start, end];
    const place = start * SHARED_LENGTHS + length;
    const offsets = shared[place] ?? Object.freeze([start, end] as const);
    shared[place] = offsets;
    return offsets;
  });
}

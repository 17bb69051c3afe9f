/**
 * How text becomes rows of a batch. A packing lays out the examples of one shard; the batches then draw them in any
 * order, so that an example must not depend on another one.
 */
import { ConfigurationError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { TokenShard } from "./token-shard.ts";

/** The arrays of a batch while rows are written to it; all are [B, T] but `pairLabels`. Filled with padding before. */
export interface BatchRows {
  /** T: the length of a row. */
  readonly sequenceLength: number;
  readonly inputIds: Int32Array;
  /** 0 for the first segment and padding, 1 for the second. */
  readonly tokenTypeIds: Int32Array | undefined;
  /** The token that follows each token; −100, which losses ignore, where there is none. */
  readonly nextTokenIds: Int32Array | undefined;
  /** [B]: how the two segments of a row belong together. */
  readonly pairLabels: Int32Array | undefined;
}

/** What else than ids the rows of a packing have. */
export type PackingField = "tokenTypeIds" | "nextTokenIds" | "pairLabels";

export interface Packing {
  readonly name: string;
  /** T: the longest row, special tokens counted. */
  readonly sequenceLength: number;
  /** Whether some rows may be shorter, so that an attention mask is needed. */
  readonly padded: boolean;
  readonly padTokenId: number;
  readonly fields: readonly PackingField[];
  /** Lays out the examples of a shard. Pure given the generator. */
  plan(shard: TokenShard, random: Random): ExamplePlan;
}

export interface ExamplePlan {
  readonly exampleCount: number;
  /** Length of an example as a row, special tokens counted. */
  lengthOf(example: number): number;
  /** Writes an example as row number `row`. */
  write(example: number, rows: BatchRows, row: number): void;
}

export function checkSequenceLength(name: string, sequenceLength: number, shortest: number): void {
  if (Number.isInteger(sequenceLength) && sequenceLength >= shortest) return;
  throw new ConfigurationError(`The rows of ${name} are too short to hold text.`, {
    field: "sequenceLength",
    expected: `an integer from ${shortest} on`,
    received: String(sequenceLength),
  });
}

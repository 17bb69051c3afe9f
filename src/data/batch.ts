/** A batch of token ids, before an objective corrupts it, and the arrays that an engine is fed with. */

/** Where a stream of batches stands, as plain data for a checkpoint. See `BatchStream`. */
export type BatchPosition = CorpusPosition | MixturePosition;

/** Batch number `batch` of the `shard`-th shard that epoch `epoch` visits; all from 0. */
export interface CorpusPosition {
  readonly epoch: number;
  readonly shard: number;
  readonly batch: number;
}

/** Batch number `step` of a mixture, and where each of its streams stands. */
export interface MixturePosition {
  readonly step: number;
  readonly streams: readonly BatchPosition[];
}

/** Shapes: B `batchSize`, T `sequenceLength`; arrays are row by row. */
export interface TokenBatch extends PositionedBatch {
  readonly batchSize: number;
  readonly sequenceLength: number;
  /** [B, T], with the padding token behind short rows. */
  readonly inputIds: Int32Array;
  /** [B, T]: 1 for text, 0 for padding. Undefined where the packing never pads. */
  readonly attentionMask: Int32Array | undefined;
  /** [B, T]: 1 for the second segment. */
  readonly tokenTypeIds: Int32Array | undefined;
  /** [B, T]: the token behind each; −100 where there is none. */
  readonly nextTokenIds: Int32Array | undefined;
  /** [B] */
  readonly pairLabels: Int32Array | undefined;
  /** [B]: the number of each row's example in its shard. */
  readonly examples: Uint32Array;
  /** What, beside `examples`, names a row whatever its batch: mixture streams outside in, and the shard. */
  readonly key: readonly (string | number)[];
  readonly epoch: number;
  readonly position: BatchPosition;
}

/** What a training loop must know of a batch. */
export interface PositionedBatch {
  /** The position of the next batch: save this after the step. */
  readonly next: BatchPosition;
}

/** Batches without end, epoch after epoch, that can be begun anywhere. */
export interface BatchStream<B extends PositionedBatch = TokenBatch> {
  /** The first position. */
  readonly start: BatchPosition;
  /** The batches from a position on: always the same ones, whatever was drawn before. */
  from(position?: BatchPosition): AsyncGenerator<B>;
  /** Checks a position that was read from a file. @throws DataError if it is not one of this stream. */
  parsePosition(value: unknown): BatchPosition;
}

/** An array with its dimensions, as the engine takes it. Ids and labels are int64. */
export type NamedArray =
  | { readonly type: "int64"; readonly dims: readonly number[]; readonly data: BigInt64Array<ArrayBuffer> }
  | { readonly type: "float32"; readonly dims: readonly number[]; readonly data: Float32Array<ArrayBuffer> };

/** Widens ids for the engine, without making a BigInt of each: their two halves are written as 32-bit integers. */
export function int64Array(values: Int32Array, dims: readonly number[]): NamedArray {
  const data = new BigInt64Array(values.length);
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    halves[2 * i] = value;
    halves[2 * i + 1] = value >> 31;
  }
  return { type: "int64", dims, data };
}

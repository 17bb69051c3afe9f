/**
 * Batches of examples that lie in memory, epoch after epoch. An epoch's order is a pure function of the generator and the
 * epoch's number, so that a position is two numbers.
 */
import { ConfigurationError, DataError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { BatchPosition, BatchStream, CorpusPosition, PositionedBatch } from "./batch.ts";
import { orderBatches } from "./batch-order.ts";

export interface FeatureBatchesOptions {
  readonly batchSize: number;
  /** The order comes from forks of this; it is not moved. */
  readonly random: Random;
}

export interface FeatureBatch<F> extends PositionedBatch {
  readonly features: readonly F[];
}

const START: CorpusPosition = { epoch: 0, shard: 0, batch: 0 };

export class FeatureBatches<F> implements BatchStream<FeatureBatch<F>> {
  readonly start = START;
  readonly #features: readonly F[];
  readonly #lengthOf: (features: F) => number;
  readonly #options: FeatureBatchesOptions;

  /** `lengthOf` says how many tokens a row of these features has: rows of like length share a batch. */
  constructor(features: readonly F[], lengthOf: (features: F) => number, options: FeatureBatchesOptions) {
    if (features.length === 0) {
      throw new DataError("There is nothing to train on.", {
        field: "train",
        expected: "at least one example",
        received: "none",
      });
    }
    if (!Number.isInteger(options.batchSize) || options.batchSize < 1) {
      throw new ConfigurationError("A batch needs at least one example.", {
        field: "batchSize",
        expected: "a positive integer",
        received: String(options.batchSize),
      });
    }
    this.#features = features;
    this.#lengthOf = lengthOf;
    this.#options = options;
  }

  /** Of an epoch; the last one may be smaller than the others. */
  get batchCount(): number {
    return Math.ceil(this.#features.length / this.#options.batchSize);
  }

  async *from(position: BatchPosition = START): AsyncGenerator<FeatureBatch<F>> {
    const { epoch: first, batch: firstBatch } = this.parsePosition(position);
    for (let epoch = first; ; epoch++) {
      const batches = this.#order(epoch);
      for (let batch = epoch === first ? firstBatch : 0; batch < batches.length; batch++) {
        const isLast = batch + 1 === batches.length;
        const next = isLast ? { epoch: epoch + 1, shard: 0, batch: 0 } : { epoch, shard: 0, batch: batch + 1 };
        yield { features: Array.from(batches[batch] as Uint32Array, (index) => this.#features[index] as F), next };
      }
    }
  }

  parsePosition(value: unknown): CorpusPosition {
    const { epoch, shard, batch } = (value ?? {}) as Partial<Record<keyof CorpusPosition, unknown>>;
    const isCount = (each: unknown): each is number => Number.isSafeInteger(each) && (each as number) >= 0;
    if (isCount(epoch) && shard === 0 && isCount(batch) && batch < this.batchCount) return { epoch, shard, batch };
    throw new DataError("The saved position in the examples cannot be used.", {
      field: "position",
      expected: `an epoch, shard 0 and a batch below ${this.batchCount}`,
      received: JSON.stringify(value) ?? "nothing",
      hint: "Go on with the examples and settings that the run began with.",
    });
  }

  #order(epoch: number): Uint32Array[] {
    const plan = {
      exampleCount: this.#features.length,
      lengthOf: (index: number): number => this.#lengthOf(this.#features[index] as F),
    };
    const { batchSize, random } = this.#options;
    const options = { batchSize, shuffle: true, bucketByLength: true, keepIncomplete: true };
    return orderBatches(plan, options, random.fork("order", epoch));
  }
}

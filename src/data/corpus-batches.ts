/**
 * Batches of one corpus, epoch after epoch.
 *
 * Every batch is a pure function of the generator and its position: an epoch visits the shards in an order drawn from
 * (epoch); a shard's examples are laid out and shuffled by draws from (epoch, shard). So a position is three numbers, and
 * going on from one costs one shard's layout. Memory holds one shard, and shuffling reaches as far as a shard does: for
 * corpora that fit into one (16 Mi tokens) that is everywhere.
 */
import { ConfigurationError, DataError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { BatchPosition, BatchStream, CorpusPosition, TokenBatch } from "./batch.ts";
import { orderBatches } from "./batch-order.ts";
import type { BatchRows, ExamplePlan, Packing, PackingField } from "./packing.ts";
import type { TokenizedCorpus } from "./tokenized-corpus.ts";

export interface CorpusBatchesOptions {
  corpus: TokenizedCorpus;
  packing: Packing;
  batchSize: number;
  /** The order and layout of examples come from forks of this; it is not moved. */
  random: Random;
  /** Draw shards and examples in random order; true. */
  shuffle?: boolean;
  /** Lay out the examples anew in each epoch (other cuts, other pairs), or keep those of the first; true. */
  redraw?: boolean;
  /** Put rows of like length together; true where the packing pads. */
  bucketByLength?: boolean;
  /** Give the last examples of a shard as a smaller batch instead of leaving them out of this epoch; false. */
  keepIncomplete?: boolean;
}

/** Rows that are padded have a multiple of this many tokens, so that lengths do not all differ. */
const PADDING_MULTIPLE = 8;

const START: CorpusPosition = { epoch: 0, shard: 0, batch: 0 };

export class CorpusBatches implements BatchStream {
  readonly start = START;
  readonly #corpus: TokenizedCorpus;
  readonly #packing: Packing;
  readonly #batchSize: number;
  readonly #random: Random;
  readonly #shuffle: boolean;
  readonly #redraw: boolean;
  readonly #bucketByLength: boolean;
  readonly #keepIncomplete: boolean;

  constructor(options: CorpusBatchesOptions) {
    const { batchSize, packing } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new ConfigurationError("A batch needs at least one row.", {
        field: "batchSize",
        expected: "a positive integer",
        received: String(batchSize),
      });
    }
    this.#corpus = options.corpus;
    this.#packing = packing;
    this.#batchSize = batchSize;
    this.#random = options.random;
    this.#shuffle = options.shuffle ?? true;
    this.#redraw = options.redraw ?? true;
    this.#bucketByLength = options.bucketByLength ?? packing.padded;
    this.#keepIncomplete = options.keepIncomplete ?? false;
  }

  async *from(position: BatchPosition = START): AsyncGenerator<TokenBatch> {
    const { epoch: first } = this.parsePosition(position);
    for (let epoch = first; ; epoch++) {
      let count = 0;
      const inside = epoch === first ? this.parsePosition(position) : { epoch, shard: 0, batch: 0 };
      for await (const batch of this.#batchesOfEpoch(inside)) {
        yield batch;
        count++;
      }
      if (count === 0 && inside.shard === 0 && inside.batch === 0) throw this.#noExamplesError();
    }
  }

  /** One pass over the corpus: the batches of an epoch from its first to its last. */
  async *pass(epoch = 0): AsyncGenerator<TokenBatch> {
    yield* this.#batchesOfEpoch({ epoch, shard: 0, batch: 0 });
  }

  parsePosition(value: unknown): CorpusPosition {
    const { epoch, shard, batch } = (value ?? {}) as Partial<Record<keyof CorpusPosition, unknown>>;
    const isCount = (each: unknown): each is number => Number.isSafeInteger(each) && (each as number) >= 0;
    if (isCount(epoch) && isCount(shard) && isCount(batch) && shard <= this.#corpus.shardCount) {
      return { epoch, shard, batch };
    }
    throw new DataError("The saved position in the corpus cannot be used.", {
      field: "position",
      expected: `epoch, shard (at most ${this.#corpus.shardCount}) and batch as non-negative integers`,
      received: JSON.stringify(value) ?? "nothing",
      hint: "Go on with the corpus and settings that the run began with.",
    });
  }

  async *#batchesOfEpoch(from: CorpusPosition): AsyncGenerator<TokenBatch> {
    const { epoch } = from;
    const shards = Uint32Array.from({ length: this.#corpus.shardCount }, (_, index) => index);
    if (this.#shuffle) this.#random.fork("shards", epoch).shuffle(shards);
    for (let visit = from.shard; visit < shards.length; visit++) {
      const shardIndex = shards[visit] as number;
      const plan = await this.#plan(epoch, shardIndex);
      const batches = this.#order(plan, epoch, shardIndex);
      for (let batch = visit === from.shard ? from.batch : 0; batch < batches.length; batch++) {
        const examples = batches[batch] as Uint32Array;
        const isLastOfShard = batch + 1 === batches.length;
        const isLast = isLastOfShard && visit + 1 === shards.length;
        const next = isLast
          ? { epoch: epoch + 1, shard: 0, batch: 0 }
          : isLastOfShard
            ? { epoch, shard: visit + 1, batch: 0 }
            : { epoch, shard: visit, batch: batch + 1 };
        yield {
          ...this.#assemble(plan, examples),
          key: [shardIndex],
          epoch,
          position: { epoch, shard: visit, batch },
          next,
        };
      }
    }
  }

  async #plan(epoch: number, shardIndex: number): Promise<ExamplePlan> {
    const shard = await this.#corpus.shard(shardIndex);
    const random = this.#redraw
      ? this.#random.fork("layout", shardIndex, epoch)
      : this.#random.fork("layout", shardIndex);
    return this.#packing.plan(shard, random);
  }

  #order(plan: ExamplePlan, epoch: number, shardIndex: number): Uint32Array[] {
    const options = {
      batchSize: this.#batchSize,
      shuffle: this.#shuffle,
      bucketByLength: this.#bucketByLength,
      keepIncomplete: this.#keepIncomplete,
    };
    return orderBatches(plan, options, this.#random.fork("order", shardIndex, epoch));
  }

  #assemble(plan: ExamplePlan, examples: Uint32Array): Omit<TokenBatch, "key" | "epoch" | "position" | "next"> {
    const { padded, padTokenId, fields } = this.#packing;
    const sequenceLength = padded ? this.#paddedLength(plan, examples) : this.#packing.sequenceLength;
    const batchSize = examples.length;
    const cells = batchSize * sequenceLength;
    const has = (field: PackingField) => fields.includes(field);
    const rows: BatchRows = {
      sequenceLength,
      inputIds: padded ? new Int32Array(cells).fill(padTokenId) : new Int32Array(cells),
      tokenTypeIds: has("tokenTypeIds") ? new Int32Array(cells) : undefined,
      nextTokenIds: has("nextTokenIds") ? new Int32Array(cells).fill(-100) : undefined,
      pairLabels: has("pairLabels") ? new Int32Array(batchSize) : undefined,
    };
    const attentionMask = padded ? new Int32Array(cells) : undefined;
    for (let row = 0; row < batchSize; row++) {
      const example = examples[row] as number;
      plan.write(example, rows, row);
      attentionMask?.fill(1, row * sequenceLength, row * sequenceLength + plan.lengthOf(example));
    }
    return { batchSize, attentionMask, examples, ...rows };
  }

  #paddedLength(plan: ExamplePlan, examples: Uint32Array): number {
    const longest = examples.reduce((length, example) => Math.max(length, plan.lengthOf(example)), 1);
    const rounded = Math.ceil(longest / PADDING_MULTIPLE) * PADDING_MULTIPLE;
    return Math.min(rounded, this.#packing.sequenceLength);
  }

  #noExamplesError(): DataError {
    const { documents, sentences } = this.#corpus.counts;
    return new DataError(`The corpus gives no examples for ${this.#packing.name}.`, {
      received: `${documents} documents, ${sentences} sentences`,
      hint: "Pairs of sentences need at least two documents (a blank line between them) of two sentences each.",
    });
  }
}

/** In which order, and together with which others, the examples of a shard come in an epoch. */
import type { Random } from "../random.ts";
import type { ExamplePlan } from "./packing.ts";

export interface BatchOrderOptions {
  batchSize: number;
  shuffle: boolean;
  /** Whether rows of like length share a batch, so that little of it is padding. */
  bucketByLength: boolean;
  /** Whether the last examples, too few for a batch, make a smaller one. */
  keepIncomplete: boolean;
}

/** What is ordered. */
type Examples = Pick<ExamplePlan, "exampleCount" | "lengthOf">;

/** Batches of this many examples are sorted by length together; more would only make the order less random. */
const BUCKETED_BATCHES = 64;

/** The examples of each batch. Pure given the generator. */
export function orderBatches(plan: Examples, options: BatchOrderOptions, random: Random): Uint32Array[] {
  const { batchSize, shuffle, bucketByLength, keepIncomplete } = options;
  const order = Uint32Array.from({ length: plan.exampleCount }, (_, example) => example);
  if (shuffle) random.shuffle(order);
  const batches: Uint32Array[] = [];
  // A shard with less than one batch gives a small one in any case.
  const end = keepIncomplete || order.length < batchSize ? order.length : order.length - (order.length % batchSize);
  const windowSize = batchSize * BUCKETED_BATCHES;
  if (bucketByLength) {
    for (let start = 0; start < end; start += windowSize) sortByLength(order.subarray(start, start + windowSize), plan);
  }
  for (let start = 0; start < end; start += batchSize) {
    batches.push(order.subarray(start, Math.min(end, start + batchSize)));
  }
  if (shuffle && bucketByLength) random.shuffle(batches);
  return batches;
}

/** Stable: among equals the order stays as it was drawn. */
function sortByLength(examples: Uint32Array, plan: Examples): void {
  const sorted = Array.from(examples).sort((a, b) => plan.lengthOf(a) - plan.lengthOf(b));
  examples.set(sorted);
}

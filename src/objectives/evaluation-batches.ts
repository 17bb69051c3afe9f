/** The held-out batches of an objective: one pass, the same ones every time. */
import { CorpusBatches, type TokenBatch, type TokenizedCorpus } from "../data/index.ts";
import { Random } from "../random.ts";
import type { Objective, PreparedBatch } from "./objective.ts";

export interface EvaluationBatchesOptions {
  sequenceLength: number;
  batchSize: number;
  /** Stop after this many batches. */
  maxBatches?: number;
}

/** Draws that are part of evaluation have this seed, whatever the run's is. */
const EVALUATION_SEED = 0;

/** One pass over a corpus; padding instead of repetition, so that every token is there once. */
export async function* evaluationBatches<Model>(
  objective: Objective<Model>,
  corpus: TokenizedCorpus,
  options: EvaluationBatchesOptions,
): AsyncGenerator<{ batch: TokenBatch; prepared: PreparedBatch }> {
  const { sequenceLength, batchSize, maxBatches = Number.POSITIVE_INFINITY } = options;
  const random = new Random(EVALUATION_SEED);
  const packing = objective.packing({ sequenceLength, evaluation: true });
  const batches = new CorpusBatches({ corpus, packing, batchSize, random, shuffle: false, keepIncomplete: true });
  let count = 0;
  for await (const batch of batches.pass()) {
    if (count++ >= maxBatches) return;
    yield { batch, prepared: objective.prepareEvaluationBatch(batch, random) };
  }
}

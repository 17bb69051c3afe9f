/** A short run on text in memory, by the same step and loop as every other: a fixed number of steps, nothing written. */
import { createKernels } from "#runtime";
import { CorpusBatches, type Packing, type TokenBatch, type TokenizedCorpus } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { inputSpecsOf, type Objective, type SymbolicInputs } from "../objectives/index.ts";
import { adamw, hold, MovingAverage, Optimizer } from "../optim/index.ts";
import type { Random } from "../random.ts";
import { Trainer, TrainStep } from "../training/index.ts";
import { parameterGroups } from "../training/training-setup.ts";

export interface ShortTraining {
  readonly model: AnyModel;
  /** How text is corrupted. */
  readonly objective: Pick<Objective, "inputSpecs" | "prepareBatch">;
  /** The objective's loss of the model → []. */
  readonly loss: (inputs: SymbolicInputs) => SymbolicTensor;
  readonly corpus: TokenizedCorpus;
  readonly packing: Packing;
  /** Rows of a batch. */
  readonly batchSize: number;
  readonly steps: number;
  /** The peak, reached after a twentieth of the steps; it falls over the last 70% of them. */
  readonly learningRate: number;
  readonly random: Random;
  readonly threads: number;
  readonly signal: AbortSignal | undefined;
  readonly onStep: (loss: number) => void;
}

/**
 * Trains with AdamW and leaves the moving average of the values: the last ones say of each word how likely it was in the
 * last few batches, which swings by several points. Returns whether all steps were made: the signal may end the run early.
 */
export async function trainShortly(options: ShortTraining): Promise<boolean> {
  const { model, objective, loss, steps, learningRate, random, threads, signal, onStep } = options;
  const { store } = model;
  // What was compiled for calls may point to where the values were before.
  await model.release();
  const [gradients] = store.allocateBeside(1) as [Float32Array];
  const kernels = await createKernels(store.memory, { threads });
  const stream = new CorpusBatches({ ...options, random: random.fork("batches") });
  const specs = inputSpecsOf(objective, objective.prepareBatch(await firstBatch(stream), random));
  const step = await TrainStep.compile(model, (inputs) => ({ loss: loss(inputs) }), specs, gradients, {
    kernels,
    threads,
  });
  const average = new MovingAverage(kernels, store.values.length, { decay: 1 - 10 / steps, warmup: true });
  const trainer = new Trainer({
    step,
    stream,
    prepare: (batch, batchRandom) => objective.prepareBatch(batch, batchRandom),
    optimizer: new Optimizer(adamw({ beta2: 0.98 }), { kernels, parameters: store.values }, parameterGroups(step, 0)),
    schedule: hold({ learningRate, warmupSteps: Math.ceil(steps / 20), decayShare: 0.7, decay: "1-sqrt" }),
    random,
    totalSteps: steps,
    maximumGradientNorm: 1,
    onEvent: (event) => {
      if (event.event !== "step") return;
      average.update(store.values);
      onStep(event.loss);
    },
    signal,
  });
  const { reason } = await trainer.run();
  store.values.set(average.values);
  store.memory.free(average.values);
  await step.release();
  return reason === "steps";
}

async function firstBatch(stream: CorpusBatches): Promise<TokenBatch> {
  for await (const batch of stream.from()) return batch;
  throw new RangeError("a stream of batches has no end");
}

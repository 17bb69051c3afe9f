/**
 * The training loop. It is handed its loss (as a compiled step) and its batches, and never asks what is being trained.
 * Everything that decides the next step is in `TrainerState`, so that a run continued from a saved state is the run that
 * was never stopped, bit for bit.
 */
import { platform } from "#platform";
import type { BatchPosition, BatchStream, PositionedBatch, TokenBatch } from "../data/index.ts";
import { prefetch } from "../data/index.ts";
import { TrainingError } from "../errors.ts";
import { clippingScale, type Optimizer } from "../optim/index.ts";
import type { Random } from "../random.ts";
import type { Buffers } from "../runtime/engine.ts";
import { measured, measuredUnit } from "../runtime/profiler.ts";
import type { DoneEvent, StepEvent, TrainingEvent } from "./events.ts";
import type { TrainStep } from "./train-step.ts";

/** Where a run stands; with the values and the optimizer's state, all that is needed to go on. */
export interface TrainerState {
  /** Optimizer steps done. */
  readonly step: number;
  /** Of the next batch. */
  readonly position: BatchPosition;
  readonly elapsedMs: number;
  /** What the schedule ends at; a run that goes on keeps it. */
  readonly totalSteps: number;
  /** For runs that are evaluated as they go. */
  readonly best?: BestEvaluation;
  /** Whether the model was written after the last step. */
  readonly isConcluded?: boolean;
}

export interface BestEvaluation {
  /** The lowest held-out loss so far, or what stands for one. */
  loss: number;
  /** Evaluations since then. */
  staleEvaluations: number;
}

export interface TrainerOptions<B extends PositionedBatch = TokenBatch> {
  readonly step: TrainStep;
  readonly stream: BatchStream<B>;
  /** Corrupts a batch into the graph's inputs; draws only from the generator that it is given. */
  readonly prepare: (batch: B, random: Random) => Buffers;
  readonly optimizer: Optimizer;
  /** Learning rate of a step, counted from 0, in a run of `totalSteps`. */
  readonly schedule: (step: number, totalSteps: number) => number;
  readonly random: Random;
  readonly totalSteps: number;
  /** The steps of the whole run as they are seen after each step, for a run that is limited by time. */
  readonly replan?: ((step: number, totalSteps: number, elapsedMs: number) => number) | undefined;
  /** Training time after which the run ends in any case; for a machine that has become slower than it was. */
  readonly maximumMs?: number | undefined;
  /** Global norm to which gradients are clipped; no clipping when left out. */
  readonly maximumGradientNorm?: number | undefined;
  /** Where gradients are summed when an optimizer step averages those of several batches. */
  readonly accumulated?: { readonly gradients: Float32Array; readonly batches: number } | undefined;
  readonly onEvent?: (event: TrainingEvent) => void | Promise<void>;
  /** Called after every step; returns true to end the run early. */
  readonly afterStep?: (state: TrainerState) => Promise<boolean>;
  /** Ends the run after the step under way. */
  readonly signal?: AbortSignal | undefined;
}

export class Trainer<B extends PositionedBatch = TokenBatch> {
  readonly #options: TrainerOptions<B>;
  #state: TrainerState;

  constructor(options: TrainerOptions<B>, state?: TrainerState) {
    this.#options = options;
    this.#state = state ?? { step: 0, position: options.stream.start, elapsedMs: 0, totalSteps: options.totalSteps };
  }

  get state(): TrainerState {
    return this.#state;
  }

  /** Trains until the budget is spent, `afterStep` says so, or the signal comes. */
  async run(): Promise<DoneEvent> {
    const { stream, onEvent } = this.#options;
    const batches = prefetch(stream.from(this.#state.position));
    let startedMs = platform.now() - this.#state.elapsedMs;
    let reason = this.#reasonToStop();
    try {
      while (reason === undefined) {
        const event = await measuredUnit("step", () => this.#optimizerStep(batches, startedMs));
        await onEvent?.(event);
        const stop = await this.#options.afterStep?.(this.#state);
        // Evaluations and checkpoints are not training time.
        startedMs = platform.now() - event.elapsedMs;
        reason = stop ? "early-stop" : this.#reasonToStop();
      }
    } finally {
      await batches.return(undefined);
    }
    const done: DoneEvent = { event: "done", step: this.#state.step, elapsedMs: this.#state.elapsedMs, reason };
    return done;
  }

  #reasonToStop(): DoneEvent["reason"] | undefined {
    const { maximumMs = Number.POSITIVE_INFINITY, signal } = this.#options;
    const { step, totalSteps, elapsedMs } = this.#state;
    if (signal?.aborted) return "interrupted";
    if (step >= totalSteps) return "steps";
    return elapsedMs > maximumMs ? "minutes" : undefined;
  }

  async #optimizerStep(batches: AsyncGenerator<B>, startedMs: number): Promise<StepEvent> {
    const { optimizer, schedule, maximumGradientNorm, accumulated, step: trainStep } = this.#options;
    const beforeMs = platform.now();
    const number = this.#state.step + 1;
    const { loss, tokens, position } = await this.#gradients(batches);
    const average = 1 / (accumulated?.batches ?? 1);
    const gradients = accumulated?.gradients ?? trainStep.gradients;
    const gradientNorm = measured("gradient norm", () => optimizer.gradientNorm(gradients)) * average;
    this.#checkFinite(number, loss, gradientNorm);
    const { totalSteps } = this.#state;
    const learningRate = schedule(this.#state.step, totalSteps);
    const clipping = maximumGradientNorm === undefined ? 1 : clippingScale(gradientNorm, maximumGradientNorm);
    measured("optimizer", () => optimizer.step({ gradients, learningRate, gradientScale: average * clipping }));
    if (accumulated !== undefined) trainStep.kernels.fill(accumulated.gradients, 0);
    const nowMs = platform.now();
    const elapsedMs = nowMs - startedMs;
    const replanned = this.#options.replan?.(number, totalSteps, elapsedMs) ?? totalSteps;
    this.#state = { ...this.#state, step: number, position, elapsedMs, totalSteps: replanned };
    const tokensPerSecond = (tokens / Math.max(nowMs - beforeMs, 1e-3)) * 1000;
    return { event: "step", step: number, loss, learningRate, gradientNorm, tokensPerSecond, elapsedMs };
  }

  /** Gradients of one optimizer step, summed over its micro-batches. */
  async #gradients(batches: AsyncGenerator<B>) {
    const { step: trainStep, prepare, random, accumulated } = this.#options;
    const count = accumulated?.batches ?? 1;
    let loss = 0;
    let tokens = 0;
    let position = this.#state.position;
    for (let micro = 0; micro < count; micro++) {
      const { value: batch, done } = await measured("waiting for a batch", () => batches.next());
      if (done) throw new TrainingError("the corpus has ended");
      const forward = this.#state.step * count + micro;
      const inputs = measured("preparing the batch", () => prepare(batch, random));
      const result = await trainStep.run(inputs, { random: random.fork("dropout"), step: forward });
      if (accumulated !== undefined) {
        measured("adding gradients", () => trainStep.kernels.add(accumulated.gradients, trainStep.gradients));
      }
      loss += result.loss / count;
      tokens += inputs.inputIds?.data.length ?? 0;
      position = batch.next;
    }
    return { loss, tokens, position };
  }

  #checkFinite(step: number, loss: number, gradientNorm: number): void {
    if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
    const what = Number.isFinite(loss) ? "the gradient" : "the loss";
    throw new TrainingError(`${what} is not finite at step ${step}: training has diverged`, {
      field: Number.isFinite(loss) ? "gradientNorm" : "loss",
      received: String(Number.isFinite(loss) ? gradientNorm : loss),
      expected: "a finite number",
      hint: "lower the learning rate, lengthen the warm-up or clip gradients; the last checkpoint is kept",
    });
  }
}

/** A run of any kind: trained from where it stands, evaluated and saved as it goes, and left as a model folder. */
import { platform } from "#platform";
import type { PositionedBatch, TokenBatch } from "../data/index.ts";
import type { AnyModel } from "../models/index.ts";
import { BestModel } from "./best-model.ts";
import type { Metrics } from "./evaluation.ts";
import type { DoneEvent, TrainingEvent } from "./events.ts";
import type { OutputFolder } from "./output-folder.ts";
import { RunCheckpoints, type RunIdentity, restoreRun, type SavedRun } from "./run-checkpoint.ts";
import type { StageReport } from "./stages.ts";
import { type BestEvaluation, Trainer, type TrainerOptions, type TrainerState } from "./trainer.ts";

/** What is trained, how it is judged and what is kept of it. */
export interface TrainingJob<B extends PositionedBatch = TokenBatch> {
  readonly model: AnyModel;
  readonly trainer: Omit<TrainerOptions<B>, "onEvent" | "afterStep" | "signal">;
  readonly identity: RunIdentity;
  /** Fills a model folder. */
  readonly writeModel: (folder: string) => Promise<void>;
  /** Metrics on what is held out; absent when nothing is. */
  readonly evaluate: ((report?: StageReport) => Promise<Metrics>) | undefined;
  /** What is lowest at the best evaluation. */
  readonly lossOf: (metrics: Metrics) => number | undefined;
  /** Steps between evaluations; 0 for one at the end only. */
  readonly evaluateEvery: number;
  /** Evaluations in a row without a better one after which the run ends; 0 for never. */
  readonly earlyStopEvaluations: number;
  /** Steps between checkpoints; 0 for one at the end only. */
  readonly checkpointEvery: number;
  /** Whether the model that is left is that of the best evaluation, not of the last step. */
  readonly endsWithBest: boolean;
}

export interface TrainingRunHooks {
  readonly onEvent?: ((event: TrainingEvent) => void) | undefined;
  readonly onStage?: StageReport | undefined;
  /** Called after every step; returns true to end the run. */
  readonly afterStep?: ((state: TrainerState) => Promise<boolean> | boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export class TrainingRun<B extends PositionedBatch = TokenBatch> {
  readonly #job: TrainingJob<B>;
  readonly #output: OutputFolder | undefined;
  readonly #hooks: TrainingRunHooks;
  readonly #trainer: Trainer<B>;
  readonly #best: BestEvaluation;
  readonly #bestModel: BestModel;
  readonly #checkpoints: RunCheckpoints;
  /** The step of a run that was finished before. */
  readonly #concludedStep: number | undefined;
  #evaluated: { readonly step: number; readonly metrics: Metrics } | undefined;

  private constructor(
    job: TrainingJob<B>,
    output: OutputFolder | undefined,
    hooks: TrainingRunHooks,
    state: TrainerState | undefined,
  ) {
    this.#job = job;
    this.#output = output;
    this.#hooks = hooks;
    this.#best = { ...(state?.best ?? { loss: Number.MAX_VALUE, staleEvaluations: 0 }) };
    this.#checkpoints = new RunCheckpoints(output?.checkpoints ?? "checkpoints");
    this.#bestModel = new BestModel(job.model, job.writeModel, output && platform.join(output.checkpoints, "best"));
    const { isConcluded, ...before } = state ?? {};
    this.#concludedStep = isConcluded ? state?.step : undefined;
    const parts = {
      onEvent: (event: TrainingEvent) => this.#emit(event),
      afterStep: (now: TrainerState) => this.#afterStep(now),
      signal: hooks.signal,
    };
    this.#trainer = new Trainer({ ...job.trainer, ...parts }, state && (before as TrainerState));
  }

  /** A run at its first step, or where `saved` left it. Throws what `restoreRun` throws. */
  static async open<B extends PositionedBatch>(
    job: TrainingJob<B>,
    output: OutputFolder | undefined,
    saved: SavedRun | undefined,
    hooks: TrainingRunHooks,
  ): Promise<TrainingRun<B>> {
    const { model, identity, trainer } = job;
    const state = saved && (await restoreRun(saved, { model, identity, ...trainer }));
    return new TrainingRun(job, output, hooks, state);
  }

  get state(): TrainerState {
    return this.#trainer.state;
  }

  /** Makes the output folder. Called when nothing is left to go wrong. */
  async begin(settings: object, isResumed: boolean): Promise<void> {
    await this.#output?.begin(settings);
    if (isResumed) this.#emit({ event: "resumed", step: this.state.step });
  }

  /** Trains to the end. A finished run that is resumed is left as it is. */
  async run(): Promise<{ readonly done: DoneEvent; readonly metrics: Metrics | undefined }> {
    const done = await this.#trainer.run();
    if (done.step === this.#concludedStep) return { done, metrics: undefined };
    // A run that ended early has no more steps, so that it stays ended when it is resumed.
    const ended = done.reason === "early-stop" ? { ...this.state, totalSteps: done.step } : this.state;
    if (!isDue(done.step, this.#job.checkpointEvery) || ended !== this.state) await this.#save(ended);
    const metrics = done.reason === "interrupted" ? undefined : await this.#conclude(done.step);
    this.#emit(done);
    return { done, metrics };
  }

  /** The last evaluation, and the model folder. */
  async #conclude(step: number): Promise<Metrics | undefined> {
    const { evaluate, endsWithBest, writeModel } = this.#job;
    let metrics = await this.#evaluate(step, this.#hooks.onStage);
    if (endsWithBest && this.#best.staleEvaluations > 0) {
      await this.#bestModel.restore();
      metrics = await evaluate?.(this.#hooks.onStage);
    }
    if (this.#output !== undefined) {
      await writeModel(this.#output.path);
      await this.#checkpoints.conclude(step);
    }
    return metrics;
  }

  /** Evaluates and saves when it is time to; returns whether the run should end. */
  async #afterStep(state: TrainerState): Promise<boolean> {
    const { evaluateEvery, earlyStopEvaluations, checkpointEvery } = this.#job;
    let isStale = false;
    if (isDue(state.step, evaluateEvery)) {
      await this.#evaluate(state.step);
      isStale = earlyStopEvaluations > 0 && this.#best.staleEvaluations >= earlyStopEvaluations;
    }
    if (isDue(state.step, checkpointEvery)) await this.#save(state);
    return ((await this.#hooks.afterStep?.(state)) ?? false) || isStale;
  }

  async #save(state: TrainerState): Promise<void> {
    if (this.#output === undefined) return;
    const { identity, trainer, writeModel } = this.#job;
    const path = await this.#checkpoints.save({ ...state, best: this.#best }, identity, trainer.optimizer, writeModel);
    this.#emit({ event: "checkpoint", step: state.step, path });
  }

  /** The metrics after a step, measured once; keeps the model when it is the best so far. */
  async #evaluate(step: number, report?: StageReport): Promise<Metrics | undefined> {
    if (this.#evaluated?.step === step) return this.#evaluated.metrics;
    const metrics = await this.#job.evaluate?.(report);
    if (metrics === undefined) return undefined;
    this.#evaluated = { step, metrics };
    this.#emit({ event: "evaluation", step, metrics });
    const loss = this.#job.lossOf(metrics);
    if (loss === undefined) return metrics;
    this.#best.staleEvaluations += 1;
    if (loss < this.#best.loss) {
      Object.assign(this.#best, { loss, staleEvaluations: 0 });
      if (this.#job.evaluateEvery > 0) await this.#bestModel.keep();
    }
    return metrics;
  }

  #emit(event: TrainingEvent): void {
    this.#output?.append(event);
    this.#hooks.onEvent?.(event);
  }
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step > 0 && step % every === 0;
}

/** One pretraining run: prepared, resumed where it was, trained, evaluated and saved. */
import { platform } from "#platform";
import { Random } from "../random.ts";
import type { Metrics } from "./evaluation.ts";
import type { TrainingEvent } from "./events.ts";
import type { OutputFolder } from "./output-folder.ts";
import { PhasedBatches } from "./phased-batches.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";
import { preparePretraining } from "./pretraining-preparation.ts";
import type { PretrainHooks, PretrainResult, PretrainRun } from "./pretraining-types.ts";
import { RunCheckpoints, type RunIdentity, restoreRun, type SavedRun } from "./run-checkpoint.ts";
import type { StageReport } from "./stages.ts";
import { TimeBudget, timeRuns } from "./time-budget.ts";
import { type BestEvaluation, Trainer, type TrainerState } from "./trainer.ts";
import { setUpTraining, type TrainingSetup } from "./training-setup.ts";

/** A run that is limited by time may take so much longer before it is cut short of its schedule's end. */
const overtime = 1.15;
/** What a step takes beside the run of its graph: batches, clipping, the optimizer. */
const besideTheRun = 1.15;

export class PretrainingRun {
  readonly #settings: PretrainSettings;
  readonly #output: OutputFolder | undefined;
  readonly #hooks: PretrainHooks;
  readonly #random: Random;
  readonly #checkpoints: RunCheckpoints;

  constructor(settings: PretrainSettings, output: OutputFolder | undefined, hooks: PretrainHooks) {
    this.#settings = settings;
    this.#output = output;
    this.#hooks = hooks;
    this.#random = new Random(settings.seed);
    this.#checkpoints = new RunCheckpoints(output?.checkpoints ?? "checkpoints");
  }

  async run(resume: boolean): Promise<PretrainResult> {
    const saved = this.#output !== undefined && resume ? await this.#checkpoints.newest() : undefined;
    const run = await preparePretraining(this.#settings, {
      resumedFrom: saved?.folder,
      cacheFolder: this.#output && platform.join(this.#output.checkpoints, "corpus"),
      random: this.#random,
      hooks: this.#hooks,
    });
    const setup = await setUpTraining(run, this.#random);
    const trainer = await this.#trainer(run, setup, saved);
    await this.#output?.begin(this.#settings);
    const { step: stepsBefore, totalSteps } = trainer.state;
    if (resume) this.#emit({ event: "resumed", step: stepsBefore });
    const firstBatch = setup.phases[0]?.firstBatch as () => ReturnType<TrainingSetup["phases"][number]["firstBatch"]>;
    await this.#hooks.onReady?.(run, totalSteps, firstBatch);
    const done = await trainer.run();
    let metrics: Metrics | undefined;
    // A finished run that is resumed is left as it is.
    if (saved === undefined || done.step !== stepsBefore) {
      // A run that ended early has no more steps, so that it stays ended when it is resumed.
      const ended = done.reason === "early-stop" ? { ...trainer.state, totalSteps: done.step } : trainer.state;
      if (!isDue(done.step, this.#settings.checkpointEvery) || ended !== trainer.state)
        await this.#save(run, setup, ended);
      if (done.reason !== "interrupted") {
        metrics = await this.#evaluate(run, done.step, this.#hooks.onStage);
        if (this.#output !== undefined) await writeModel(run, this.#output.path);
      }
      this.#emit(done);
    }
    await setup.step.release();
    return { ...run, done, metrics };
  }

  /** The trainer, at the first step or where the saved run was. */
  async #trainer(run: PretrainRun, setup: TrainingSetup, saved: SavedRun | undefined): Promise<Trainer> {
    const { steps, minutes, maximumGradientNorm, gradientAccumulation } = this.#settings;
    const budget = steps === null ? await this.#timeBudget(setup) : undefined;
    const plannedSteps = saved?.state.totalSteps ?? steps ?? budget?.plannedSteps ?? 1;
    // The trainer is asked for its steps only while it runs.
    const stream = new PhasedBatches(setup.phases, () => trainer.state.totalSteps * gradientAccumulation);
    const { optimizer } = setup;
    const identity = identityOf(run, setup);
    const state = saved && (await restoreRun(saved, { model: run.model, optimizer, stream, identity }));
    const best: BestEvaluation = { ...(state?.best ?? { loss: Number.MAX_VALUE, staleEvaluations: 0 }) };
    const trainer = new Trainer(
      {
        ...setup,
        stream,
        prepare: (batch, random) => run.objective.prepareBatch(batch, random),
        random: this.#random.fork("training"),
        totalSteps: plannedSteps,
        replan: budget && ((...now) => budget.replan(...now)),
        maximumMs: minutes === null ? undefined : minutes * 60_000 * overtime,
        maximumGradientNorm: maximumGradientNorm === 0 ? undefined : maximumGradientNorm,
        onEvent: (event) => this.#emit(event),
        afterStep: ({ state: now }) => this.#afterStep(run, setup, now, best),
        signal: this.#hooks.signal,
      },
      state,
    );
    return trainer;
  }

  /** Evaluates and saves when it is time to; returns whether the run should end. */
  async #afterStep(
    run: PretrainRun,
    setup: TrainingSetup,
    state: TrainerState,
    best: BestEvaluation,
  ): Promise<boolean> {
    const { evaluateEvery, checkpointEvery } = this.#settings;
    let isStale = false;
    if (isDue(state.step, evaluateEvery)) isStale = await this.#evaluateAndKeepBest(run, state.step, best);
    if (isDue(state.step, checkpointEvery)) await this.#save(run, setup, { ...state, best });
    return ((await this.#hooks.afterStep?.(run, state.step, state.totalSteps)) ?? false) || isStale;
  }

  /** Times some runs of each phase that change nothing. */
  async #timeBudget({ phases, step }: TrainingSetup): Promise<TimeBudget> {
    const { minutes, gradientAccumulation } = this.#settings;
    const stepMs: number[] = [];
    for (const [index, { firstBatch }] of phases.entries()) {
      const inputs = await firstBatch();
      const runMs = await timeRuns(
        () => step.run(inputs, { random: this.#random, step: 0 }),
        (done, total) => {
          const progress = { done: index * total + done, total: phases.length * total };
          this.#hooks.onStage?.({ stage: "timing", ...progress, unit: "runs" });
        },
      );
      stepMs.push(runMs * gradientAccumulation * besideTheRun);
    }
    return new TimeBudget((minutes ?? 10) * 60_000, phases, stepMs);
  }

  async #save(run: PretrainRun, setup: TrainingSetup, state: TrainerState): Promise<void> {
    if (this.#output === undefined) return;
    const write = (folder: string): Promise<void> => writeModel(run, folder);
    const path = await this.#checkpoints.save(state, identityOf(run, setup), setup.optimizer, write);
    this.#emit({ event: "checkpoint", step: state.step, path });
  }

  /** Keeps the model when its held-out loss is the best so far. Returns whether there was no better one for too long. */
  async #evaluateAndKeepBest(run: PretrainRun, step: number, best: BestEvaluation): Promise<boolean> {
    const metrics = await this.#evaluate(run, step);
    const loss = metrics?.loss ?? metrics?.maskedLoss;
    if (loss === undefined) return false;
    best.staleEvaluations += 1;
    if (loss < best.loss) {
      Object.assign(best, { loss, staleEvaluations: 0 });
      if (this.#output !== undefined) {
        const folder = platform.join(this.#output.checkpoints, "best");
        await platform.writeFolderAtomically(folder, (aside) => writeModel(run, aside), { replace: true });
      }
    }
    const { earlyStopEvaluations } = this.#settings;
    return earlyStopEvaluations > 0 && best.staleEvaluations >= earlyStopEvaluations;
  }

  async #evaluate(run: PretrainRun, step: number, report?: StageReport): Promise<Metrics | undefined> {
    if (run.heldOut === undefined) return undefined;
    const metrics = await run.evaluate(report === undefined ? {} : { report });
    this.#emit({ event: "evaluation", step, metrics });
    return metrics;
  }

  #emit(event: TrainingEvent): void {
    this.#output?.append(event);
    this.#hooks.onEvent?.(event);
  }
}

function identityOf({ training }: PretrainRun, { optimizer }: TrainingSetup): RunIdentity {
  return { corpusFingerprint: training.fingerprint, optimizer: optimizer.rule.name };
}

async function writeModel({ model, tokenizer }: PretrainRun, folder: string): Promise<void> {
  await model.savePretrained(folder);
  await tokenizer.savePretrained(folder);
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step > 0 && step % every === 0;
}

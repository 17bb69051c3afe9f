/** One pretraining run: prepared, resumed where it was, trained, evaluated and saved. */
import { platform } from "#platform";
import { Random } from "../random.ts";
import type { OutputFolder } from "./output-folder.ts";
import { PhasedBatches } from "./phased-batches.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";
import { preparePretraining } from "./pretraining-preparation.ts";
import type { PretrainHooks, PretrainResult, PretrainRun } from "./pretraining-types.ts";
import { RunCheckpoints, type SavedRun } from "./run-checkpoint.ts";
import { besideTheRun, overtime, TimeBudget, timeRuns } from "./time-budget.ts";
import { type TrainingJob, TrainingRun } from "./training-run.ts";
import { setUpTraining, type TrainingSetup } from "./training-setup.ts";

export class PretrainingRun {
  readonly #settings: PretrainSettings;
  readonly #output: OutputFolder | undefined;
  readonly #hooks: PretrainHooks;
  readonly #random: Random;

  constructor(settings: PretrainSettings, output: OutputFolder | undefined, hooks: PretrainHooks) {
    this.#settings = settings;
    this.#output = output;
    this.#hooks = hooks;
    this.#random = new Random(settings.seed);
  }

  async run(resume: boolean): Promise<PretrainResult> {
    const output = this.#output;
    const saved = output && resume ? await new RunCheckpoints(output.checkpoints).newest() : undefined;
    const run = await preparePretraining(this.#settings, {
      resumedFrom: saved?.folder,
      cacheFolder: output && platform.join(output.checkpoints, "corpus"),
      random: this.#random,
      hooks: this.#hooks,
    });
    const setup = await setUpTraining(run, this.#random);
    const job = await this.#job(run, setup, saved, () => training.state.totalSteps);
    const training = await TrainingRun.open(job, output, saved, {
      ...this.#hooks,
      afterStep: async ({ step, totalSteps }) => (await this.#hooks.afterStep?.(run, step, totalSteps)) ?? false,
    });
    await training.begin(run.settings, resume);
    const firstBatch = setup.phases[0]?.firstBatch as () => ReturnType<TrainingSetup["phases"][number]["firstBatch"]>;
    await this.#hooks.onReady?.(run, training.state.totalSteps, firstBatch);
    const result = await training.run();
    await setup.step.release();
    return { ...run, ...result };
  }

  /** `totalSteps` is asked for only while the run goes on. */
  async #job(
    run: PretrainRun,
    setup: TrainingSetup,
    saved: SavedRun | undefined,
    totalSteps: () => number,
  ): Promise<TrainingJob> {
    const { steps, minutes, maximumGradientNorm, gradientAccumulation } = this.#settings;
    const budget = steps === null ? await this.#timeBudget(setup) : undefined;
    const { model, tokenizer, objective, heldOut } = run;
    return {
      ...this.#settings,
      model,
      trainer: {
        ...setup,
        stream: new PhasedBatches(setup.phases, () => totalSteps() * gradientAccumulation),
        prepare: (batch, random) => objective.prepareBatch(batch, random),
        random: this.#random.fork("training"),
        totalSteps: saved?.state.totalSteps ?? steps ?? budget?.plannedSteps ?? 1,
        replan: budget && ((...now) => budget.replan(...now)),
        maximumMs: minutes === null ? undefined : minutes * 60_000 * overtime,
        maximumGradientNorm: maximumGradientNorm === 0 ? undefined : maximumGradientNorm,
      },
      identity: { corpusFingerprint: run.training.fingerprint, optimizer: setup.optimizer.rule.name },
      async writeModel(folder) {
        await model.savePretrained(folder);
        await tokenizer.savePretrained(folder);
      },
      evaluate: heldOut && ((report) => run.evaluate(report === undefined ? {} : { report })),
      lossOf: ({ loss, maskedLoss }) => loss ?? maskedLoss,
      endsWithBest: false,
    };
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
}

/** Fine-tuning: from a model folder and labelled examples to a model folder for a task, as one call. */
import { createKernels } from "#runtime";
import type { FeatureBatch, FeatureBatches } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { PreparedBatch, SymbolicInputs } from "../objectives/index.ts";
import { Random } from "../random.ts";
import type { Features, TaskEvaluation } from "../tasks/index.ts";
import type { Metrics } from "./evaluation.ts";
import { type FinetuneSettings, finetuningRate, resolveFinetuneSettings } from "./finetune-settings.ts";
import { prepareFinetuning } from "./finetuning-preparation.ts";
import type { FinetuneHooks, FinetuneOptions, FinetuneResult, PreparedFinetuning } from "./finetuning-types.ts";
import { FrozenFeatures } from "./frozen-features.ts";
import { OutputFolder } from "./output-folder.ts";
import { RunCheckpoints, type SavedRun } from "./run-checkpoint.ts";
import { chosenInputs, taskInputSpecs } from "./task-evaluator.ts";
import { besideTheRun, overtime, TimeBudget, timeRuns } from "./time-budget.ts";
import { TrainStep } from "./train-step.ts";
import { type TrainingJob, TrainingRun } from "./training-run.ts";
import { makeOptimizer, makeSchedule } from "./training-setup.ts";

/**
 * Trains a model for a task. With `output` it leaves a model folder that can be resumed; without, the model in the result
 * is all there is. The model that is left is that of the best evaluation, the first of equal ones. Throws typed errors; a run
 * that diverges keeps its last checkpoint.
 */
export async function finetune(
  values: Partial<FinetuneSettings>,
  options: FinetuneOptions = {},
  hooks: FinetuneHooks = {},
): Promise<FinetuneResult> {
  const settings = resolveFinetuneSettings(values);
  refuseSeveral(settings);
  const output = settings.output === null ? undefined : await OutputFolder.open(settings.output, options);
  try {
    return await runFinetuning(settings, output, options.resume ?? false, hooks);
  } finally {
    await output?.close();
  }
}

/** Throws a ConfigurationError for settings that ask for several models. */
function refuseSeveral({ seeds, layers }: FinetuneSettings): void {
  if (seeds === 1 && layers !== "each") return;
  throw new ConfigurationError("This trains one model.", {
    field: seeds === 1 ? "layers" : "seeds",
    expected: seeds === 1 ? "the layers of one" : "1",
    received: seeds === 1 ? "each" : String(seeds),
    hint: "Call finetuneSeveral.",
  });
}

async function runFinetuning(
  settings: FinetuneSettings,
  output: OutputFolder | undefined,
  resume: boolean,
  hooks: FinetuneHooks,
): Promise<FinetuneResult> {
  const random = new Random(settings.seed);
  const saved = output && resume ? await new RunCheckpoints(output.checkpoints).newest() : undefined;
  const prepared = await prepareFinetuning(settings, random, hooks);
  const evaluations: TaskEvaluation[] = [];
  const job = await jobOf(prepared, saved, random, hooks, (evaluation) => evaluations.push(evaluation));
  const training = await TrainingRun.open(job, output, saved, {
    ...hooks,
    afterStep: ({ step, totalSteps }) => hooks.afterStep?.(step, totalSteps) ?? false,
  });
  await hooks.onBegin?.();
  await training.begin(settings, resume);
  if (hooks.onReady !== undefined) {
    const { features } = await firstOf(prepared.batches);
    const firstBatch = prepared.task.batch(features);
    const names = Object.keys(taskInputSpecs(prepared.model, firstBatch, prepared.task));
    await hooks.onReady(prepared, training.state.totalSteps, chosenInputs(firstBatch, names));
  }
  const { done } = await training.run();
  await job.trainer.step.release();
  return { ...prepared, done, evaluation: evaluations.at(-1) };
}

type Batch = FeatureBatch<Features>;

async function jobOf(
  prepared: PreparedFinetuning,
  saved: SavedRun | undefined,
  random: Random,
  hooks: FinetuneHooks,
  onEvaluation: (evaluation: TaskEvaluation) => void,
): Promise<TrainingJob<Batch>> {
  const { settings, model, tokenizer, task, batches: stream, evaluator } = prepared;
  const { gradientAccumulation: batches, maximumGradientNorm, minutes } = settings;
  const [gradients, sums] = model.store.allocateBeside(batches > 1 ? 2 : 1) as [Float32Array, Float32Array | undefined];
  const firstBatch = await firstOf(stream);
  const frozen = settings.frozen ? new FrozenFeatures(model, task) : undefined;
  const step = await compileStep(prepared, task.batch(firstBatch.features), gradients, frozen);
  await frozen?.read(prepared.features, hooks.onStage);
  const prepare = ({ features }: Batch): PreparedBatch => {
    const batch = task.batch(features);
    // The ids are not read where features are, but they are counted.
    const chosen = chosenInputs(batch, [...step.inputNames, "inputIds"]);
    return { ...chosen, ...frozen?.arrays(features, batch.inputIds?.dims.at(-1) ?? 0) };
  };
  const optimizer = makeOptimizer(settings, model, step);
  const stepsOfEpoch = Math.ceil(stream.batchCount / batches);
  const isTimed = settings.steps === null && minutes !== null;
  const budget = isTimed ? await timeBudget(settings, () => step.run(prepare(firstBatch), draws), hooks) : undefined;
  const plannedSteps = settings.steps ?? budget?.plannedSteps ?? Math.ceil(settings.epochs * stepsOfEpoch);
  const totalSteps = saved?.state.totalSteps ?? plannedSteps;
  const warmupSteps = settings.warmupSteps ?? Math.round(warmupShare * totalSteps);
  return {
    model,
    trainer: {
      step,
      stream,
      prepare,
      optimizer,
      schedule: makeSchedule(
        { ...settings, warmupSteps },
        settings.learningRate ?? finetuningRate(prepared.width, settings),
      ),
      random: random.fork("training"),
      totalSteps,
      replan: budget && ((...now) => budget.replan(...now)),
      maximumMs: isTimed ? minutes * 60_000 * overtime : undefined,
      maximumGradientNorm: maximumGradientNorm === 0 ? undefined : maximumGradientNorm,
      accumulated: sums && { gradients: sums, batches },
    },
    identity: { corpusFingerprint: prepared.fingerprint, optimizer: optimizer.rule.name },
    async writeModel(folder) {
      await model.savePretrained(folder);
      await tokenizer.savePretrained(folder);
      await task.writeFiles?.(folder, prepared.width);
    },
    evaluate:
      evaluator &&
      (async (report) => {
        const evaluation = await evaluator.evaluate({ report });
        onEvaluation(evaluation);
        return evaluation.metrics;
      }),
    lossOf: (metrics) => lossOf(metrics, task.mainMetric),
    evaluateEvery: settings.evaluateEvery ?? stepsOfEpoch,
    earlyStopEvaluations: settings.earlyStopEvaluations,
    checkpointEvery: settings.checkpointEvery ?? stepsOfEpoch,
    endsWithBest: true,
  };
}

/** Of the steps, unless the settings say how many: BERT's fine-tuning had it so. */
const warmupShare = 0.1;
const draws = { random: new Random(0), step: 0 };

/** The lower, the better: the main metric, or where that is undefined, as a correlation with a constant is, the loss. */
function lossOf(metrics: Metrics, mainMetric: string): number | undefined {
  const value = metrics[mainMetric];
  return value === undefined || Number.isNaN(value) ? undefined : -value;
}

async function firstOf(stream: FeatureBatches<Features>): Promise<Batch> {
  const batches = stream.from(stream.start);
  const { value } = await batches.next();
  await batches.return(undefined);
  return value as Batch;
}

async function compileStep(
  { model, task, settings }: PreparedFinetuning,
  batch: PreparedBatch,
  gradients: Float32Array,
  frozen: FrozenFeatures | undefined,
): Promise<TrainStep> {
  const threads = settings.threads ?? undefined;
  const kernels = await createKernels(model.store.memory, threads === undefined ? {} : { threads });
  const loss = (inputs: SymbolicInputs) => ({ loss: task.loss(model, inputs) });
  return TrainStep.compile(model, loss, taskInputSpecs(model, batch, task), gradients, {
    kernels,
    threads,
    gradientCheckpointing: settings.gradientCheckpointing,
    rewrite: frozen && ((outputs) => frozen.cut(outputs)),
  });
}

/** Times some runs that change nothing. */
async function timeBudget(
  { minutes, gradientAccumulation }: FinetuneSettings,
  run: () => Promise<unknown>,
  { onStage }: FinetuneHooks,
): Promise<TimeBudget> {
  const runMs = await timeRuns(run, (done, total) => onStage?.({ stage: "timing", done, total, unit: "runs" }));
  return new TimeBudget((minutes ?? 10) * 60_000, [{ share: 1 }], [runMs * gradientAccumulation * besideTheRun]);
}

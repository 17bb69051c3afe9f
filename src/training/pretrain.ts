/**
 * Pretraining from text to a model folder: what `cloze pretrain` and the demo do, as one call.
 */
import { platform } from "#platform";
import { createKernels } from "#runtime";
import { CorpusBatches, openCorpus, type TokenBatch, type TokenizedCorpus } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import type { TensorSpec } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { loadObjective, type Objective, type PreparedBatch } from "../objectives/index.ts";
import { adafactor, adamw, type HoldOptions, lamb, Optimizer, SCHEDULES } from "../optim/index.ts";
import { Random } from "../random.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { Evaluator, type Metrics } from "./evaluation.ts";
import type { DoneEvent, TrainingEvent } from "./events.ts";
import { OutputFolder } from "./output-folder.ts";
import { PhasedBatches } from "./phased-batches.ts";
import {
  defaultLearningRate,
  type LengthPhase,
  lengthPhases,
  type PretrainSettings,
  resolvePretrainSettings,
} from "./pretrain-settings.ts";
import { countTokens, prepareTokenizer, specialTokensOf, tokenizeAndSplit } from "./pretraining-corpus.ts";
import { type PretrainingModel, planModel } from "./pretraining-model.ts";
import { RunCheckpoints, type RunIdentity, restoreRun } from "./run-checkpoint.ts";
import type { StageReport } from "./stages.ts";
import { TimeBudget } from "./time-budget.ts";
import { TrainStep } from "./train-step.ts";
import { type BestEvaluation, Trainer, type TrainerState } from "./trainer.ts";

/** A run that is limited by time may take so much longer before it is cut short of its schedule's end. */
const overtime = 1.15;
/** Runs that are timed to plan a run by time, and the time after which no more are made. */
const timedRuns = 9;
const longestTimingMs = 3000;
/** What a step takes beside the run of its graph: batches, clipping, the optimizer. */
const besideTheRun = 1.15;

export interface PretrainHooks {
  /** Every event, as `metrics.jsonl` gets it. */
  readonly onEvent?: (event: TrainingEvent) => void;
  /** What goes on before and beside the steps. */
  readonly onStage?: StageReport;
  readonly onWarning?: (text: string) => void;
  /** Called once, when everything is ready for the first step. */
  readonly onReady?: (run: PretrainRun, totalSteps: number, firstBatch: FirstBatch) => void | Promise<void>;
  /** Called after every step; returns true to end the run. */
  readonly afterStep?: (run: PretrainRun, step: number, totalSteps: number) => Promise<boolean> | boolean;
  /** Ends the run after the step under way; a checkpoint is written. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run that begins now gets in its first step. */
export type FirstBatch = () => Promise<PreparedBatch>;

export interface PretrainOptions {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

/** A run that is ready or under way. */
export interface PretrainRun {
  readonly settings: PretrainSettings;
  readonly model: AnyModel;
  readonly tokenizer: Tokenizer;
  readonly training: TokenizedCorpus;
  readonly heldOut: TokenizedCorpus | undefined;
  readonly heldOutRule: string;
  readonly objective: Objective<AnyModel>;
  readonly sequenceLength: number;
  /** Metrics on the held-out text: the same numbers every time for the same weights. */
  readonly evaluate: (options?: { readonly maxBatches?: number; readonly report?: StageReport }) => Promise<Metrics>;
}

export interface PretrainResult extends PretrainRun {
  readonly done: DoneEvent;
  /** The last evaluation on held-out text, when there is any. */
  readonly metrics: Metrics | undefined;
}

/**
 * Trains a model on text. With `output` it leaves a model folder that can be resumed; without, the model in the result
 * is all there is. Throws typed errors; a run that diverges keeps its last checkpoint.
 */
export async function pretrain(
  values: Partial<PretrainSettings>,
  options: PretrainOptions = {},
  hooks: PretrainHooks = {},
): Promise<PretrainResult> {
  const settings = resolvePretrainSettings(values);
  const output = settings.output === null ? undefined : await OutputFolder.open(settings.output, options);
  try {
    return await new PretrainingRun(settings, output, hooks).run(options.resume ?? false);
  } finally {
    await output?.close();
  }
}

class PretrainingRun {
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
    const settings = this.#settings;
    const checkpoints = new RunCheckpoints(this.#output?.checkpoints ?? "checkpoints");
    const saved = this.#output !== undefined && resume ? await checkpoints.newest() : undefined;
    const run = await this.#prepare(saved?.folder);
    const { model, training } = run;
    const [gradients, accumulated] = model.store.allocateBeside(settings.gradientAccumulation > 1 ? 2 : 1);
    const threads = settings.threads ?? undefined;
    const kernels = await createKernels(model.store.memory, threads === undefined ? {} : { threads });
    const phases = lengthPhases(settings, run.sequenceLength);
    const streams = phases.map((phase, index) => this.#batches(run, phase, index));
    const step = await this.#compileStep(run, streams, gradients as Float32Array, kernels);
    const optimizer = this.#optimizer(run, step);
    const identity: RunIdentity = { corpusFingerprint: training.fingerprint, optimizer: optimizer.rule.name };
    const budget = settings.steps === null ? await this.#timeBudget(run, step, phases, streams) : undefined;
    const plannedSteps = saved?.state.totalSteps ?? settings.steps ?? budget?.plannedSteps ?? 1;
    let trainer: Trainer | undefined;
    const stream = new PhasedBatches(
      phases.map(({ share }, index) => ({ stream: streams[index] as CorpusBatches, share })),
      () => (trainer?.state.totalSteps ?? plannedSteps) * settings.gradientAccumulation,
    );
    const state = saved && (await restoreRun(saved, { model, optimizer, stream, identity }));
    await this.#output?.begin(settings);
    if (resume) this.#emit({ event: "resumed", step: state?.step ?? 0 });
    const random = this.#random.fork("training");
    await this.#hooks.onReady?.(run, plannedSteps, async () =>
      run.objective.prepareBatch(await firstBatch(streams[0] as CorpusBatches), random),
    );

    const best: BestEvaluation = { ...(state?.best ?? { loss: Number.MAX_VALUE, staleEvaluations: 0 }) };
    const writeModel = (folder: string): Promise<void> => this.#writeModel(run, folder);
    const save = async (at: TrainerState): Promise<void> => {
      if (this.#output === undefined) return;
      const path = await checkpoints.save({ ...at, best }, identity, optimizer, writeModel);
      this.#emit({ event: "checkpoint", step: at.step, path });
    };
    const schedule = SCHEDULES[settings.schedule]({
      learningRate: settings.learningRate ?? defaultLearningRate(run.width),
      warmupSteps: settings.warmupSteps,
      decayShare: settings.decayShare,
    } as HoldOptions);
    trainer = new Trainer(
      {
        step,
        stream,
        prepare: (batch, random) => run.objective.prepareBatch(batch, random),
        optimizer,
        schedule,
        random,
        totalSteps: plannedSteps,
        replan: budget && ((...now) => budget.replan(...now)),
        maximumMs: settings.minutes === null ? undefined : settings.minutes * 60_000 * overtime,
        maximumGradientNorm: settings.maximumGradientNorm === 0 ? undefined : settings.maximumGradientNorm,
        accumulated: accumulated && { gradients: accumulated, batches: settings.gradientAccumulation },
        onEvent: (event) => this.#emit(event),
        afterStep: async ({ state: now }) => {
          let isStale = false;
          if (isDue(now.step, settings.evaluateEvery)) isStale = await this.#evaluateAndKeepBest(run, now.step, best);
          if (isDue(now.step, settings.checkpointEvery)) await save(now);
          return ((await this.#hooks.afterStep?.(run, now.step, now.totalSteps)) ?? false) || isStale;
        },
        signal: this.#hooks.signal,
      },
      state,
    );
    const before = state?.step;
    const done = await trainer.run();
    if (done.step !== before && !(done.step > 0 && isDue(done.step, settings.checkpointEvery)))
      await save(trainer.state);
    const finished = done.reason !== "interrupted";
    const metrics =
      finished && done.step !== before ? await this.#evaluate(run, done.step, this.#hooks.onStage) : undefined;
    if (finished && this.#output !== undefined && done.step !== before) await writeModel(this.#output.path);
    if (done.step !== before) this.#emit(done);
    await step.release();
    return { ...run, done, metrics };
  }

  async #prepare(resumedFrom: string | undefined): Promise<PretrainRun & PretrainingModel> {
    const settings = this.#settings;
    const plan = await planModel(settings, resumedFrom);
    const report = this.#hooks.onStage ?? (() => undefined);
    const cacheFolder = this.#output && platform.join(this.#output.checkpoints, "corpus");
    const kind = { kind: plan.tokenizerKind, vocabSize: settings.vocabSize };
    const source = await openCorpus(settings.corpus, { onWarning: this.#hooks.onWarning });
    const tokenizer = await prepareTokenizer(source, plan.tokenizerFolder, kind, report);
    const tokens = specialTokensOf(tokenizer);
    const { maskShare: share, maskTokenShare: maskShare, randomTokenShare: randomShare } = settings;
    const masking = { share, maskShare, randomShare };
    const objective = (await loadObjective(plan.objectiveName, tokens, { masking })) as Objective<AnyModel>;
    const corpus = await tokenizeAndSplit(source, tokenizer, settings.holdOutEvery, objective.corpus, {
      cacheFolder,
      report,
    });
    const prepared = await plan.build(tokens, () => countTokens(corpus.training), this.#random.fork("model"));
    const sequenceLength = this.#sequenceLength(prepared.maximumLength);
    if (plan.tokenizerFolder === null) tokenizer.config.modelMaxLength = prepared.maximumLength;
    const evaluator = new Evaluator(prepared.model, objective);
    const { heldOut } = corpus;
    const evaluate = async (options = {}): Promise<Metrics> =>
      heldOut === undefined ? {} : evaluator.evaluate(heldOut, { sequenceLength, ...options });
    return { settings, tokenizer, ...corpus, ...prepared, objective, sequenceLength, evaluate };
  }

  #sequenceLength(maximumLength: number): number {
    const { sequenceLength } = this.#settings;
    if (sequenceLength === null) return Math.min(maximumLength, 128);
    if (sequenceLength <= maximumLength) return sequenceLength;
    throw new ConfigurationError(`rows of ${sequenceLength} tokens are longer than the model takes`, {
      field: "sequenceLength",
      expected: `at most ${maximumLength}`,
      received: String(sequenceLength),
    });
  }

  #batches(run: PretrainRun, { sequenceLength, batchSize }: LengthPhase, phase: number): CorpusBatches {
    return new CorpusBatches({
      corpus: run.training,
      packing: run.objective.packing({ sequenceLength }),
      batchSize,
      random: this.#random.fork("batches", phase),
      redraw: run.objective.redraw,
    });
  }

  /** The graph takes the inputs that the objective's batches have, which the first one shows. */
  async #compileStep(
    run: PretrainRun,
    streams: readonly CorpusBatches[],
    gradients: Float32Array,
    kernels: TrainStep["kernels"],
  ): Promise<TrainStep> {
    const first = await firstBatch(streams.at(-1) as CorpusBatches);
    const names = Object.keys(run.objective.prepareBatch(first, this.#random));
    const specs = Object.fromEntries(names.map((name) => [name, run.objective.inputSpecs[name] as TensorSpec]));
    const loss = (inputs: Parameters<typeof run.objective.loss>[1]) => ({
      loss: run.objective.loss(run.model, inputs),
    });
    return TrainStep.compile(run.model, loss, specs, gradients, {
      kernels,
      threads: this.#settings.threads ?? undefined,
    });
  }

  /** Times some runs of each phase that change nothing. */
  async #timeBudget(
    run: PretrainRun,
    step: TrainStep,
    phases: readonly LengthPhase[],
    streams: readonly CorpusBatches[],
  ): Promise<TimeBudget> {
    const { minutes, gradientAccumulation } = this.#settings;
    const stepMs: number[] = [];
    for (const [index, stream] of streams.entries()) {
      const inputs = run.objective.prepareBatch(await firstBatch(stream), this.#random);
      const times: number[] = [];
      for (let trial = 0; trial < timedRuns; trial++) {
        const done = index * timedRuns + trial;
        this.#hooks.onStage?.({ stage: "timing", done, total: phases.length * timedRuns, unit: "runs" });
        const startMs = platform.now();
        await step.run(inputs, { random: this.#random, step: 0 });
        times.push(platform.now() - startMs);
        if (trial >= 2 && times.reduce((sum, time) => sum + time, 0) > longestTimingMs) break;
      }
      const median = times.sort((a, b) => a - b)[times.length >> 1] as number;
      stepMs.push(median * gradientAccumulation * besideTheRun);
    }
    return new TimeBudget((minutes ?? 10) * 60_000, phases, stepMs);
  }

  /** With decay on matrices only. */
  #optimizer(run: PretrainRun, step: TrainStep): Optimizer {
    const { store } = run.model;
    const { beta1, beta2, epsilon, weightDecay } = this.#settings;
    const trained = store.parameters.filter((parameter) => step.hasGradient(parameter));
    const place = (parameter: (typeof trained)[number]) => ({
      name: parameter.name,
      shape: parameter.shape,
      offset: store.offsetOf(parameter),
    });
    const groups = [
      { parameters: trained.filter((parameter) => parameter.decays).map(place), weightDecay },
      { parameters: trained.filter((parameter) => !parameter.decays).map(place), weightDecay: 0 },
    ];
    const rules = {
      adamw: () => adamw({ beta1, beta2, epsilon }),
      lamb: () => lamb({ beta1, beta2, epsilon }),
      adafactor: () => adafactor(),
    };
    return new Optimizer(
      rules[this.#settings.optimizer](),
      { kernels: step.kernels, parameters: store.values },
      groups,
    );
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
        await platform.writeFolderAtomically(folder, (aside) => this.#writeModel(run, aside), { replace: true });
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

  async #writeModel(run: PretrainRun, folder: string): Promise<void> {
    await run.model.savePretrained(folder);
    await run.tokenizer.savePretrained(folder);
  }

  #emit(event: TrainingEvent): void {
    this.#output?.append(event);
    this.#hooks.onEvent?.(event);
  }
}

async function firstBatch(stream: CorpusBatches): Promise<TokenBatch> {
  const batches = stream.from(stream.start);
  const { value } = await batches.next();
  await batches.return(undefined);
  return value as TokenBatch;
}

function isDue(step: number, every: number): boolean {
  return every > 0 && step % every === 0;
}

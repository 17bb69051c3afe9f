/** What steps a prepared run: batches by phases, the compiled step, the optimizer, the schedule. */
import { createKernels } from "#runtime";
import { CorpusBatches, type TokenBatch } from "../data/index.ts";
import type { Parameter } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { inputSpecsOf, type PreparedBatch } from "../objectives/index.ts";
import {
  adafactor,
  adamw,
  type HoldOptions,
  lamb,
  Optimizer,
  type ParameterGroup,
  SCHEDULES,
  type Schedule,
} from "../optim/index.ts";
import type { Random } from "../random.ts";
import { phaseKey } from "./phased-batches.ts";
import { defaultLearningRate, type LengthPhase, lengthPhases, type PretrainSettings } from "./pretrain-settings.ts";
import type { PretrainRun } from "./pretraining-types.ts";
import { TrainStep } from "./train-step.ts";

/** A phase with the batches that it draws from. */
export interface TrainingPhase extends LengthPhase {
  readonly stream: CorpusBatches;
  /** What the first step of the phase gets; for plans and dry runs. */
  readonly firstBatch: () => Promise<PreparedBatch>;
}

export interface TrainingSetup {
  readonly phases: readonly TrainingPhase[];
  readonly step: TrainStep;
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  /** Where the gradients of several batches are summed, when the settings ask for it. */
  readonly accumulated: { readonly gradients: Float32Array; readonly batches: number } | undefined;
}

export async function setUpTraining(
  run: PretrainRun & { readonly width: number },
  random: Random,
): Promise<TrainingSetup> {
  const { settings, model } = run;
  const batches = settings.gradientAccumulation;
  const [gradients, sums] = model.store.allocateBeside(batches > 1 ? 2 : 1) as [Float32Array, Float32Array | undefined];
  const phases = lengthPhases(settings, run.sequenceLength).map((phase, index) => batchesOf(run, phase, index, random));
  const step = await compileStep(run, phases, gradients);
  return {
    phases,
    step,
    optimizer: makeOptimizer(settings, model, step),
    schedule: makeSchedule(settings, settings.learningRate ?? defaultLearningRate(run.width)),
    accumulated: sums && { gradients: sums, batches },
  };
}

function batchesOf(run: PretrainRun, phase: LengthPhase, index: number, random: Random): TrainingPhase {
  const { objective } = run;
  const stream = new CorpusBatches({
    corpus: run.training,
    packing: objective.packing({ sequenceLength: phase.sequenceLength }),
    batchSize: phase.batchSize,
    random: random.fork("batches", index),
    redraw: objective.redraw,
  });
  const firstBatch = async (): Promise<PreparedBatch> => {
    const batches = stream.from(stream.start);
    const { value } = await batches.next();
    await batches.return(undefined);
    const batch = value as TokenBatch;
    return objective.prepareBatch({ ...batch, key: phaseKey(index, batch) }, random.fork("training"));
  };
  return { ...phase, stream, firstBatch };
}

/** The graph takes the inputs that the objective's batches have, which the first one shows. */
async function compileStep(
  run: PretrainRun,
  phases: readonly TrainingPhase[],
  gradients: Float32Array,
): Promise<TrainStep> {
  const { model, objective, settings } = run;
  const threads = settings.threads ?? undefined;
  const kernels = await createKernels(model.store.memory, threads === undefined ? {} : { threads });
  const firstBatches = await Promise.all(phases.map((phase) => phase.firstBatch()));
  const specs = inputSpecsOf(objective, firstBatches.at(-1) ?? {});
  const loss = (inputs: Parameters<typeof objective.loss>[1]) => ({ loss: objective.loss(model, inputs) });
  const tokens = ({ inputIds }: PreparedBatch): number => inputIds?.data.length ?? 0;
  return TrainStep.compile(model, loss, specs, gradients, {
    kernels,
    threads,
    gradientCheckpointing: settings.gradientCheckpointing,
    largestBatch: firstBatches.sort((a, b) => tokens(b) - tokens(a))[0],
  });
}

type ScheduleSettings = Pick<PretrainSettings, "schedule" | "decayShare"> & { readonly warmupSteps: number };

/** How the learning rate goes on from 0 to `peak` and down again. */
export function makeSchedule({ schedule, warmupSteps, decayShare }: ScheduleSettings, peak: number): Schedule {
  return SCHEDULES[schedule]({ learningRate: peak, warmupSteps, decayShare } as HoldOptions);
}

type OptimizerSettings = Pick<PretrainSettings, "optimizer" | "beta1" | "beta2" | "epsilon" | "weightDecay"> &
  Partial<Pick<PretrainSettings, "moments">>;

/** Steps the parameters that `step` has gradients for. */
export function makeOptimizer(settings: OptimizerSettings, model: AnyModel, step: TrainStep): Optimizer {
  const { beta1, beta2, epsilon, moments, weightDecay } = settings;
  const rules = {
    adamw: () => adamw({ beta1, beta2, epsilon, moments }),
    lamb: () => lamb({ beta1, beta2, epsilon }),
    adafactor: () => adafactor(),
  };
  const memory = { kernels: step.kernels, parameters: model.store.values };
  return new Optimizer(rules[settings.optimizer](), memory, parameterGroups(step, weightDecay));
}

/** What a step trains: matrices with weight decay, biases and normalizations without. */
export function parameterGroups(step: TrainStep, weightDecay: number): ParameterGroup[] {
  const { store } = step.model;
  const trained = store.parameters.filter((parameter) => step.hasGradient(parameter));
  const place = (parameter: Parameter) => ({
    name: parameter.name,
    shape: parameter.shape,
    offset: store.offsetOf(parameter),
  });
  return [
    { parameters: trained.filter((parameter) => parameter.decays).map(place), weightDecay },
    { parameters: trained.filter((parameter) => !parameter.decays).map(place), weightDecay: 0 },
  ];
}

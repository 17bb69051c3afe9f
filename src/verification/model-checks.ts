/** A model's outputs, gradients and training curve beside a reference's. */
import { createKernels } from "#runtime";
import type { Parameter } from "../graph/index.ts";
import { type AnyModel, concreteInputs } from "../models/index.ts";
import { adamw, Optimizer } from "../optim/index.ts";
import { Tensor } from "../tensor/index.ts";
import { TrainStep } from "../training/train-step.ts";
import { compare, type Values } from "./compare.ts";
import { lossFrom } from "./loss-expression.ts";
import {
  camelCase,
  type ModelReference,
  namesUnder,
  type RecordedTraining,
  referenceInput,
  referenceValues,
} from "./model-reference.ts";
import { type Finding, failure } from "./report.ts";

/** Shares of the largest reference value; see `compare.ts`. */
const tolerances = { outputs: 2e-5, gradients: 5e-5, losses: 1e-4, trained: 2e-5 } as const;

/** A model beside its reference. */
export interface ModelCheck {
  readonly model: AnyModel;
  readonly reference: ModelReference;
  /** Replaces all of the tolerances. */
  readonly tolerance?: number | undefined;
}

/** The inputs that the reference was called with, under our names. */
async function inputsOf(reference: ModelReference): Promise<Map<string, Tensor>> {
  const inputs = new Map<string, Tensor>();
  for (const name of namesUnder(reference, "input.")) {
    inputs.set(camelCase(name), await referenceInput(reference, `input.${name}`));
  }
  return inputs;
}

/** Every named output of one forward pass. */
export async function checkOutputs({ model, reference, tolerance }: ModelCheck): Promise<Finding[]> {
  const names = namesUnder(reference, "output.").filter((name) => !name.startsWith("trained."));
  const call = { outputHiddenStates: true, outputAttentions: true, useCache: true };
  const outputs = await model.run(Object.fromEntries(await inputsOf(reference)), call);
  const findings: Finding[] = [];
  for (const name of names) {
    const expected = await referenceValues(reference, `output.${name}`);
    const actual = camelCase(name).split(".").reduce(memberOf, outputs);
    const values = actual instanceof Tensor ? { shape: actual.dims, data: actual.data } : undefined;
    const limits = { relative: tolerance ?? tolerances.outputs, deviation: reference.deviation.outputs };
    findings.push(compare("outputs", name, values, expected, limits));
  }
  return findings;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** The gradients of one pass and the losses of a recorded run. */
export interface TrainingChecks {
  readonly gradients: readonly Finding[];
  readonly curve: readonly Finding[];
}

/** Runs the reference's training with dropout off; `curve` is left out unless it is asked for. */
export async function checkTraining(check: ModelCheck, wanted: { readonly curve: boolean }): Promise<TrainingChecks> {
  const { model, reference } = check;
  const { tensors, specs } = concreteInputs(Object.fromEntries(await inputsOf(reference)), (given) =>
    model.inputSpecs(given),
  );
  for (const name of reference.frozen) {
    const parameter = parameterNamed(model, name, reference);
    if (parameter !== undefined) parameter.trainable = false;
  }
  const given = Object.fromEntries([...tensors.keys()].map((name) => [name, specs[name]]));
  const [flat] = model.store.allocateBeside(1) as [Float32Array];
  const kernels = await createKernels(model.store.memory, { threads: 1 });
  const step = await TrainStep.compile(
    model,
    (inputs) => ({ loss: lossFrom(reference.loss, model.forward(inputs)) }),
    given as never,
    flat,
    { dropout: false, kernels },
  );
  try {
    const run = async (): Promise<number> => (await step.run(Object.fromEntries(tensors))).loss;
    const firstLoss = await run();
    const gradients = await compareGradients(check, step);
    const { training } = reference;
    const curve = wanted.curve && training ? await compareCurve(check, step, training, firstLoss, run) : [];
    return { gradients, curve };
  } finally {
    await step.release();
    await kernels.dispose();
  }
}

/** A parameter by any of its published names; the reference's own ties count too. */
export function parameterNamed(model: AnyModel, name: string, reference: ModelReference): Parameter | undefined {
  const { parameters, tied } = model;
  const names = [
    name,
    ...Object.entries(reference.tied).flatMap(([alias, stored]) => (stored === name ? [alias] : [])),
  ];
  for (const known of names) {
    const parameter = parameters.get(known) ?? parameters.get(tied.get(known) ?? "");
    if (parameter !== undefined) return parameter;
  }
  return undefined;
}

async function compareGradients({ model, reference, tolerance }: ModelCheck, step: TrainStep): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of namesUnder(reference, "grad.")) {
    const expected = await referenceValues(reference, `grad.${name}`);
    const parameter = parameterNamed(model, name, reference);
    const isKnown = parameter !== undefined && step.hasGradient(parameter);
    const actual = isKnown ? { shape: parameter.shape, data: model.store.view(parameter, step.gradients) } : undefined;
    const limits = reference.roundingOnly.includes(name)
      ? { relative: 0 }
      : { relative: tolerance ?? tolerances.gradients, deviation: reference.deviation.gradients };
    findings.push(compare("gradients", name, actual, expected, limits));
  }
  for (const name of reference.withoutGradient) {
    const parameter = parameterNamed(model, name, reference);
    if (parameter === undefined) findings.push(failure("gradients", name, "the model has no such parameter"));
    else if (step.hasGradient(parameter)) findings.push(failure("gradients", name, "the loss should not depend on it"));
  }
  return findings;
}

/** Losses of the recorded steps, then the values of some parameters after the last. */
async function compareCurve(
  { model, reference, tolerance }: ModelCheck,
  step: TrainStep,
  training: RecordedTraining,
  firstLoss: number,
  run: () => Promise<number>,
): Promise<Finding[]> {
  const { learningRate, betas, epsilon, weightDecay } = training;
  const trained = model.store.parameters.filter((parameter) => step.hasGradient(parameter));
  const optimizer = new Optimizer(
    adamw({ beta1: betas[0], beta2: betas[1], epsilon, weightDecay }),
    { kernels: step.kernels, parameters: model.store.values },
    [
      {
        parameters: trained.map((parameter) => ({
          name: parameter.name,
          shape: parameter.shape,
          offset: model.store.offsetOf(parameter),
        })),
      },
    ],
  );
  const losses = [firstLoss];
  while (losses.length < training.losses.length) {
    optimizer.step({ gradients: step.gradients, learningRate });
    losses.push(await run());
  }
  optimizer.dispose();
  const shape = [losses.length];
  const limits = { relative: tolerance ?? tolerances.losses };
  const findings = [compare("curve", "losses", { shape, data: losses }, { shape, data: training.losses }, limits)];
  for (const name of namesUnder(reference, "output.trained.")) {
    const expected = await referenceValues(reference, `output.trained.${name}`);
    const parameter = parameterNamed(model, name, reference);
    const actual: Values | undefined = parameter && { shape: parameter.shape, data: model.store.view(parameter) };
    const limit = { relative: tolerance ?? tolerances.trained };
    findings.push(compare("curve", `trained.${name}`, actual, expected, limit));
  }
  return findings;
}

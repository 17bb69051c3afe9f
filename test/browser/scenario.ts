/** What Node and the browser both do: a forward pass of a tiny BERT and three training steps, from one seed. */
import { BertForMaskedLM, bertConfig } from "../../src/models/bert.ts";
import { adamw, Optimizer } from "../../src/optim/index.ts";
import { Random } from "../../src/random.ts";
import type { Buffers } from "../../src/runtime/engine.ts";
import { TrainStep } from "../../src/training/train-step.ts";

const sizes = { batch: 2, length: 8, vocabulary: 50 };

export interface ScenarioResult {
  readonly device: string;
  /** Mean loss of the forward pass before training, then the losses of three steps. */
  readonly losses: readonly number[];
  /** The first row of logits before training. */
  readonly logits: readonly number[];
}

function drawInputs(random: Random): Buffers {
  const { batch, length, vocabulary } = sizes;
  const ids = (count: number, below: number): BigInt64Array =>
    BigInt64Array.from({ length: count }, () => BigInt(random.integer(below)));
  const positions = BigInt64Array.of(1n, 4n, 9n, 14n);
  return {
    inputIds: { type: "int64", dims: [batch, length], data: ids(batch * length, vocabulary) },
    attentionMask: {
      type: "int64",
      dims: [batch, length],
      data: BigInt64Array.from({ length: batch * length }, (_, index) => (index === length - 1 ? 0n : 1n)),
    },
    positions: { type: "int64", dims: [positions.length], data: positions },
    labels: { type: "int64", dims: [positions.length], data: ids(positions.length, vocabulary) },
  };
}

/** Dropout is on, so that its masks are compared too. */
export async function runScenario(device?: string): Promise<ScenarioResult> {
  const random = new Random(20);
  const config = bertConfig.create({
    vocabSize: sizes.vocabulary,
    hiddenSize: 16,
    numHiddenLayers: 2,
    numAttentionHeads: 2,
    intermediateSize: 32,
    maxPositionEmbeddings: 16,
    initializerRange: 0.2,
  });
  const model = new BertForMaskedLM(config).initialize(random.fork("model"), { device, threads: 1 });
  const inputs = drawInputs(random.fork("inputs"));
  const before = await model(inputs as never);
  const losses = [Number(before.loss?.data[0])];
  const logits = [...(before.logits.data as Float32Array).subarray(0, sizes.vocabulary)];
  await model.release();

  const [gradients] = model.store.allocateBeside(1) as [Float32Array];
  const all = model.inputSpecs(new Set(Object.keys(inputs)));
  const specs = Object.fromEntries(Object.keys(inputs).map((name) => [name, all[name] as never]));
  const step = await TrainStep.compile(
    model,
    (symbolic) => ({ loss: model.forward(symbolic as never).loss as never }),
    specs,
    gradients,
    { threads: 1 },
  );
  const parameters = model.store.parameters.map(({ name, shape }, index) => {
    const parameter = model.store.parameters[index];
    return { name, shape, offset: parameter === undefined ? 0 : model.store.offsetOf(parameter) };
  });
  const buffers = { kernels: step.kernels, parameters: model.store.values };
  const optimizer = new Optimizer(adamw(), buffers, [{ parameters }]);
  for (let index = 0; index < 3; index++) {
    const { loss } = await step.run(inputs, { random: random.fork("dropout"), step: index });
    losses.push(loss);
    optimizer.step({ gradients, learningRate: 0.01 });
  }
  const engine = await model.engine;
  await step.release();
  return { device: engine.device, losses, logits };
}

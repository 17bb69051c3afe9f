/** A small BERT with dropout that is trained on batches of all kinds of sizes, to see whether memory stays flat. */
import type { SymbolicTensor, TensorSpec } from "../../src/graph/index.ts";
import { type AnyModel, classFor, loadArchitecture } from "../../src/models/index.ts";
import { adamw, Optimizer } from "../../src/optim/index.ts";
import { Random } from "../../src/random.ts";
import type { Buffer } from "../../src/runtime/engine.ts";
import { TrainStep } from "../../src/training/index.ts";

const vocabSize = 1000;
const maximum = { rows: 8, tokens: 64 };
const selectedShare = 0.15;
const settings = {
  ...{ vocabSize, hiddenSize: 64, numHiddenLayers: 2, numAttentionHeads: 2, intermediateSize: 128 },
  ...{ maxPositionEmbeddings: maximum.tokens, hiddenDropoutProb: 0.1, attentionProbsDropoutProb: 0.1 },
};

export class TrainingSoak {
  steps = 0;
  loss = Number.NaN;
  readonly #model: AnyModel;
  readonly #step: TrainStep;
  readonly #optimizer: Optimizer;
  readonly #random = new Random(1);

  private constructor(model: AnyModel, step: TrainStep, optimizer: Optimizer) {
    this.#model = model;
    this.#step = step;
    this.#optimizer = optimizer;
  }

  static async create(): Promise<TrainingSoak> {
    const architecture = await loadArchitecture("bert");
    const config = architecture.configuration.create(settings as object);
    const model: AnyModel = new (classFor(architecture, "maskedLM"))(config).initialize(new Random(0));
    const { store } = model;
    const [gradients] = store.allocateBeside(1) as [Float32Array];
    const names = ["inputIds", "attentionMask", "positions", "labels"];
    const specs = model.inputSpecs(new Set(names));
    const step = await TrainStep.compile(
      model,
      (inputs) => ({ loss: model.forward(inputs).loss as SymbolicTensor }),
      Object.fromEntries(names.map((name) => [name, specs[name] as TensorSpec])),
      gradients,
    );
    const parameters = store.parameters.map((parameter) => ({
      name: parameter.name,
      shape: parameter.shape,
      offset: store.offsetOf(parameter),
    }));
    const rule = { kernels: step.kernels, parameters: store.values };
    return new TrainingSoak(model, step, new Optimizer(adamw(), rule, [{ parameters }]));
  }

  async run(steps: number): Promise<void> {
    for (let done = 0; done < steps; done++) {
      ({ loss: this.loss } = await this.#step.run(this.#batch(), { random: this.#random, step: this.steps }));
      this.#optimizer.step({ gradients: this.#step.gradients, learningRate: 1e-3 });
      this.steps += 1;
    }
  }

  #batch(): Record<string, Buffer> {
    const random = this.#random;
    const rows = 1 + random.integer(maximum.rows);
    const tokens = 2 + random.integer(maximum.tokens - 1);
    const count = Math.max(1, Math.round(rows * tokens * selectedShare));
    const int64 = (dims: readonly number[], draw: () => number): Buffer => {
      const length = dims.reduce((product, dim) => product * dim, 1);
      return { type: "int64", dims, data: BigInt64Array.from({ length }, () => BigInt(draw())) };
    };
    return {
      inputIds: int64([rows, tokens], () => random.integer(vocabSize)),
      attentionMask: int64([rows, tokens], () => 1),
      positions: int64([count], () => random.integer(rows * tokens)),
      labels: int64([count], () => random.integer(vocabSize)),
    };
  }

  async release(): Promise<void> {
    await this.#step.release();
    await this.#model.release();
    await this.#step.kernels.dispose();
  }
}

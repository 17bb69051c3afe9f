/** Runs one case for some steps and exits: timed from outside. `tsx benchmarks/training-run.ts CASE STEPS [THREADS]`. */
import type { SymbolicTensor, TensorSpec } from "../src/graph/index.ts";
import { classFor, loadArchitecture } from "../src/models/index.ts";
import { adamw, Optimizer } from "../src/optim/index.ts";
import { Random } from "../src/random.ts";
import type { Buffers } from "../src/runtime/engine.ts";
import { TrainStep } from "../src/training/index.ts";
import { trainingCases } from "./cases.ts";

const [name, steps, threads] = process.argv.slice(2);
const benchmark = trainingCases.find((candidate) => candidate.name === name);
if (benchmark === undefined) throw new Error(`no case ${name}`);
const { architecture: modelType, batchSize, sequenceLength, selected } = benchmark;
const rows = batchSize * sequenceLength;
const random = new Random(1);
const architecture = await loadArchitecture(modelType);
const text = JSON.stringify({ model_type: modelType, ...benchmark.config });
const config = architecture.configuration.parse(text, "config.json");
const withoutDropout = architecture.pretraining.settings({
  vocabSize: Number(benchmark.config.vocab_size),
  maximumLength: architecture.sizes(config).maximumLength,
  padTokenId: undefined,
  bosTokenId: undefined,
  eosTokenId: undefined,
  dropout: 0,
  isCausal: false,
});
const modelClass = classFor(architecture, modelType === "gpt2" ? "causalLM" : "maskedLM");
const options = threads === undefined ? {} : { threads: Number(threads) };
const model = new modelClass(architecture.configuration.create(withoutDropout, config)).initialize(random, options);
const [gradients] = model.store.allocateBeside(1) as [Float32Array];

const vocabulary = Number(benchmark.config.vocab_size);
const ids = (count: number): BigInt64Array =>
  BigInt64Array.from({ length: count }, () => BigInt(random.integer(vocabulary)));
const count = Math.round(rows * selected);
const perToken = [batchSize, sequenceLength];
const labelName = modelType === "gpt2" ? "nextTokenIds" : "labels";
const inputs: Record<string, Buffers[string]> = { inputIds: { type: "int64", dims: perToken, data: ids(rows) } };
if (selected < 1) {
  const places = BigInt64Array.from({ length: count }, (_, index) => BigInt(Math.floor((index * rows) / count)));
  inputs.positions = { type: "int64", dims: [count], data: places };
}
inputs[labelName] = { type: "int64", dims: selected < 1 ? [count] : perToken, data: ids(count) };
const specs = model.inputSpecs(new Set(Object.keys(inputs)));
const step = await TrainStep.compile(
  model,
  (symbolic) => ({ loss: model.forward(symbolic).loss as SymbolicTensor }),
  Object.fromEntries(Object.keys(inputs).map((input) => [input, specs[input] as TensorSpec])),
  gradients,
  { dropout: false, threads: options.threads },
);
const parameters = model.store.parameters.map((parameter) => ({
  name: parameter.name,
  shape: parameter.shape,
  offset: model.store.offsetOf(parameter),
}));
const optimizer = new Optimizer(adamw(), { kernels: step.kernels, parameters: model.store.values }, [{ parameters }]);
let loss = 0;
for (let index = 0; index < Number(steps); index++) {
  ({ loss } = await step.run(inputs));
  optimizer.step({ gradients, learningRate: 1e-4 });
}
const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(`${JSON.stringify({ loss, peakMiB })}\n`);
process.exit(0);

/** Runs one case of ours and exits; timed from outside. Arguments: the case as JSON, repetitions, threads, model folder. */
import type { SymbolicTensor, TensorSpec } from "../src/graph/index.ts";
import { type AnyModel, AutoModel, AutoModelForCausalLM, AutoModelForMaskedLM } from "../src/models/index.ts";
import { adamw, Optimizer } from "../src/optim/index.ts";
import { Random } from "../src/random.ts";
import type { Buffers } from "../src/runtime/engine.ts";
import { Tensor } from "../src/tensor/index.ts";
import { TrainStep } from "../src/training/index.ts";
import type { BenchmarkCase, DecodingCase, ForwardCase, TrainingCase } from "./cases.ts";
import { reportDone, reportFirst } from "./run-report.ts";
import { selectedPositions, tokenIds } from "./token-ids.ts";

const [text = "", repetitions = "", threadCount = "", folder = ""] = process.argv.slice(2);
const benchmark = JSON.parse(text) as BenchmarkCase;
const threads = Number(threadCount);
const rows = benchmark.batchSize * benchmark.sequenceLength;
/** Later ones may differ where two tokens are nearly as good. */
const comparedTokens = 8;
const perToken = [benchmark.batchSize, benchmark.sequenceLength];
reportDone(await run(benchmark));
process.exit(0);

function run(benchmark: BenchmarkCase): Promise<number> {
  if (benchmark.kind === "training") return train(benchmark);
  return benchmark.kind === "forward" ? call(benchmark) : decode(benchmark);
}

async function train({ architecture: modelType, selected, dropout }: TrainingCase): Promise<number> {
  const loader = modelType === "gpt2" ? AutoModelForCausalLM : AutoModelForMaskedLM;
  const model: AnyModel = await loader.fromPretrained(folder, { threads });
  const [gradients] = model.store.allocateBeside(1) as [Float32Array];
  const { vocabSize } = model.config as { vocabSize: number };
  const inputs: Record<string, Buffers[string]> = {
    inputIds: { type: "int64", dims: perToken, data: tokenIds(rows, vocabSize) },
  };
  const labelName = modelType === "gpt2" ? "nextTokenIds" : "labels";
  if (selected < 1) {
    const positions = selectedPositions(rows, selected);
    const dims = [positions.length];
    inputs.positions = { type: "int64", dims, data: positions };
    inputs[labelName] = { type: "int64", dims, data: tokenIds(positions.length, vocabSize, 1) };
  } else {
    inputs[labelName] = { type: "int64", dims: perToken, data: tokenIds(rows, vocabSize, 1) };
  }
  const specs = model.inputSpecs(new Set(Object.keys(inputs)));
  const step = await TrainStep.compile(
    model,
    (symbolic) => ({ loss: model.forward(symbolic).loss as SymbolicTensor }),
    Object.fromEntries(Object.keys(inputs).map((input) => [input, specs[input] as TensorSpec])),
    gradients,
    { dropout: dropout > 0, threads, largestBatch: inputs },
  );
  const parameters = model.store.parameters.map((parameter) => ({
    name: parameter.name,
    shape: parameter.shape,
    offset: model.store.offsetOf(parameter),
  }));
  const optimizer = new Optimizer(adamw(), { kernels: step.kernels, parameters: model.store.values }, [
    { parameters, weightDecay: 0.01 },
  ]);
  const random = new Random(1);
  let loss = 0;
  for (let index = 0; index < Number(repetitions); index++) {
    ({ loss } = await step.run(inputs, { random, step: index }));
    optimizer.step({ gradients, learningRate: 1e-4 });
    if (index === 0) reportFirst();
  }
  return loss;
}

async function decode({ beams }: DecodingCase): Promise<number> {
  const model = await AutoModelForCausalLM.fromPretrained(folder, { threads });
  const { vocabSize } = model.config as unknown as { vocabSize: number };
  const count = Number(repetitions);
  const inputIds = new Tensor("int64", tokenIds(rows, vocabSize), perToken);
  const options = { numBeams: beams, minNewTokens: count, maxNewTokens: count };
  let isFirst = true;
  const onToken = (): void => {
    if (isFirst) reportFirst();
    isFirst = false;
  };
  const { data } = await model.generate({ inputIds }, beams === 1 ? { ...options, onToken } : options);
  if (isFirst) reportFirst();
  return Array.from(data.slice(rows, rows + comparedTokens), Number).reduce((sum, id) => sum + id, 0);
}

async function call(_case: ForwardCase): Promise<number> {
  const model: AnyModel = await AutoModel.fromPretrained(folder, { threads, onWarning: () => {} });
  const { vocabSize } = model.config as { vocabSize: number };
  const filled = (value: bigint): Tensor => new Tensor("int64", new BigInt64Array(rows).fill(value), perToken);
  const inputs = {
    inputIds: new Tensor("int64", tokenIds(rows, vocabSize), perToken),
    attentionMask: filled(1n),
    tokenTypeIds: filled(0n),
  };
  let sum = 0;
  for (let index = 0; index < Number(repetitions); index++) {
    const { lastHiddenState } = (await model(inputs)) as { lastHiddenState: Tensor };
    if (index === 0) {
      reportFirst();
      for (const value of lastHiddenState.data as Float32Array) sum += Math.abs(value);
    }
  }
  return sum;
}

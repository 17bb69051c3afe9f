/**
 * Training by hand, with an objective of one's own: some neighbouring tokens change places, and the model is asked what
 * stood there. A tokenizer, batches, a model, a compiled step and an optimizer, and a loop around them:
 *
 *     npx tsx examples/custom-objective.ts
 *
 * As a part of the project, with checkpoints and evaluation for nothing, an objective is one file: see
 * docs/adding-an-objective.md.
 */
import { BertForMaskedLM, bertConfig, Random } from "cloze";
import { brownCorpus, CorpusBatches, contiguousPacking, int64Array, type TokenBatch, tokenizeCorpus } from "cloze/data";
import { type SymbolicTensor, shapeOf } from "cloze/graph";
import { crossEntropy } from "cloze/nn";
import { adamw, clippingScale, linear, Optimizer } from "cloze/optim";
import { trainWordPiece } from "cloze/tokenizers";
import { specialTokensOf, TrainStep } from "cloze/training";

const totalSteps = 300;
const random = new Random(1);

// Text to rows of 32 tokens, 32 rows a batch.
const source = await brownCorpus();
async function* lines(): AsyncGenerator<string> {
  for await (const document of source.documents()) yield* document;
}
const tokenizer = await trainWordPiece(lines(), { vocabSize: 4096 });
const encode = (text: string): Int32Array => tokenizer.encodeIds(text);
const corpus = await tokenizeCorpus(source, { encode, vocabSize: tokenizer.length });
const packing = contiguousPacking(specialTokensOf(tokenizer), { sequenceLength: 32 });
const stream = new CorpusBatches({ corpus, packing, batchSize: 32, random: random.fork("batches") });

/** The corruption: a tenth of the tokens change places with the next one. Draws depend on the row alone. */
function exchangeNeighbours(batch: TokenBatch) {
  const { batchSize, sequenceLength } = batch;
  const inputIds = batch.inputIds.slice();
  const positions: number[] = [];
  for (let row = 0; row < batchSize; row++) {
    const draws = random.fork("exchange", ...batch.key, batch.epoch, batch.examples[row] ?? 0);
    const end = (row + 1) * sequenceLength - 2; // the last one is [SEP], and the first one [CLS]
    for (let at = row * sequenceLength + 1; at < end; at++) {
      if (draws.uniform() >= 0.1) continue;
      positions.push(at, at + 1);
      inputIds.set([inputIds[at + 1] ?? 0, inputIds[at] ?? 0], at);
      at++;
    }
  }
  const labels = positions.map((position) => batch.inputIds[position] ?? 0);
  return {
    inputIds: int64Array(inputIds, [batchSize, sequenceLength]),
    positions: int64Array(Int32Array.from(positions), [positions.length]),
    labels: int64Array(Int32Array.from(labels), [labels.length]),
  };
}

const model = new BertForMaskedLM(
  bertConfig.create({
    vocabSize: tokenizer.length,
    hiddenSize: 128,
    numHiddenLayers: 1,
    numAttentionHeads: 2,
    intermediateSize: 512,
    maxPositionEmbeddings: 32,
    hiddenDropoutProb: 0,
    attentionProbsDropoutProb: 0,
    initializerRange: 0.08, // 1/√width: a narrow model learns nothing for long from the published 0.02
  }),
).initialize(random.fork("model"));

/** The loss, over symbols: B rows, T tokens, S tokens that changed places. Logits are made for these S only. */
const loss = ({ labels, ...inputs }: Record<string, SymbolicTensor>) => ({
  loss: crossEntropy(model.forward(inputs as never).logits, labels as SymbolicTensor),
});
const specs = {
  inputIds: { type: "int64", shape: shapeOf("B", "T") },
  positions: { type: "int64", shape: shapeOf("S") },
  labels: { type: "int64", shape: shapeOf("S") },
} as const;

// Values, gradients and moments lie in one memory; the step writes the gradients, the optimizer moves the values.
const [gradients] = model.store.allocateBeside(1) as [Float32Array];
const step = await TrainStep.compile(model, loss, specs, gradients);
const parameters = model.store.parameters
  .filter((parameter) => step.hasGradient(parameter))
  .map((parameter) => ({ name: parameter.name, shape: parameter.shape, offset: model.store.offsetOf(parameter) }));
const optimizer = new Optimizer(adamw(), { kernels: step.kernels, parameters: model.store.values }, [{ parameters }]);
const schedule = linear({ learningRate: 1.5e-3, warmupSteps: 50 });

let number = 0;
let mean = 0;
for await (const batch of stream.from()) {
  const { loss: value } = await step.run(exchangeNeighbours(batch), { random: random.fork("dropout"), step: number });
  const gradientScale = clippingScale(optimizer.gradientNorm(gradients), 1);
  optimizer.step({ gradients, learningRate: schedule(number, totalSteps), gradientScale });
  number++;
  mean += value / 50;
  if (number % 50 === 0) {
    console.log(`step ${String(number).padStart(3)}: ${mean.toFixed(2)} nats`);
    mean = 0;
  }
  if (number === totalSteps) break;
}
await step.release();
await model.release();

/** The losses through the engine: what the objectives ask of the models is what the models compute themselves. */
import { describe, expect, it } from "vitest";
import {
  CorpusBatches,
  corpusFromDocuments,
  type SpecialTokens,
  type TokenBatch,
  tokenizeCorpus,
} from "../data/index.ts";
import { type SymbolicTensor, trace } from "../graph/index.ts";
import { BertForMaskedLM, BertForNextSentencePrediction, BertForPreTraining, bertConfig } from "../models/bert.ts";
import { GPT2LMHeadModel, gpt2Config } from "../models/gpt2.ts";
import { type AnyModel, symbolicInputs } from "../models/index.ts";
import { Random } from "../random.ts";
import { Executable } from "../runtime/executable.ts";
import { causalLanguageModeling } from "./causal-language-modeling.ts";
import { IGNORED_LABEL } from "./classification-tally.ts";
import type { Objective, PreparedBatch } from "./objective.ts";
import { loadObjective } from "./registry.ts";

const V = 60;
const tokens: SpecialTokens = {
  vocabSize: V,
  padTokenId: 0,
  unkTokenId: 1,
  clsTokenId: 2,
  sepTokenId: 3,
  maskTokenId: 4,
  eosTokenId: 5,
};
const random = new Random(3);

const bert = bertConfig.create({
  vocabSize: V,
  hiddenSize: 16,
  numHiddenLayers: 2,
  numAttentionHeads: 2,
  intermediateSize: 32,
  maxPositionEmbeddings: 40,
  initializerRange: 0.3,
});
const gpt2 = gpt2Config.create({ vocabSize: V, nPositions: 40, nEmbd: 16, nLayer: 3, nHead: 2, initializerRange: 0.3 });

async function batchFor(objective: Objective<AnyModel>): Promise<TokenBatch> {
  const documents = Array.from({ length: 9 }, (_, d) => Array.from({ length: 6 }, (_, s) => `a${d} b${s} c. d${s} e.`));
  const encode = (text: string) => Array.from(text, (character) => 6 + ((character.codePointAt(0) as number) % 50));
  const corpus = await tokenizeCorpus(corpusFromDocuments(documents), { encode, vocabSize: V, ...objective.corpus });
  const packing = objective.packing({ sequenceLength: 32 });
  const stream = new CorpusBatches({ corpus, packing, batchSize: 6, random });
  for await (const batch of stream.from()) return batch;
  throw new Error("no batch");
}

/** Runs what `build` traces over the inputs of a prepared batch. */
async function run(
  model: AnyModel,
  objective: Objective<AnyModel>,
  batch: PreparedBatch,
  build: (inputs: Record<string, SymbolicTensor>) => Record<string, SymbolicTensor>,
) {
  const { result } = trace({}, () =>
    build(symbolicInputs(Object.keys(batch), objective.inputSpecs) as Record<string, SymbolicTensor>),
  );
  const executable = await Executable.compile(await model.engine, result, {
    parameters: (parameter) => model.store.view(parameter),
  });
  try {
    return await executable.run(batch);
  } finally {
    await executable.release();
  }
}

const rename = (inputs: Record<string, SymbolicTensor>, from: string, to: string) => {
  const { [from]: moved, ...rest } = inputs;
  return { ...rest, [to]: moved };
};

const cases: [string, () => AnyModel, (inputs: Record<string, SymbolicTensor>) => object][] = [
  ["masked-language-modeling", () => new BertForMaskedLM(bert), (inputs) => inputs],
  [
    "next-sentence-prediction",
    () => new BertForNextSentencePrediction(bert),
    (inputs) => rename(inputs, "pairLabels", "labels"),
  ],
  [
    "masked-language-modeling+next-sentence-prediction",
    () => new BertForPreTraining(bert),
    (inputs) => rename(inputs, "pairLabels", "nextSentenceLabel"),
  ],
  ["causal-language-modeling", () => new GPT2LMHeadModel(gpt2), (inputs) => inputs],
];

describe.each(cases)("%s", (name, make, labelled) => {
  it("has the model's own loss, and metrics that agree with it", async () => {
    const model = make().initialize(random.fork("weights"));
    const objective = (await loadObjective(name, tokens)) as Objective<AnyModel>;
    const batch = objective.prepareBatch(await batchFor(objective), random);
    const outputs = await run(model, objective, batch, (inputs) => ({
      loss: objective.loss(model, inputs),
      expected: model.forward(labelled(inputs) as never).loss as SymbolicTensor,
      ...objective.evaluationOutputs(model, inputs),
    }));
    const loss = outputs.loss?.data[0] as number;
    expect(loss).toBeCloseTo(outputs.expected?.data[0] as number, 5);
    const tallies = objective.score(outputs, batch);
    const losses = Object.entries(tallies).filter(([metric]) => /loss$/i.test(metric));
    const total = losses.reduce((sum, [, tally]) => sum + tally.sum / tally.count, 0);
    expect(total).toBeCloseTo(loss, 4);
    await model.release();
  });
});

describe("causal language modeling with a history of k tokens", () => {
  it.each([1, 2, 5, 7])("k = %i: reads exactly the k tokens before the predicted one", async (history) => {
    const model = new GPT2LMHeadModel(gpt2).initialize(random.fork("weights"));
    const objective = causalLanguageModeling(tokens, { history, layers: 3 }) as Objective<AnyModel>;
    const batch = await batchFor(objective);
    const predicted = 20;
    /** The loss at token `predicted` of row 0, after token `changed` became another one. */
    const lossAfter = async (changed: number) => {
      const inputIds = batch.inputIds.slice();
      inputIds[changed] = 6 + (((inputIds[changed] as number) + 11) % 50);
      const nextTokenIds = batch.inputIds.map((_, place) => (place === predicted - 1 ? 7 : IGNORED_LABEL));
      const prepared = objective.prepareBatch({ ...batch, inputIds, nextTokenIds }, random);
      const outputs = await run(model, objective, prepared, (inputs) => objective.evaluationOutputs(model, inputs));
      return outputs.vocabularyLoss?.data[0];
    };
    const usual = await lossAfter(31); // a later token never counts
    expect(await lossAfter(predicted)).toEqual(usual);
    expect(await lossAfter(predicted - 1)).not.toEqual(usual);
    expect(await lossAfter(predicted - history)).not.toEqual(usual);
    expect(await lossAfter(predicted - history - 1)).toEqual(usual);
    expect(await lossAfter(0)).toEqual(usual);
    await model.release();
  });
});

/** The losses of bi-encoder and cross-encoder and their gradients beside PyTorch's; made by test/golden/ranking/make.py. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Parameter } from "../graph/index.ts";
import { BertForSequenceClassification, BertModel } from "../models/classes.ts";
import type { AnyModel } from "../models/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import { type AnyPreparedTask, loadTask, type VectorOptions } from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { chosenInputs, taskInputSpecs } from "./task-evaluator.ts";
import { TrainStep } from "./train-step.ts";

interface Golden {
  examples: { query: string; positive: string; negatives?: string[] }[];
  cases: {
    name: string;
    pooling: NonNullable<VectorOptions["pooling"]>[number];
    similarity: "cosine" | "dot";
    scale: number;
    loss: number;
    gradient_norms: Record<string, number>;
    word_gradient: number[];
  }[];
  ranking: {
    pairs: [query: string, document: string, label: number][];
    logits: number[];
    loss: number;
    gradient_norms: Record<string, number>;
  };
}
const at = (path: string): string => fileURLToPath(new URL(`../../test/golden/${path}`, import.meta.url));
const golden = JSON.parse(readFileSync(at("ranking/ranking.json"), "utf8")) as Golden;
const folder = at("pipelines/bert");

const silent = { threads: 1, onWarning: () => undefined };

/** One step's loss, and its gradients by the published names of their parameters. */
async function stepOf(model: AnyModel, task: AnyPreparedTask) {
  const examples = golden.examples.map((example, index) => ({ ...example, line: index + 1 }));
  const batch = task.batch(task.features(examples));
  model.store.open();
  const gradients = model.store.allocateBeside(1)[0] as Float32Array;
  const specs = taskInputSpecs(model, batch, task);
  const lossOf = (inputs: SymbolicInputs) => ({ loss: task.loss(model, inputs) });
  const step = await TrainStep.compile(model, lossOf, specs, gradients, { dropout: false, threads: 1 });
  const { loss } = await step.run(chosenInputs(batch, step.inputNames));
  const gradientOf = (name: string): Float32Array =>
    Float32Array.from(model.store.view(model.parameters.get(name) as Parameter, gradients));
  const found = new Map([...model.parameters.keys()].map((name) => [name, gradientOf(name)]));
  await step.release();
  await model.release();
  return { loss, batch, gradients: found };
}

function expectNorms(gradients: ReadonlyMap<string, Float32Array>, norms: Record<string, number>): void {
  const all = Math.hypot(...Object.values(norms));
  for (const [name, norm] of Object.entries(norms)) {
    expect(Math.abs(Math.hypot(...(gradients.get(name) ?? [])) - norm), name).toBeLessThan(5e-5 * all);
  }
}

describe("the loss of retrieval", () => {
  it.each(golden.cases)(
    "and its gradients are PyTorch's: $name",
    async ({ pooling, similarity, scale, ...expected }) => {
      const model = await BertModel.fromPretrained(folder, silent);
      const tokenizer = await AutoTokenizer.fromPretrained(folder);
      const task = (await loadTask("retrieval")).prepare(
        { config: model.config, modelTask: "base", tokenizer },
        { sequenceLength: 24, vectors: { pooling: [pooling], similarity, scale } },
      );
      const { loss, gradients } = await stepOf(model, task);
      expect(loss).toBeCloseTo(expected.loss, 5);
      const words = gradients.get("embeddings.word_embeddings.weight") as Float32Array;
      const largest = Math.max(...expected.word_gradient.map(Math.abs));
      for (const [index, value] of expected.word_gradient.entries()) {
        expect(Math.abs((words[index] as number) - value)).toBeLessThan(5e-5 * largest + 1e-6);
      }
      expectNorms(gradients, expected.gradient_norms);
    },
  );
});

describe("the loss of text-ranking", () => {
  it("and its gradients are PyTorch's, with given negatives and with those of the batch", async () => {
    const model = await BertForSequenceClassification.fromPretrained(at("pipelines/bert-score"), silent);
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const parts = { config: model.config, modelTask: "sequenceClassification" as const, tokenizer };
    const task = (await loadTask("text-ranking")).prepare(parts, { sequenceLength: 24 });
    const { loss, batch, gradients } = await stepOf(model, task);
    const { ranking } = golden;
    expect([...((batch.labels?.data ?? []) as Float32Array)]).toEqual(ranking.pairs.map(([, , label]) => label));
    expect(loss).toBeCloseTo(ranking.loss, 5);
    expectNorms(gradients, ranking.gradient_norms);
  });

  it("judges by the negatives that are given, or by nine other texts, answers last", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const parts = { config: {} as never, modelTask: "sequenceClassification" as const, tokenizer };
    const task = (await loadTask("text-ranking")).prepare(parts, { sequenceLength: 24 });
    const examples = golden.examples.map((example, index) => ({ ...example, line: index + 1 }));
    const features = task.evaluationFeatures?.(examples) as { query: string; documents: string[] }[];
    const documentsOf = (query: string) =>
      features.filter((each) => each.query === query).flatMap((each) => each.documents);
    expect(documentsOf("the cat sat")).toEqual([
      ...["the dog ran", "paris is quick"],
      ...["under a house it rains .", "a mat under the cat"],
    ]);
    const others = documentsOf("bird flew over");
    expect(others.at(-1)).toBe("the quick dogs ran in paris !");
    expect(others.toSorted()).toEqual(
      [...new Set(examples.flatMap(({ positive, negatives = [] }) => [positive, ...negatives]))].toSorted(),
    );
    // A model that says the same of all gets no more than luck would give it.
    const evaluation = task.evaluate(
      examples,
      features,
      features.map(() => 0),
    );
    expect(evaluation.metrics.mrr).toBeCloseTo((1 / 3 + 1 / 5 + 1 / 5) / 3, 9);
  });
});

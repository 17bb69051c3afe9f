/** The bi-encoder's loss and its gradients beside PyTorch's; made by test/golden/ranking/make.py. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BertModel } from "../models/classes.ts";
import { loadTask, type VectorOptions } from "../tasks/index.ts";
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
}
const at = (path: string): string => fileURLToPath(new URL(`../../test/golden/${path}`, import.meta.url));
const golden = JSON.parse(readFileSync(at("ranking/retrieval.json"), "utf8")) as Golden;
const folder = at("pipelines/bert");

describe("the loss of retrieval", () => {
  it.each(golden.cases)(
    "and its gradients are PyTorch's: $name",
    async ({ pooling, similarity, scale, ...expected }) => {
      const model = await BertModel.fromPretrained(folder, { threads: 1, onWarning: () => undefined });
      const tokenizer = await AutoTokenizer.fromPretrained(folder);
      const task = (await loadTask("retrieval")).prepare(
        { config: model.config, modelTask: "base", tokenizer },
        { sequenceLength: 24, vectors: { pooling: [pooling], similarity, scale } },
      );
      const examples = golden.examples.map((example, index) => ({ ...example, line: index + 1 }));
      const batch = task.batch(task.features(examples));
      model.store.open();
      const gradients = model.store.allocateBeside(1)[0] as Float32Array;
      const specs = taskInputSpecs(model, batch, task);
      const step = await TrainStep.compile(model, (inputs) => ({ loss: task.loss(model, inputs) }), specs, gradients, {
        dropout: false,
        threads: 1,
      });
      const { loss } = await step.run(chosenInputs(batch, step.inputNames));
      expect(loss).toBeCloseTo(expected.loss, 5);
      const gradientOf = (name: string): Float32Array =>
        model.store.view(model.parameters.get(name) as never, gradients);
      const words = gradientOf("embeddings.word_embeddings.weight");
      const largest = Math.max(...expected.word_gradient.map(Math.abs));
      for (const [index, value] of expected.word_gradient.entries()) {
        expect(Math.abs((words[index] as number) - value)).toBeLessThan(5e-5 * largest + 1e-6);
      }
      const all = Math.hypot(...Object.values(expected.gradient_norms));
      for (const [name, norm] of Object.entries(expected.gradient_norms)) {
        expect(Math.abs(Math.hypot(...gradientOf(name)) - norm)).toBeLessThan(5e-5 * all);
      }
      await step.release();
      await model.release();
    },
  );
});

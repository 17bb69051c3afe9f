/** L = L_task + λ·L_lm: what is added is the language model's own loss on the same texts. */
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { SymbolicTensor } from "../graph/index.ts";
import { GPT2ForSequenceClassification, GPT2LMHeadModel } from "../models/classes.ts";
import { symbolicInputs } from "../models/index.ts";
import { loadTask } from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { taskInputSpecs } from "./task-evaluator.ts";

const folder = fileURLToPath(new URL("../../test/golden/pipelines/gpt2", import.meta.url));

describe("fine-tuning beside language modelling", () => {
  it("adds λ times the loss of the language model whose weights these are", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    tokenizer.padToken = tokenizer.eosToken;
    const options = {
      config: { padTokenId: tokenizer.padTokenId, problemType: "single_label_classification" },
      threads: 1,
    };
    const silent = { onWarning: () => undefined };
    const model = await GPT2ForSequenceClassification.fromPretrained(folder, { ...options, ...silent });
    const languageModel = await GPT2LMHeadModel.fromPretrained(folder, { threads: 1, ...silent });
    const task = await loadTask("text-classification");
    const lossWith = async (weight: number): Promise<number> => {
      const prepared = task.prepare(
        { config: model.config, modelTask: "sequenceClassification", tokenizer },
        { sequenceLength: 16, languageModeling: { weight, words: "wte.weight" } },
      );
      const batch = prepared.batch(prepared.features([example("the cat sat on the mat", "0"), example("a dog", "1")]));
      const specs = taskInputSpecs(model, batch);
      const names = Object.keys(specs);
      const executable = await model.compiled(`λ ${weight}`, () => ({
        loss: prepared.loss(model, symbolicInputs(names, specs) as Record<string, SymbolicTensor>),
      }));
      return Number((await executable.run(batch)).loss?.data[0]);
    };
    const inputs = tokenizer(["the cat sat on the mat", "a dog"], { padding: true });
    const labels = rowsOf(inputs.inputIds).map((row, index) =>
      row.map((id, place) => (rowsOf(inputs.attentionMask)[index]?.[place] === 1n ? id : -100n)),
    );
    const { loss } = await languageModel({ ...inputs, labels });
    const added = (await lossWith(0.5)) - (await lossWith(0));
    expect(added).toBeCloseTo(0.5 * Number(loss?.data[0]), 5);
    expect(added).toBeGreaterThan(0.5);
    await model.release();
    await languageModel.release();
  });
});

function example(text: string, label: string) {
  return { text, label, line: 1 };
}

function rowsOf(ids: { tolist(): unknown } | undefined): bigint[][] {
  return ids?.tolist() as bigint[][];
}

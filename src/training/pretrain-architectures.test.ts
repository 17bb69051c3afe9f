/** Every architecture is pretrained with its own objectives and read back; the suite iterates the registry. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AutoModelForCausalLM, AutoModelForPreTraining, modelTypes } from "../models/index.ts";
import { Random } from "../random.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { evaluateModel } from "./evaluate-model.ts";
import type { TrainingEvent } from "./events.ts";
import { pretrain } from "./pretrain.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloze-architectures-"));
  await writeFile(join(folder, "corpus.txt"), sampleText());
});
afterAll(() => rm(folder, { recursive: true }));

/** Forty documents of sentences that a model can learn: who does what where. */
function sampleText(): string {
  const random = new Random(5);
  const pick = (words: string): string => {
    const list = words.split(" ");
    return list[random.integer(list.length)] as string;
  };
  const sentence = (): string =>
    `The ${pick("cat dog bird fish")} ${pick("sees hears likes")} the ${pick("tree house river")}.`;
  const document = (): string => Array.from({ length: 8 }, sentence).join("\n");
  return Array.from({ length: 40 }, document).join("\n\n");
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

async function train(name: string, values: Partial<PretrainSettings>) {
  const output = join(folder, name);
  const losses: number[] = [];
  const settings: Partial<PretrainSettings> = {
    ...{ corpus: join(folder, "corpus.txt"), output, initialization: "published", dropout: 0, threads: 1 },
    ...{ vocabSize: 280, sequenceLength: 24, batchSize: 8, steps: 50, warmupSteps: 4, checkpointEvery: 0 },
    ...{ holdOutEvery: 8, evaluateEvery: 0 },
  };
  const onEvent = (event: TrainingEvent) => event.event === "step" && losses.push(event.loss);
  const { model } = await pretrain({ ...settings, ...values }, {}, { onEvent });
  return { output, losses, model };
}

/** What each is pretrained with when nobody says how, as run.json has it. */
const published: Readonly<Record<string, object>> = {
  bert: { maskUnit: "token", rows: "contiguous" },
  albert: { maskUnit: "n-gram", rows: null },
  roberta: { maskUnit: "token", rows: "full-sentences", maskDraws: "dynamic" },
  gpt2: { maskUnit: null, rows: null },
};

describe("pretraining", () => {
  it.each(modelTypes)("%s learns a little, and its folder is read back", async (architecture) => {
    const { output, losses, model } = await train(architecture, { architecture });
    expect(JSON.parse(readFileSync(join(output, "run.json"), "utf8"))).toMatchObject(published[architecture] ?? {});
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 3)) - 0.2);
    const warnings: string[] = [];
    const read = { onWarning: (text: string) => warnings.push(text), threads: 1 };
    const again = await AutoModelForPreTraining.fromPretrained(output, read);
    // A run of one objective alone leaves out heads that the class for pretraining has beside it.
    if (again.constructor === model.constructor) {
      expect(warnings).toEqual([]);
      expect(again.store.values).toEqual(model.store.values);
    }
    const tokenizer = await AutoTokenizer.fromPretrained(output);
    expect(again.config).toMatchObject({ vocabSize: tokenizer.length });
  });

  it.each([
    ["albert", null, ["sentence-order-prediction", "masked-language-modeling+sentence-order-prediction"]],
    ["bert", "masked-language-modeling+next-sentence-prediction", ["next-sentence-prediction"]],
    [
      "bert",
      "masked-language-modeling+three-class-next-sentence-prediction",
      ["three-class-next-sentence-prediction", "masked-language-modeling+three-class-next-sentence-prediction"],
    ],
  ])("%s trained on %s is evaluated on pairs as well", async (architecture, objective, evaluated) => {
    const { output } = await train(`${architecture}-${objective}`, { architecture, objective, steps: 3 });
    for (const task of evaluated) {
      const warnings: string[] = [];
      const options = { threads: 1, onWarning: (text: string) => warnings.push(text) };
      const { metrics } = await evaluateModel(task, output, join(folder, "corpus.txt"), options);
      expect(metrics.pairAccuracy).toBeGreaterThan(0.1);
      expect(metrics[task.includes("+") ? "pairLoss" : "loss"]).toBeGreaterThan(0);
      expect("perplexity" in metrics).toBe(task.includes("+"));
      expect(warnings.filter((text) => /drawn|initialized|missing/.test(text))).toEqual([]);
    }
  });

  it.each(["bert", "roberta"])("%s becomes a decoder that sees no later token", async (architecture) => {
    const objective = "causal-language-modeling";
    const { output } = await train(`${architecture}-causal`, { architecture, objective, steps: 5 });
    const model = await AutoModelForCausalLM.fromPretrained(output, { threads: 1 });
    expect(model.config).toMatchObject({ isDecoder: true });
    const [one, other] = await Promise.all([[[7, 8, 9]], [[7, 8, 10]]].map((inputIds) => model({ inputIds })));
    const width = one?.logits.dims[2] as number;
    expect(one?.logits.data.slice(0, 2 * width)).toEqual(other?.logits.data.slice(0, 2 * width));
    expect(one?.logits.data).not.toEqual(other?.logits.data);
  });

  it("is refused where the model has no head for it, or would see what it is asked", async () => {
    const pairs = "masked-language-modeling+next-sentence-prediction";
    await expect(train("no head", { architecture: "roberta", objective: pairs })).rejects.toMatchObject({
      kind: "configuration",
      field: "objective",
    });
    const { output } = await train("encoder", { architecture: "bert", steps: 2 });
    const seeing = train("seeing", { model: output, objective: "causal-language-modeling" });
    await expect(seeing).rejects.toMatchObject({ kind: "configuration", field: "is_decoder" });
    const evaluated = evaluateModel("causal-language-modeling", output, join(folder, "corpus.txt"));
    await expect(evaluated).rejects.toMatchObject({ kind: "configuration", field: "is_decoder" });
  });
});

/** Choices for blanks score as the model's own log-probabilities say; corrections stand where the text says. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenModel } from "../../test/support/pipeline-cases.ts";
import { AutoModelForMaskedLM } from "../models/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { evaluateTask, finetune } from "../training/index.ts";
import { type ClozeChoice, pipeline } from "./index.ts";

const options = { threads: 1, onWarning: () => undefined };

describe("cloze", () => {
  const folder = goldenModel("bert");

  it("scores choices of one piece as fill-mask does, and those of several by the mean", async () => {
    const choose = await pipeline("cloze", folder, options);
    const chosen = (await choose({ text: "the ___ sat", choices: ["cat", "dog", "cat sat"] })) as ClozeChoice[];
    const unmask = await pipeline("fill-mask", folder, options);
    const filled = (await unmask("the [MASK] sat", { targets: ["cat", "dog"] })) as {
      tokenStr: string;
      score: number;
    }[];
    for (const { tokenStr, score } of filled) {
      const found = chosen.find(({ choice }) => choice === tokenStr);
      expect(Math.exp(found?.logProbability ?? 0)).toBeCloseTo(score, 6);
    }
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    const model = await AutoModelForMaskedLM.fromPretrained(folder, options);
    const { logits } = await model(tokenizer("the [MASK][MASK] sat"));
    const width = logits.dims[2] as number;
    const logProbability = (place: number, word: string): number => {
      const row = (logits.data as Float32Array).subarray(place * width, (place + 1) * width);
      const total = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      return (row[tokenizer.convertTokensToIds(word) as number] as number) - total;
    };
    const both = chosen.find(({ choice }) => choice === "cat sat");
    expect(both?.logProbability).toBeCloseTo((logProbability(2, "cat") + logProbability(3, "sat")) / 2, 5);
    expect(chosen.reduce((sum, { score }) => sum + score, 0)).toBeCloseTo(1, 6);
    expect(chosen.map(({ score }) => score)).toEqual(chosen.map(({ score }) => score).toSorted((a, b) => b - a));
  });

  it("gives a list for each of several blanks", async () => {
    const choose = await pipeline("cloze", folder, options);
    const [blanks, one] = await choose([
      { text: "___ cat <mask> .", choices: ["the", "sat"] },
      { text: "the cat ___", choices: ["sat"] },
    ]);
    expect(blanks).toEqual([
      [expect.objectContaining({ choice: expect.any(String) }), expect.anything()],
      [expect.anything(), expect.anything()],
    ]);
    expect(one).toEqual([{ choice: "sat", score: 1, logProbability: expect.any(Number) }]);
  });

  it.each([
    { input: { text: "no blank", choices: ["a"] }, field: "text" },
    { input: { text: "a ___", choices: [] }, field: "choices" },
    { input: "a ___", field: "text" },
  ])("refuses $input", async ({ input, field }) => {
    const choose = await pipeline("cloze", folder, options);
    await expect(choose(input as never)).rejects.toMatchObject({ kind: "data", field });
  });
});

describe("spelling correction", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloze-spelling-"));
    // A dog is always meant to be a cat, and what ran is one too many.
    const rows = ["the dog sat", "a dog sat on a mat", "the cat sat", "a cat ran sat on the mat ."].map((source) =>
      JSON.stringify({ source, target: source.replace("dog", "cat").replace("ran ", "") }),
    );
    await writeFile(join(folder, "rows.jsonl"), `${rows.join("\n")}\n`);
    await finetune(
      {
        ...{ task: "spelling-correction", model: goldenModel("bert"), train: join(folder, "rows.jsonl"), threads: 1 },
        ...{ validation: join(folder, "rows.jsonl"), output: join(folder, "model"), epochs: 1500, learningRate: 5e-3 },
        ...{ batchSize: 4, evaluateEvery: 250, checkpointEvery: 0 },
      },
      {},
      { onWarning: () => undefined },
    );
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true }));

  it("puts right what it has learned, with its place, case and spaces", async () => {
    const correct = await pipeline("spelling-correction", join(folder, "model"), options);
    const [first, second, third, empty] = await correct([
      "the  Dog sat",
      "a cat ran sat on the mat .",
      "the cat sat",
      "",
    ]);
    const change = { start: 5, end: 8, source: "Dog", target: "Cat", score: expect.any(Number) };
    expect(first).toEqual({ text: "the  Cat sat", corrections: [change] });
    expect(second?.text).toBe("a cat sat on the mat .");
    expect(second?.corrections).toMatchObject([{ start: 6, end: 9, source: "ran", target: "" }]);
    expect(third).toEqual({ text: "the cat sat", corrections: [] });
    expect(empty).toEqual({ text: "", corrections: [] });
  });

  it("counts what cannot be said by the tokens of the source as missed", async () => {
    const rows = [
      { source: "the dog sat", target: "the cat sat" },
      { source: "the cat sat", target: "the cat sat on a mat" },
    ];
    const file = join(folder, "reach.jsonl");
    await writeFile(file, `${rows.map((row) => JSON.stringify(row)).join("\n")}\n`);
    const { metrics } = await evaluateTask("spelling-correction", join(folder, "model"), file, options);
    expect(metrics).toMatchObject({ withinReach: 0.5, correctionPrecision: 1, correctionRecall: 0.5 });
  });
});

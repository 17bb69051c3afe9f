/** Choices for blanks score as the model's own log-probabilities say; corrections stand where the text says. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenModel } from "../../test/support/pipeline-cases.ts";
import { AutoModelForMaskedLM } from "../models/index.ts";
import { SpellingPieces, spellingCorrection } from "../tasks/spelling-correction.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { evaluateTask, type FinetuneSettings, finetune } from "../training/index.ts";
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
  // The model reads 24 tokens at a time.
  const long = Array(9).fill("the dog sat").join(" ");
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloze-spelling-"));
    // A dog is always meant to be a cat, and what ran is one too many.
    await learn("model", ["the dog sat", "a dog sat on a mat", "the cat sat", "a cat ran sat on the mat ."], {
      ...{ epochs: 1500, learningRate: 5e-3, batchSize: 4, evaluateEvery: 250 },
    });
    await learn("long", ["the dog sat", long], { epochs: 1000, learningRate: 5e-3, batchSize: 8, evaluateEvery: 100 });
  }, 120_000);
  async function learn(name: string, sources: readonly string[], settings: Partial<FinetuneSettings>): Promise<void> {
    const targetOf = (source: string): string => source.replaceAll("dog", "cat").replace("ran ", "");
    const file = join(folder, `${name}.jsonl`);
    await writeFile(
      file,
      sources.map((source) => `${JSON.stringify({ source, target: targetOf(source) })}\n`).join(""),
    );
    const files = { train: file, validation: file, output: join(folder, name), checkpointEvery: 0 };
    const task = "spelling-correction";
    const silent = { onWarning: () => undefined };
    await finetune({ task, model: goldenModel("bert"), threads: 1, ...files, ...settings }, {}, silent);
  }
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

  it("reads long texts in windows, as training and evaluations do", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(join(folder, "long"));
    const [source, target] = [long, long.replaceAll("dog", "cat")];
    const correct = await pipeline("spelling-correction", join(folder, "long"), options);
    const { text, corrections } = await correct(source);
    expect(text).toBe(target);
    expect(corrections.map(({ start }) => start)).toEqual(Array.from({ length: 9 }, (_, at) => at * 12 + 4));

    const file = join(folder, "long-text.jsonl");
    await writeFile(file, JSON.stringify({ source, target }));
    const { metrics } = await evaluateTask("spelling-correction", join(folder, "long"), file, options);
    expect(metrics).toMatchObject({ withinReach: 1, correctionF1: 1, unitCorrectionF1: 1 });

    const parts = { tokenizer, config: {} as never, modelTask: "maskedLM" as const };
    const features = spellingCorrection
      .prepare(parts, { sequenceLength: 16, stride: 6 })
      .features([{ source, target, line: 1 }]);
    const learned = new Set(features.flatMap(({ words }) => words.map(({ word }) => word)));
    expect([...learned]).toEqual([...Array(27).keys()]);
    const cat = tokenizer.convertTokensToIds("cat");
    expect(features.every(({ rows, labels }) => rows[0]?.inputIds.length === labels.length)).toBe(true);
    for (const { words, labels } of features) {
      for (const { place, word } of words) expect(labels[place] === cat).toBe(word % 3 === 1);
    }
  });

  it("learns nothing of a word that a window shows in part", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(join(folder, "model"));
    const units = ["the", "cat", "sat", "quick", "the", "cat", "sat"];
    const windows = new SpellingPieces(tokenizer, { sequenceLength: 7, stride: 3 }).windows(units);
    // Windows of five tokens, which begin at the, sat, and the second piece of quick.
    expect(windows.map(({ places }) => places[3])).toEqual([[], [2, 3, 4], []]);
    expect(windows.map(({ tokens }) => tokens.tokens[1])).toEqual(["the", "sat", "##u"]);
    for (const unit of units.keys()) expect(windows.some(({ places }) => (places[unit] ?? []).length > 0)).toBe(true);
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

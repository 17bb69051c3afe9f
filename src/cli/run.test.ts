/** Every pipeline from the command line: what it prints is what the library returns, whatever the inputs come from. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";
import { closeTo, goldenModel, type Recorded, variantOf } from "../../test/support/pipeline-cases.ts";
import { type PipelineTask, pipeline, pipelineTasks } from "../pipelines/index.ts";
import type { Tensor } from "../tensor/index.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-run-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Case {
  readonly model: string;
  /** What the library is called with, for each input. */
  readonly inputs: readonly unknown[];
  readonly options?: object;
  /** The same on the command line, in different ways. */
  readonly flags: readonly (readonly string[])[];
  readonly optionFlags?: readonly string[];
  /** The same on standard input. */
  readonly piped?: readonly string[];
  /** What is said of a model that was trained for something else. */
  readonly warning?: string;
}

const folderOf = (model: string): string => (isAbsolute(model) ? model : goldenModel(model));

const cat = "the cat sat on a mat";
const dog = "a dog ran";

const cases: Readonly<Record<PipelineTask, Case>> = {
  cloze: {
    model: "bert",
    inputs: [
      { text: "the ___ sat on a [MASK]", choices: ["cat", "dogs sat"] },
      { text: "a ___ ran .", choices: ["cat", "dogs sat"] },
    ],
    flags: [
      [
        ...["--input", "the ___ sat on a [MASK]", "--input", "a ___ ran ."],
        ...["--choice", "cat", "--choice", "dogs sat"],
      ],
    ],
  },
  "dependency-parsing": {
    model: variantOf("bert-tags", {
      config: { id2label: { 0: "head:+1@N", 1: "head:root", 2: "pos:N", 3: "relation:dep", 4: "relation:root" } },
    }),
    inputs: [cat, { tokens: ["a", "dog", "ran"] }],
    flags: [["--input", cat, "--input", '{"tokens":["a","dog","ran"]}']],
    piped: [`${cat}\n{"tokens":["a","dog","ran"]}\n`],
  },
  "extractive-summarization": {
    model: variantOf("bert", { config: { id2label: { 0: "summary" } } }),
    inputs: ["The cat sat. A dog ran.", { sentences: [cat, dog] }],
    options: { topK: 2 },
    warning: "it lacks classifier.weight, classifier.bias",
    flags: [["--input", "The cat sat. A dog ran.", "--input", JSON.stringify({ sentences: [cat, dog] })]],
    optionFlags: ["--top-k", "2"],
    piped: [`The cat sat. A dog ran.\n${JSON.stringify({ sentences: [cat, dog] })}`],
  },
  "feature-extraction": {
    model: "bert",
    inputs: [cat, dog],
    options: { pooling: "max", normalize: true, layers: [-1, 0] },
    flags: [["--input", cat, "--input", dog]],
    optionFlags: ["--pooling", "max", "--normalize", "yes", "--layers", "-1,0"],
    piped: [`${cat}\n${dog}`],
  },
  "fill-mask": {
    model: "bert",
    inputs: ["the [MASK] sat", "a [MASK] ran ."],
    options: { topK: 2 },
    flags: [["--input", "the [MASK] sat", "--input", "a [MASK] ran ."]],
    optionFlags: ["--top-k", "2"],
    piped: ["the [MASK] sat\na [MASK] ran .\n"],
  },
  "multiple-choice": {
    model: "bert-choices",
    inputs: [
      { context: cat, question: "is it ?", choices: ["a mat", "a house"] },
      { context: dog, question: "is it ?", choices: ["a mat", "a house"] },
    ],
    flags: ["--input", "--context"].map((flag) => [
      ...[flag, cat, flag, dog, "--question", "is it ?", "--choice", "a mat", "--choice", "a house"],
    ]),
  },
  "next-sentence-prediction": {
    model: "bert",
    inputs: [
      { text: cat, textPair: dog },
      { text: dog, textPair: cat },
    ],
    flags: [["--input", cat, "--input", dog, "--pair", dog, "--pair", cat]],
    piped: [`${cat}\t${dog}\n${dog}\t${cat}`],
  },
  "question-answering": {
    model: "bert-answers",
    inputs: [
      { question: "is it a cat ?", context: cat },
      { question: "is it a dog ?", context: cat },
    ],
    options: { topK: 2, maxAnswerLen: 3, maxSeqLen: 14, docStride: 1, handleImpossibleAnswer: true },
    flags: [
      ["--input", "is it a cat ?", "--input", "is it a dog ?", "--context", cat],
      ["--question", "is it a cat ?", "--question", "is it a dog ?", "--pair", cat],
    ],
    optionFlags: [
      ...["--top-k", "2", "--max-answer-len", "3", "--max-seq-len", "14", "--doc-stride", "1"],
      "--handle-impossible-answer",
    ],
    piped: [`is it a cat ?\t${cat}\nis it a dog ?\t${cat}\n`],
  },
  "relation-extraction": {
    model: "bert-nli",
    inputs: [{ text: cat, head: [4, 7], tail: [17, 20] }],
    options: { topK: null },
    warning: "bert-nli was not trained for relation-extraction: its tokenizer lacks [E1]",
    flags: [["--input", JSON.stringify({ text: cat, head: [4, 7], tail: [17, 20] })]],
    optionFlags: ["--top-k", "0"],
    piped: [`${JSON.stringify({ text: cat, head: [4, 7], tail: [17, 20] })}\n`],
  },
  "sentence-similarity": {
    model: "bert",
    inputs: [
      { sourceSentence: cat, sentences: [dog, "it rains"] },
      { sourceSentence: dog, sentences: [dog, "it rains"] },
    ],
    options: { pooling: "cls" },
    flags: [
      ["--input", cat, "--input", dog, "--sentence", dog, "--sentence", "it rains"],
      ["--source-sentence", cat, "--source-sentence", dog, "--pair", dog, "--pair", "it rains"],
    ],
    optionFlags: ["--pooling", "cls"],
    piped: [`${cat}\t${dog}\tit rains\n${dog}\t${dog}\tit rains\n`],
  },
  "span-extraction": {
    model: variantOf("bert", { config: { id2label: { 0: "end:A", 1: "end:B", 2: "start:A", 3: "start:B" } } }),
    inputs: [cat, dog],
    warning: "it lacks classifier.weight, classifier.bias",
    flags: [["--input", cat, "--input", dog]],
    piped: [`${cat}\n${dog}\n`],
  },
  "spelling-correction": {
    model: "bert",
    inputs: [cat, dog],
    flags: [["--input", cat, "--input", dog]],
    piped: [`${cat}\n${dog}\n`],
  },
  "text-classification": {
    model: "bert-nli",
    inputs: [
      { text: cat, textPair: dog },
      { text: dog, textPair: dog },
    ],
    options: { topK: null, functionToApply: "sigmoid" },
    flags: [["--input", cat, "--input", dog, "--pair", dog]],
    optionFlags: ["--top-k", "0", "--function-to-apply", "sigmoid"],
  },
  "text-generation": {
    model: "gpt2",
    inputs: [cat, dog],
    options: { maxNewTokens: 3, returnFullText: false },
    flags: [["--input", cat, "--input", dog]],
    optionFlags: ["--max-new-tokens", "3", "--new-text-only"],
    piped: [`${cat}\n${dog}\n`],
  },
  "text-ranking": {
    model: "bert-score",
    inputs: [
      { query: cat, documents: [dog, "it rains", cat] },
      { query: dog, documents: [dog, "it rains", cat] },
    ],
    options: { topK: 2 },
    flags: [
      ["--input", cat, "--input", dog, "--document", dog, "--document", "it rains", "--document", cat],
      ["--query", cat, "--query", dog, "--document", dog, "--document", "it rains", "--document", cat],
    ],
    optionFlags: ["--top-k", "2"],
    piped: [`${cat}\t${dog}\tit rains\t${cat}\n${dog}\t${dog}\tit rains\t${cat}\n`],
  },
  "token-classification": {
    model: "bert-tags",
    inputs: [cat, `${cat} `.repeat(6)],
    options: { aggregationStrategy: "first", ignoreLabels: ["LOC"], stride: 2 },
    flags: [["--input", cat, "--input", `${cat} `.repeat(6)]],
    optionFlags: ["--aggregation-strategy", "first", "--ignore-labels", "LOC", "--stride", "2"],
    piped: [`${cat}\n${`${cat} `.repeat(6)}`],
  },
  "zero-shot-classification": {
    model: "bert-nli",
    inputs: [
      { text: cat, candidateLabels: ["cat", "city"] },
      { text: dog, candidateLabels: ["cat", "city"] },
    ],
    options: { hypothesisTemplate: "it is a {} .", multiLabel: true },
    flags: [
      ["--input", cat, "--input", dog, "--candidate-label", "cat, city"],
      ["--input", cat, "--input", dog, "--candidate-label", "cat", "--candidate-label", "city"],
    ],
    optionFlags: ["--hypothesis-template", "it is a {} .", "--multi-label"],
    piped: [`${cat}\tcat\tcity\n${dog}\tcat\tcity\n`],
  },
};

type AnyPipeline = ((input: unknown, options?: object) => Promise<unknown>) & { release(): Promise<void> };

/** What the library returns for each input alone, as JSON. */
async function answersOf(task: PipelineTask, { model, inputs, options }: Case, further: object = {}) {
  const run = (await pipeline(task, folderOf(model))) as unknown as AnyPipeline;
  const answers: unknown[] = [];
  for (const input of inputs) answers.push(await run(input, { ...options, ...further }));
  await run.release();
  return JSON.parse(JSON.stringify(answers)) as Recorded;
}

describe.each(pipelineTasks)("run %s", (task) => {
  const golden = cases[task];
  const stderr = golden.warning === undefined ? "" : expect.stringContaining(golden.warning);
  const words = ["run", task, "--model", folderOf(golden.model), ...(golden.optionFlags ?? [])];

  it("prints with --json exactly what the library returns", async () => {
    const expected = closeTo(await answersOf(task, golden));
    for (const flags of golden.flags) {
      const run = await runCloze([...words, ...flags, "--json"]);
      expect(run).toMatchObject({ exitCode: 0, stderr });
      expect(run.lines).toEqual(expected);
    }
    for (const input of golden.piped ?? []) {
      expect((await runCloze([...words, "--json"], { input })).lines).toEqual(expected);
    }
    const file = join(folder, `${task}.jsonl`);
    const records = golden.inputs.map((input) => JSON.stringify(typeof input === "string" ? { text: input } : input));
    writeFileSync(file, `${records.join("\n")}\n\n`);
    expect((await runCloze([...words, "--json", "--file", file])).lines).toEqual(expected);
    const output = join(folder, `${task}-answers.jsonl`);
    const written = await runCloze([...words, "--file", file, "--output", output]);
    expect(written).toMatchObject({ exitCode: 0, stdout: "", stderr });
    expect(
      readFileSync(output, "utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(expected);
  });

  it("prints hidden states and attentions beside the result", async () => {
    const asking = { outputHiddenStates: true, outputAttentions: true };
    const flags = [...(golden.flags[0] ?? []), "--output-hidden-states", "--output-attentions"];
    const run = await runCloze([...words, ...flags, "--json"]);
    expect(run.lines).toEqual(closeTo(await answersOf(task, golden, asking)));
    expect((await runCloze([...words, ...flags])).stderr).toContain("--output-attentions shows only in JSON Lines.");
  });

  it("prints for people something about every input", async () => {
    const { stdout, ...rest } = await runCloze([...words, ...(golden.flags[0] ?? [])]);
    expect(rest).toMatchObject({ exitCode: 0, stderr });
    expect(stdout.split("\n").length).toBeGreaterThan(golden.inputs.length);
    expect(stdout).not.toMatch(/undefined|NaN|\[object/);
  });
});

describe("run", () => {
  it("tells the intent beside the slots of a model that knows intents", async () => {
    const config = { cloze_intents: ["flight", "fare"] };
    const folder = variantOf("bert-tags", { config });
    const words = ["run", "token-classification", "--model", folder, "--input", cat, "--intent"];
    const { lines, stderr } = await runCloze([...words, "--json"]);
    expect(stderr).toContain("it lacks intent_classifier.weight, intent_classifier.bias");
    const [{ intent, entities }] = lines as [{ intent: { label: string; score: number }; entities: unknown[] }];
    expect(config.cloze_intents).toContain(intent.label);
    expect(entities.length).toBeGreaterThan(0);
    expect((await runCloze(words)).stdout).toMatch(new RegExp(`^${cat}\\n +\\d+\\.\\d%  ${intent.label}\\n`));
    const other = await runCloze([
      "run",
      "token-classification",
      "--model",
      goldenModel("bert-tags"),
      "--input",
      cat,
      "--intent",
    ]);
    expect(other).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("not trained on intents") });
  });

  it("chooses answers to questions without a context", async () => {
    const words = ["run", "multiple-choice", "--model", goldenModel("bert-choices"), "--json"];
    const choose = await pipeline("multiple-choice", goldenModel("bert-choices"));
    const expected = await choose({ question: "is it ?", choices: ["a cat", dog] });
    await choose.release();
    const flags = await runCloze([...words, "--question", "is it ?", "--choice", "a cat", "--choice", dog]);
    expect(flags.lines).toEqual([expected]);
    const piped = await runCloze(words, { input: `{"question":"is it ?","choices":["a cat","${dog}"]}` });
    expect(piped.lines).toEqual([expected]);
  });

  const vectors = ["run", "feature-extraction", "--model", goldenModel("bert")];

  it("writes vectors for NumPy, whole or not at all", async () => {
    const texts = Array.from({ length: 300 }, (_, index) => (index % 2 === 0 ? cat : dog));
    const file = join(folder, "vectors.npy");
    const input = texts.join("\n");
    const run = await runCloze([...vectors, "--pooling", "mean", "--output", file], { input });
    expect(run).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    const bytes = readFileSync(file);
    expect(bytes.subarray(0, 8)).toEqual(Buffer.from("\x93NUMPY\x01\x00", "latin1"));
    const length = bytes.readUInt16LE(8);
    expect((10 + length) % 64).toBe(0);
    expect(bytes.subarray(10, 10 + length).toString("latin1")).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(300, 16\), \} *\n$/,
    );
    const extract = await pipeline("feature-extraction", goldenModel("bert"));
    const expected: Tensor = await extract(texts, { pooling: "mean" });
    await extract.release();
    const values = new Float32Array(
      bytes.buffer.slice(bytes.byteOffset + 10 + length, bytes.byteOffset + bytes.length),
    );
    expect(values.length).toBe(300 * 16);
    expect([...values.subarray(0, 40)]).toEqual(closeTo([...expected.data.subarray(0, 40)] as number[]));
    const other = join(folder, "tokens.npy");
    const unequal = await runCloze([...vectors, "--input", cat, "--input", dog, "--output", other, "--json"]);
    expect(unequal).toMatchObject({ exitCode: 2, error: { kind: "data", hint: expect.stringContaining("mean") } });
    expect(existsSync(other)).toBe(false);
    expect(readdirSync(folder).filter((name) => name.includes("npy."))).toEqual([]);
  });

  it("does not write vectors as prose", async () => {
    const { exitCode, stderr } = await runCloze([...vectors, "--input", cat, "--output", join(folder, "vectors.txt")]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Vectors are written as NumPy's format or as JSON Lines.");
  });

  it.each([
    [["run", "fill-mask", "--model", goldenModel("bert"), "--input", "a [MASK]", "--output", "a.npy"], "--output"],
    [[...vectors, "--input", cat, "--choice", "a"], "--choice"],
    [[...vectors, "--input", cat, "--layers", "x"], "--layers"],
    [["run", "question-answering", "--model", goldenModel("bert-answers"), "--input", "who"], "--context"],
    [["run", "multiple-choice", "--model", goldenModel("bert-choices"), "--context", "who"], "--choice"],
    [["run", "multiple-choice", "--model", goldenModel("bert-choices"), "--context", "a", "--input", "b"], "--context"],
    [["run", "zero-shot-classification", "--model", goldenModel("bert-nli"), "--input", "a"], "--candidate-label"],
    [["run", "sentence-similarity", "--model", goldenModel("bert"), "--input", "a"], "--sentence"],
  ])("refuses %j", async (words, field) => {
    const { exitCode, error, stdout } = await runCloze([...words, "--json"]);
    expect({ exitCode, stdout, field: error.field }).toEqual({ exitCode: 2, stdout: "", field });
  });

  it.each([
    ['{"question":"who"}', "--context"],
    ['{"question":5,"context":"a"}', "input 1, question"],
    ['{"context":"a"}', "input 1, question"],
    ["who", "input 1"],
  ])("refuses a line %s of JSON Lines", async (line, field) => {
    const file = join(folder, "wrong.jsonl");
    writeFileSync(file, `${line}\n`);
    const words = ["run", "question-answering", "--model", goldenModel("bert-answers"), "--file", file, "--json"];
    const { exitCode, error } = await runCloze(words);
    expect({ exitCode, field: error.field }).toEqual({ exitCode: 2, field });
  });
});

/** What each command does, run in memory. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";
import { AutoTokenizer, pipeline } from "../index.ts";
import { tokenizerKinds } from "../training/index.ts";
import { harmless } from "./output.ts";

const golden = fileURLToPath(new URL("../../test/golden/", import.meta.url));
const bert = join(golden, "pipelines", "bert");
let folder: string;
let corpus: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-commands-"));
  corpus = join(folder, "corpus.txt");
  const sentences = ["the cat sat on the mat .", "a bird flew over the house .", "the dog ran under a tree ."];
  const documents = Array.from(
    { length: 30 },
    (_, index) => `${sentences[index % 3]}\n${sentences[(index + 1) % 3]}\n`,
  );
  writeFileSync(corpus, documents.join("\n"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("tokenizer", () => {
  it("shows what a tokenizer consists of, and how it cuts a text", async () => {
    const words = ["tokenizer", "inspect", "--tokenizer", bert];
    const about = await runCloze([...words, "--json"]);
    expect(about.lines[0]).toMatchObject({ class: "BertTokenizer", model: "WordPiece", normalizer: "BertNormalizer" });
    expect((await runCloze(words)).stdout).toContain("[MASK]");
    const cut = await runCloze([...words, "--input", "The cat  sat", "--json"]);
    expect(cut.lines).toHaveLength(1);
    expect(cut.lines[0]).toMatchObject({
      normalized: "the cat  sat",
      words: [
        { start: null, tokens: ["[CLS]"] },
        { start: 0, end: 3, tokens: ["the"] },
        { start: 4, end: 7, tokens: ["cat"] },
        { start: 9, end: 12, tokens: ["sat"] },
        { end: null, tokens: ["[SEP]"] },
      ],
    });
    expect((await runCloze([...words, "--input", "The cat"])).stdout).toMatch(/4–7 +cat +cat +\d+/);
  });

  it.each(tokenizerKinds)("trains %s, encodes and decodes as the library does", async (kind) => {
    const output = join(folder, `tokenizer-${kind}`);
    const words = ["tokenizer", "train", "--corpus", corpus, "--tokenizer-kind", kind];
    words.push("--vocab-size", kind === "unigram" ? "40" : "300");
    const trained = await runCloze([...words, "--output", output, "--json"]);
    expect(trained).toMatchObject({ exitCode: 0, stderr: "" });
    const tokenizer = await AutoTokenizer.fromPretrained(output);
    expect(trained.lines).toEqual([
      { tokenizer: output, tokenizerKind: kind, vocabSize: tokenizer.length, elapsedMs: expect.any(Number) },
    ]);

    const texts = ["the cat ran .", "", "a bird, unseen"];
    const encoded = await runCloze(["tokenizer", "encode", "--tokenizer", output], { input: `${texts.join("\n")}\n` });
    expect(encoded).toMatchObject({ exitCode: 0, stderr: "" });
    expect(encoded.lines).toEqual(texts.map((text) => tokenizer(text, { returnTensors: false })));

    const decode = ["tokenizer", "decode", "--tokenizer", output, "--skip-special-tokens"];
    const decoded = await runCloze(decode, { input: encoded.stdout });
    const expected = encoded.lines.map(({ inputIds }) =>
      tokenizer.decode(inputIds as number[], { skipSpecialTokens: true }),
    );
    expect(decoded.stdout).toBe(`${expected.join("\n")}\n`);
    expect(decoded.stdout).toContain("the cat ran");
    const json = await runCloze([...decode, "--json"], { input: encoded.stdout });
    expect(json.lines).toEqual(expected.map((text) => ({ text })));
  });

  it("refuses what has no effect on the kind", async () => {
    for (const [kind, ...flag] of [
      ["bpe", "--lowercase", "no"],
      ["unigram", "--min-frequency", "2"],
    ]) {
      const words = ["tokenizer", "train", "--tokenizer-kind", kind as string, "--output", folder, "--json"];
      const { exitCode, error } = await runCloze([...words, ...flag]);
      expect(exitCode).toBe(2);
      expect(error.field).toBe(flag[0]);
    }
  });

  it("keeps capital letters when told so", async () => {
    const output = join(folder, "tokenizer-capitals");
    const file = join(folder, "capitals.txt");
    writeFileSync(file, "The Cat and the cat\n".repeat(5));
    await runCloze(["tokenizer", "train", "--corpus", file, "--lowercase", "no", "--output", output]);
    expect((await AutoTokenizer.fromPretrained(output)).tokenize("The Cat")).toEqual(["The", "Cat"]);
  });

  it("hands every trainer what it can be told", async () => {
    const file = join(folder, "letters.txt");
    writeFileSync(file, "Ｌow lower é 7\n".repeat(9));
    const train = async (kind: string, ...flags: string[]): ReturnType<typeof AutoTokenizer.fromPretrained> => {
      const output = join(folder, `tokenizer-told-${kind}`);
      const words = ["tokenizer", "train", "--corpus", file, "--tokenizer-kind", kind, "--output", output];
      expect(await runCloze([...words, ...flags])).toMatchObject({ exitCode: 0 });
      return AutoTokenizer.fromPretrained(output);
    };
    const coverage = ["--character-coverage", "0.9", "--byte-fallback", "yes", "--unk-token", "?"];
    const unigram = await train("unigram", ...coverage, "--special-tokens", "?", "--vocab-size", "280");
    expect([unigram.unkToken, unigram.tokenize("é")]).toEqual(["?", ["▁", "<0xC3>", "<0xA9>"]]);
    const parts = ["--normalizer", "NFKC,Lowercase", "--pre-tokenizer", "WhitespaceSplit,Digits"];
    const wordpiece = await train(
      "wordpiece",
      ...parts,
      "--continuing-subword-prefix",
      "@@",
      "--initial-alphabet",
      "xy",
    );
    expect(wordpiece.tokenize("Ｌower x é").slice(0, 3)).toEqual(["lower", "x", "é"]);
    const bpe = await train("bpe", "--use", "masked", "--add-prefix-space", "yes", "--max-token-length", "3");
    expect([bpe.maskToken, bpe.tokenize("lower")]).toEqual(["<mask>", ["Ġl", "ow", "er"]]);
    const characters = await train(
      "character-bpe",
      "--normalizer",
      "none",
      "--end-of-word-suffix",
      "_",
      "--min-frequency",
      "99",
    );
    expect(characters.tokenize("Ｌr")).toEqual(["Ｌ", "r_"]);
  });

  it("will not write into a folder with something in it, unless told so", async () => {
    const output = join(folder, "tokenizer-twice");
    const words = ["tokenizer", "train", "--corpus", corpus, "--vocab-size", "60", "--output", output];
    expect((await runCloze(words)).exitCode).toBe(0);
    const refused = await runCloze([...words, "--json"]);
    expect(refused).toMatchObject({ exitCode: 2, stdout: "" });
    expect(refused.error.hint).toContain("--overwrite");
    expect((await runCloze([...words, "--overwrite"])).exitCode).toBe(0);
  });

  it.each([
    ["[1, 2", "line 1"],
    ["1 2\n3 x", "line 2"],
    ["9999", "line 1"],
    ['{"ids": [1]}', "line 1"],
    ["-1", "line 1"],
    ["[1.5]", "line 1"],
  ])("refuses %j to decode, naming the line", async (input, field) => {
    const { exitCode, error } = await runCloze(["tokenizer", "decode", "--tokenizer", bert, "--json"], { input });
    expect(exitCode).toBe(2);
    expect(error).toMatchObject({ kind: "data", field });
  });

  it("encodes pairs, cuts, and leaves special tokens out", async () => {
    const words = ["tokenizer", "encode", "--tokenizer", bert, "--input", "the cat sat", "--pair", "a mat"];
    const tokens = async (...more: string[]): Promise<unknown> =>
      (await runCloze([...words, ...more])).lines[0]?.tokens;
    expect(await tokens()).toEqual(["[CLS]", "the", "cat", "sat", "[SEP]", "a", "mat", "[SEP]"]);
    expect(await tokens("--max-length", "5")).toEqual(["[CLS]", "the", "[SEP]", "a", "[SEP]"]);
    expect(await tokens("--without-special-tokens")).toEqual(["the", "cat", "sat", "a", "mat"]);
    const { exitCode, error } = await runCloze([...words, "--max-length", "2", "--json"]);
    expect(exitCode).toBe(2);
    expect(error).toMatchObject({ field: "--max-length", expected: "at least 3" });
  });

  it("wants some text", async () => {
    const words = ["tokenizer", "encode", "--tokenizer", bert, "--json"];
    for (const options of [{}, { input: "" }]) {
      const { exitCode, error } = await runCloze(words, options);
      expect(exitCode).toBe(2);
      expect(error).toMatchObject({ kind: "data", hint: expect.stringContaining("--input") });
    }
    const both = await runCloze([...words, "--input", "a", "--file", corpus]);
    expect(both.error.field).toBe("--file");
    expect((await runCloze([...words, "--file", join(folder, "no.txt")])).error.kind).toBe("data");
    expect((await runCloze([...words, "--file", "-"], { input: "the cat" })).lines).toHaveLength(1);
  });
});

describe("run", () => {
  const fillMask = ["run", "fill-mask", "--model", bert, "--top-k", "2"];
  const texts = ["the [MASK] sat on a mat .", "the [MASK] ran [MASK] the house .", "a [MASK] ."];

  it("prints with --json exactly what the library returns, whatever the texts come from", async () => {
    const unmask = await pipeline("fill-mask", bert);
    const expected = [];
    for (const text of texts) expected.push(await unmask(text, { topK: 2 }));
    await unmask.release();
    const file = join(folder, "texts.txt");
    writeFileSync(file, texts.join("\r\n"));
    const inputs = texts.flatMap((text) => ["--input", text]);
    const runs = [
      await runCloze([...fillMask, "--json", ...inputs]),
      await runCloze([...fillMask, "--json"], { input: texts.join("\n") }),
      await runCloze([...fillMask, "--json", "--file", file, "--batch-size", "1"]),
    ];
    for (const run of runs) {
      expect(run).toMatchObject({ exitCode: 0, stderr: "" });
      expect(JSON.parse(JSON.stringify(run.lines), rounded)).toEqual(JSON.parse(JSON.stringify(expected), rounded));
    }
  });

  /** Batches differ in the last digits. */
  function rounded(key: string, value: unknown): unknown {
    return key === "score" ? (value as number).toFixed(5) : value;
  }

  it("shows people each text with its answers, blank by blank", async () => {
    const { stdout } = await runCloze([...fillMask, "--input", texts[0] as string, "--input", texts[1] as string]);
    expect(stdout).toMatch(
      /^the \[MASK\] sat on a mat \.\n( +\d+\.\d% {2}\S+ +the \S+ sat on a mat\.\n){2}the \[MASK\] ran/,
    );
    expect(stdout).toMatch(/ {2}blank 1\n( +\d+\.\d% {2}\S+\n){2} {2}blank 2\n( +\d+\.\d% {2}\S+\n){2}$/);
  });

  it("writes results to a file, and nothing when a text is wrong", async () => {
    const output = join(folder, "answers.jsonl");
    const good = await runCloze([...fillMask, "--json", "--output", output, "--input", "a [MASK] ."]);
    expect(good).toMatchObject({ exitCode: 0, stdout: "" });
    expect(JSON.parse(readFileSync(output, "utf8"))).toHaveLength(2);
    const second = join(folder, "no-answers.jsonl");
    const bad = await runCloze([...fillMask, "--json", "--output", second, "--input", "no blank"]);
    expect(bad).toMatchObject({ exitCode: 2, stdout: "" });
    expect(bad.error.hint).toContain("[MASK]");
    expect(existsSync(second)).toBe(false);
  });

  it("considers targets", async () => {
    const { lines } = await runCloze([
      ...fillMask,
      "--json",
      "--targets",
      "cat",
      "--targets",
      "dog",
      "--input",
      "a [MASK]",
    ]);
    const [answers] = lines as unknown as { tokenStr: string }[][];
    expect(answers?.map(({ tokenStr }) => tokenStr).toSorted()).toEqual(["cat", "dog"]);
  });

  it("takes pairs from flags and from lines with a tab", async () => {
    const words = ["run", "next-sentence-prediction", "--model", bert, "--json"];
    const piped = await runCloze(words, { input: "the cat sat .\tit rains\na\tb\n" });
    expect(piped).toMatchObject({ exitCode: 0, stderr: "" });
    const flags = ["--input", "the cat sat .", "--input", "a", "--pair", "it rains", "--pair", "b"];
    expect((await runCloze([...words, ...flags])).lines).toEqual(piped.lines);
    expect(piped.lines).toHaveLength(2);
    const { error } = await runCloze([...words, "--input", "alone"]);
    expect(error).toMatchObject({ field: "--pair" });
  });

  it("continues texts, the same for the same seed", async () => {
    const words = ["run", "text-generation", "--model", join(golden, "pipelines", "gpt2"), "--max-new-tokens", "6"];
    const generate = await pipeline("text-generation", words[3] as string);
    const expected = await generate(["the cat", "a bird"], { maxNewTokens: 6 });
    await generate.release();
    const inputs = ["--input", "the cat", "--input", "a bird"];
    const run = await runCloze([...words, ...inputs, "--json"]);
    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
    expect(run.lines).toEqual(expected);
    const drawn = async (seed: string) =>
      (await runCloze([...words, ...inputs, "--do-sample", "--top-k", "0", "--seed", seed, "--json"])).stdout;
    expect(await drawn("1")).toBe(await drawn("1"));
    expect(await drawn("1")).not.toBe(await drawn("2"));
    // On a terminal the same text comes in pieces.
    const pieces: string[] = [];
    const watched = await runCloze([...words, ...inputs], { isTerminal: true, onOutput: (text) => pieces.push(text) });
    expect(pieces.length).toBeGreaterThan(4);
    expect(watched.stdout).toBe(harmless((await runCloze([...words, ...inputs])).stdout));
  });

  it("refuses the flags of another pipeline", async () => {
    const { exitCode, error } = await runCloze([...fillMask, "--input", "a [MASK]", "--pair", "b", "--json"]);
    expect(exitCode).toBe(2);
    expect(error.field).toBe("--pair");
  });
});

describe("inspect", () => {
  it("tells sizes, parts that add up, and uses", async () => {
    const { lines, exitCode } = await runCloze(["inspect", bert, "--json"]);
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    const [summary] = lines as [Record<string, unknown> & { parts: { name: string; parameters: number }[] }];
    // As counted by the library that made the folder.
    expect(summary).toMatchObject({
      ...{ modelType: "bert", class: "BertForPreTraining", layers: 2, width: 16, heads: 2, maximumLength: 24 },
      parameters: 5726,
      memory: { weightsBytes: 4 * 5726, trainingBytes: 16 * 5726 },
      weights: { bytes: 4 * 5726, types: ["F32"] },
      tokenizer: { class: "BertTokenizer", tokens: 44 },
      pipelines: ["feature-extraction", "fill-mask", "next-sentence-prediction"],
      config: { hiddenSize: 16, vocabSize: 44 },
    });
    expect(summary.parts.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(5726);
    expect(summary.parts).toContainEqual({ name: "encoder.layer", count: 2, parameters: 3920 });
  });

  it("says the same to people", async () => {
    const { stdout } = await runCloze(["inspect", bert]);
    expect(stdout).toContain("L 2, H 16, A 2");
    expect(stdout).toMatch(/encoder\.layer +3,920 {2}2 of 1,960/);
    expect(stdout).toMatch(/BertForMaskedLM +ready/);
    expect(stdout).toContain(`cloze run fill-mask --model ${bert}`);
  });

  it("says what a folder lacks", async () => {
    const { lines } = await runCloze(["inspect", join(golden, "models", "bert-BertModel-position-ids"), "--json"]);
    const uses = lines[0]?.uses as { className: string; missingParameters: number }[];
    expect(uses.find(({ className }) => className === "BertModel")?.missingParameters).toBe(0);
    expect(uses.find(({ className }) => className === "BertForMaskedLM")?.missingParameters).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ tokenizer: null, pipelines: [] });
  });
});

describe("verify", () => {
  const reference = join(golden, "models", "bert-BertForMaskedLM-untied");

  it("prints a line per value and a summary, and exits 0", async () => {
    const { lines, exitCode, stderr } = await runCloze(["verify", reference, "--json"]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    const summary = lines.at(-1);
    expect(summary).toEqual({ path: reference, ok: true, checked: lines.length - 1, failed: 0 });
    const kinds = new Set(lines.slice(0, -1).map(({ kind }) => kind));
    expect([...kinds]).toEqual(["outputs", "gradients", "curve"]);
    for (const line of lines.slice(0, -1)) {
      expect(line).toMatchObject({ path: reference, name: expect.any(String), ok: true });
      expect(line.maxAbsoluteError).toEqual(expect.any(Number));
      expect(line.maxRelativeError).toEqual(expect.any(Number));
    }
    const only = await runCloze(["verify", reference, "--json", "--only", "curve"]);
    expect(new Set(only.lines.slice(0, -1).map(({ kind }) => kind))).toEqual(new Set(["curve"]));
    expect((await runCloze(["verify", reference])).stdout).toMatch(/✓ .*\n {2}outputs +(\d+) of \1 hold/);
  });

  it("exits 1 when a value does not hold, or nothing was checked", async () => {
    const mutant = join(folder, "mutant");
    cpSync(reference, mutant, { recursive: true });
    const config = JSON.parse(readFileSync(join(mutant, "config.json"), "utf8"));
    writeFileSync(join(mutant, "config.json"), JSON.stringify({ ...config, hidden_act: "relu" }));
    const wrong = await runCloze(["verify", mutant, "--json", "--only", "outputs"]);
    expect(wrong.exitCode).toBe(1);
    expect(wrong.lines.at(-1)).toMatchObject({ path: mutant, ok: false });
    expect(wrong.error).toMatchObject({ kind: "parity", message: expect.stringMatching(/^\d+ of \d+ checks failed/) });
    expect((await runCloze(["verify", mutant])).stdout).toMatch(/✗ outputs \S+: absolute error \S+, relative \S+\n/);
    const nothing = await runCloze(["verify", reference, "--json", "--only", "generation"]);
    expect(nothing.lines).toEqual([{ path: reference, ok: false, checked: 0, failed: 0 }]);
    expect(nothing.exitCode).toBe(1);
    expect(nothing.error).toMatchObject({ kind: "parity", message: "Nothing was checked." });
  });

  it("goes on after a path without a reference, and exits 2", async () => {
    const nowhere = join(folder, "nowhere");
    const { lines, exitCode, error } = await runCloze(["verify", nowhere, reference, "--only", "outputs", "--json"]);
    expect(exitCode).toBe(2);
    expect(error.kind).toBe("checkpoint");
    expect(lines[0]).toMatchObject({ path: nowhere, ok: false, error: { kind: "checkpoint" } });
    expect(lines.at(-1)).toMatchObject({ path: reference, ok: true });
  });
});

describe("doctor", () => {
  it("says what there is", async () => {
    const { lines, exitCode } = await runCloze(["doctor", "--json"]);
    expect(exitCode).toBe(0);
    const findings = lines[0]?.findings as { name: string; ok: boolean; value: string; hint?: string }[];
    expect(lines[0]).toMatchObject({ version: "1.2.3", ok: true });
    expect(findings).toContainEqual({ name: "Node", ok: true, value: "20.19.0" });
    expect(findings.find(({ name }) => name === "engine cpu")?.value).toMatch(/^ONNX Runtime 1\.\d+/);
    for (const { ok, hint } of findings) expect(ok || hint !== undefined).toBe(true);
    expect((await runCloze(["doctor"])).stdout).toMatch(/^cloze 1\.2\.3\n✓ Node +20\.19\.0\n/);
  });
});

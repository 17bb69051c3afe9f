import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FakeTerminalOptions, runCloze } from "../../test/support/fake-terminal.ts";
import { pretrainFields } from "../training/index.ts";
import { pretrainSettingOptions } from "./pretrain-options.ts";

let folder: string;
let output: string;
let small: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-pretrain-"));
  output = join(folder, "out");
  const corpus = join(folder, "corpus.txt");
  const sentences = ["the cat sat on the mat .", "a bird flew over the house .", "the dog ran under a tree ."];
  const documents = Array.from(
    { length: 40 },
    (_, index) => `${sentences[index % 3]}\n${sentences[(index + 1) % 3]}\n`,
  );
  writeFileSync(corpus, documents.join("\n"));
  small = ["pretrain", "--corpus", corpus, "--vocab-size", "80", "--batch-size", "2", "--sequence-length", "12"];
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const run = (words: readonly string[], options?: FakeTerminalOptions) => runCloze(words, options);

it("has a flag for every setting", () => {
  expect(Object.keys(pretrainSettingOptions)).toEqual(Object.keys(pretrainFields));
});

describe("pretrain", () => {
  it("leaves a model folder that other commands take, and tells its events", async () => {
    const { lines, exitCode } = await run([...small, "--steps", "4", "--output", output, "--json"]);
    expect(exitCode).toBe(0);
    expect(lines.map(({ event }) => event)).toEqual([
      "step",
      "step",
      "step",
      "step",
      "checkpoint",
      "evaluation",
      "done",
    ]);
    for (const line of lines.slice(0, 4)) {
      const numbers = ["step", "loss", "learningRate", "gradientNorm", "tokensPerSecond", "elapsedMs"];
      for (const name of numbers) expect(line[name], name).toEqual(expect.any(Number));
    }
    const logged = readFileSync(join(output, "metrics.jsonl"), "utf8").trimEnd().split("\n");
    expect(logged.map((line) => JSON.parse(line))).toEqual(lines);
    expect(readdirSync(output)).toEqual(
      expect.arrayContaining(["config.json", "model.safetensors", "tokenizer.json", "run.json", "checkpoints"]),
    );
    const filled = await run(["run", "fill-mask", "--model", output, "--input", "the [MASK] sat", "--json"]);
    expect(filled).toMatchObject({ exitCode: 0, stderr: "" });
    expect(filled.lines[0]).toHaveLength(5);
  });

  it("says in a line what became of it, with progress for people only", async () => {
    const { stdout, stderr } = await run([...small, "--steps", "3", "--output", output]);
    expect(stdout).toMatch(/^\S+: 3 steps in [\d.]+ m?s, loss [\d.]+ → [\d.]+; held-out text: .*\n$/);
    expect(stderr).toContain("3 steps of 2 rows of 12 tokens");
    const quiet = await run([...small, "--steps", "3", "--output", output, "--overwrite", "--quiet"]);
    expect(quiet).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("will not touch a folder that is not empty", async () => {
    const words = [...small, "--steps", "1", "--output", output, "--json"];
    await run(words);
    const before = readFileSync(join(output, "metrics.jsonl"), "utf8");
    const { exitCode, error } = await run(words);
    expect(exitCode).toBe(2);
    expect(error.hint).toMatch(/--resume.*--overwrite/);
    expect(readFileSync(join(output, "metrics.jsonl"), "utf8")).toBe(before);
    expect((await run([...words, "--overwrite", "--resume"])).exitCode).toBe(2);
  });

  it("repeats a run from its run.json to the bit", async () => {
    await run([...small, "--steps", "3", "--seed", "5", "--output", output]);
    const again = join(folder, "again");
    const file = join(output, "run.json");
    const { exitCode } = await run(["pretrain", "--config-file", file, "--output", again, "--quiet"]);
    expect(exitCode).toBe(0);
    const weights = (of: string): Buffer => readFileSync(join(of, "model.safetensors"));
    expect(weights(again).equals(weights(output))).toBe(true);
    const { output: _, ...settings } = JSON.parse(readFileSync(file, "utf8"));
    expect(JSON.parse(readFileSync(join(again, "run.json"), "utf8"))).toEqual({ ...settings, output: again });
    const other = join(folder, "other");
    await run(["pretrain", "--config-file", file, "--output", other, "--seed", "6", "--quiet"]);
    expect(weights(other).equals(weights(output))).toBe(false);
  });

  it("resumes a finished run by doing nothing, and an absent one at step 0", async () => {
    const words = [...small, "--steps", "2", "--output", output, "--json"];
    const absent = await run([...words, "--resume"]);
    expect(absent.lines[0]).toEqual({ event: "resumed", step: 0 });
    expect(absent.stderr).toContain("begins at step 0");
    expect(absent.exitCode).toBe(0);
    const before = readFileSync(join(output, "model.safetensors"));
    // The flags of the run are in its run.json.
    const finished = await run(["pretrain", "--output", output, "--resume", "--json"]);
    expect(finished.lines).toEqual([{ event: "resumed", step: 2 }]);
    expect(finished.exitCode).toBe(0);
    expect(readFileSync(join(output, "model.safetensors")).equals(before)).toBe(true);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("saves a checkpoint on %s, says how to resume, and then goes on", async (signal, exitCode) => {
    const stopAt = 3;
    const stopped = await run([...small, "--steps", "6", "--output", output, "--json"], {
      onOutput: (text, terminal) => {
        if (text.includes(`"step":${stopAt},"loss"`)) terminal.stop(signal);
      },
    });
    expect(stopped.exitCode).toBe(exitCode);
    expect(stopped.lines.at(-1)).toMatchObject({ event: "done", step: stopAt, reason: "interrupted" });
    expect(stopped.stderr).toContain(`Go on with: cloze pretrain --output ${output} --resume`);
    const resumed = await run(["pretrain", "--output", output, "--resume", "--json"]);
    expect(resumed.exitCode).toBe(0);
    expect(resumed.lines[0]).toEqual({ event: "resumed", step: stopAt });
    const whole = join(folder, "whole");
    await run([...small, "--steps", "6", "--output", whole, "--quiet"]);
    const weights = (of: string): Buffer => readFileSync(join(of, "model.safetensors"));
    expect(weights(output).equals(weights(whole))).toBe(true);
  });

  it("saves a checkpoint, quietly, when the reader of its events has gone", async () => {
    const { exitCode, stderr } = await run([...small, "--steps", "6", "--output", output, "--json", "--quiet"], {
      onOutput: (text, terminal) => {
        if (text.includes('"step":2,"loss"')) terminal.closeOutput();
      },
    });
    expect(exitCode).toBe(0);
    expect(readdirSync(join(output, "checkpoints")).filter((name) => name.startsWith("step-"))).toHaveLength(1);
    expect(stderr).not.toMatch(/EPIPE|Error/);
  });
});

describe("the flags of objectives", () => {
  /** The first row, and which of its places are asked. */
  async function firstRow(...words: string[]) {
    const { lines, exitCode } = await run([...small, "--steps", "1", "--dry-run", "--json", ...words]);
    expect(exitCode).toBe(0);
    const [plan] = lines as { firstRow: { tokens: string[]; asked: { position: number; token: string }[] } }[];
    const { tokens = [], asked = [] } = plan?.firstRow ?? {};
    const original = [...tokens];
    for (const { position, token } of asked) original[position] = token;
    return { original, places: asked.map(({ position }) => position) };
  }

  it("hides whole words", async () => {
    // With 30 tokens, words are in pieces.
    const pieces = ["--vocab-size", "30", "--mask-share", "0.5", "--sequence-length", "40"];
    const halves = async (...words: string[]): Promise<number> => {
      const { original, places } = await firstRow(...pieces, ...words);
      const isHidden = (at: number): boolean => places.includes(at);
      return original.filter((token, at) => token.startsWith("##") && isHidden(at) !== isHidden(at - 1)).length;
    };
    expect(await halves()).toBeGreaterThan(0);
    expect(await halves("--mask-unit", "word")).toBe(0);
    expect(await halves("--mask-unit", "n-gram", "--max-ngram", "2")).toBe(0);
  });

  it("hides no more of a row than it is told", async () => {
    const words = ["--mask-share", "0.5", "--max-predictions-per-sequence"];
    expect((await firstRow(...words, "2")).places).toHaveLength(2);
    expect((await firstRow(...words, "3")).places).toHaveLength(3);
  });

  it("fills rows with whole sentences", async () => {
    const { original } = await firstRow("--rows", "full-sentences", "--sequence-length", "24");
    const text = original.join(" ").replaceAll(/ ?\[(?:CLS|SEP|PAD)\] ?/g, " ");
    expect(text.trim()).toMatch(
      /^(?:[^.]* )?\.(?: (?:the cat sat on the mat|a bird flew over the house|the dog ran under a tree) \.)*$/,
    );
  });

  it("cuts pairs shorter when it is told to", async () => {
    const long = join(folder, "long.txt");
    writeFileSync(long, `${"the cat sat on the mat .\n".repeat(20)}\n`.repeat(20));
    const rows = ["--corpus", long, "--objective", "next-sentence-prediction", "--sequence-length", "64"];
    const length = async (share: string): Promise<number | undefined> => {
      const words = [...small, ...rows, "--short-sequence-probability", share, "--steps", "1", "--dry-run", "--json"];
      const batch = (await run(words)).lines[0]?.batch as Record<string, { shape: number[] }>;
      return batch.inputIds?.shape[1];
    };
    expect(await length("0")).toBe(64);
    expect(await length("1")).toBeLessThan(64);
  });

  it("trains with each of them, writes them down, and repeats them from there", async () => {
    const weights: Record<string, string> = {};
    const cases: Readonly<Record<string, string[]>> = {
      dynamic: [],
      static: ["--mask-draws", "static"],
      copies: ["--mask-draws", "static", "--mask-copies", "2"],
      causal: ["--architecture", "gpt2"],
      history: ["--architecture", "gpt2", "--history", "2"],
    };
    for (const [name, words] of Object.entries(cases)) {
      const folder = join(output, name);
      // More than an epoch, or static masks would be the dynamic ones' first.
      const { exitCode } = await run([...small, "--batch-size", "16", "--steps", "9", "--output", folder, ...words]);
      expect(exitCode).toBe(0);
      weights[name] = readFileSync(join(folder, "model.safetensors"), "base64");
    }
    expect(new Set(Object.values(weights)).size).toBe(5);
    const file = join(output, "copies", "run.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({
      maskDraws: "static",
      maskCopies: 2,
      rows: "contiguous",
    });
    await run(["pretrain", "--config-file", file, "--output", join(output, "again"), "--quiet"]);
    expect(readFileSync(join(output, "again", "model.safetensors"), "base64")).toBe(weights.copies);
    const evaluated = async (...words: string[]) => {
      const given = ["--model", join(output, "history"), "--data", join(folder, "corpus.txt"), ...words, "--json"];
      return (await run(["evaluate", "causal-language-modeling", ...given])).lines[0]?.metrics;
    };
    // The folder says how far the model reads back.
    expect(await evaluated("--history", "2")).toEqual(await evaluated());
    expect(await evaluated("--history", "24")).not.toEqual(await evaluated());
  });

  it.each([
    ["maskUnit", ["--architecture", "gpt2", "--mask-unit", "word"]],
    ["maskShare", ["--objective", "next-sentence-prediction", "--mask-share", "0.3"]],
    ["rows", ["--objective", "masked-language-modeling+next-sentence-prediction", "--rows", "full-sentences"]],
    ["maskCopies", ["--mask-copies", "10"]],
    ["maxNgram", ["--max-ngram", "2"]],
    ["history", ["--history", "4"]],
    ["moments", ["--optimizer", "lamb", "--moments", "bfloat16"]],
    ["shortSequenceProbability", ["--short-sequence-probability", "0.5"]],
    ["maskUnit", ["--tokenizer-kind", "character-bpe", "--mask-unit", "word"]],
    ["--mask-unit", ["--mask-unit", "words"]],
    ["--max-predictions-per-sequence", ["--max-predictions-per-sequence", "0"]],
    ["--history", ["--architecture", "gpt2", "--history", "0"]],
    ["--mask-draw", ["--mask-draw", "static"]],
  ])("refuses what has no effect or is wrong: %s of %j", async (field, words) => {
    const { exitCode, error } = await run([...small, "--steps", "1", "--output", output, "--json", ...words]);
    expect({ exitCode, kind: error.kind, field: error.field }).toEqual({ exitCode: 2, kind: "configuration", field });
    expect(existsSync(output)).toBe(false);
  });

  it("shows every default in the help", async () => {
    const { stdout } = await run(["pretrain", "--help"]);
    const help = stdout.replaceAll(/\s+/g, " ");
    expect(help).toMatch(/--mask-draws <KIND> [^(]*\(default: dynamic\)/);
    expect(help).toMatch(/--mask-unit <UNIT> [^(]*\(default: token; n-gram with albert\)/);
    expect(help).toMatch(/--history <K> [^(]*\(default: all of the row\)/);
  });
});

describe("pretrain --dry-run", () => {
  it("tells shapes, parameters, memory, time and the first batch, and writes nothing", async () => {
    const words = [...small, "--steps", "200", "--dry-run"];
    const { lines, exitCode } = await run([...words, "--json", "--output", output]);
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      ...{ dryRun: true, class: "BertForMaskedLM", totalSteps: 200, objective: "masked-language-modeling" },
      masks: "15% in tokens, new in each epoch; rows are running text",
      batch: { inputIds: { type: "int64", shape: [2, 12] } },
      memory: { peakBytes: expect.any(Number) },
      firstRow: { tokens: expect.arrayContaining(["[CLS]"]), asked: expect.any(Array) },
    });
    expect(lines[0]?.parameters).toBeGreaterThan(100_000);
    expect(lines[0]?.totalMs).toBeGreaterThan(0);
    expect(existsSync(output)).toBe(false);
    const { stdout } = await run(words);
    expect(stdout).toMatch(/^model +BertForMaskedLM, [\d,]+ parameters\n/);
    expect(stdout).toMatch(/inputIds +\[2, 12\] int64/);
  });
});

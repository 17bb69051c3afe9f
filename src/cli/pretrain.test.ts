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

describe("pretrain --dry-run", () => {
  it("tells shapes, parameters, memory, time and the first batch, and writes nothing", async () => {
    const words = [...small, "--steps", "200", "--dry-run"];
    const { lines, exitCode } = await run([...words, "--json", "--output", output]);
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      ...{ dryRun: true, class: "BertForMaskedLM", totalSteps: 200, objective: "masked-language-modeling" },
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

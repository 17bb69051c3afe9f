/** `cloze finetune` and `cloze evaluate` on labelled files, from the outside. */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";
import type { Bootstrapped } from "../training/index.ts";

const model = fileURLToPath(new URL("../../test/golden/pipelines/bert", import.meta.url));
let folder: string;
let table: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloze-finetune-cli-"));
  table = join(folder, "rows.tsv");
  const rows = Array.from({ length: 40 }, (_, row) => `${row % 2 ? "cat" : "dog"}\tthe ${row % 2 ? "cat" : "dog"} sat`);
  await writeFile(table, `${rows.join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const columns = ["--no-header", "--column", "label=0", "--column", "text=1"];

describe("finetune", () => {
  it("trains on a table without a header, and evaluate gives the figures that it ended with", async () => {
    const output = join(folder, "classifier");
    const words = [
      "finetune",
      "text-classification",
      "--model",
      model,
      "--train",
      table,
      "--validation",
      table,
      ...columns,
    ];
    words.push(
      "--output",
      output,
      "--learning-rate",
      "3e-3",
      "--epochs",
      "60",
      "--checkpoint-every",
      "0",
      "--threads",
      "1",
    );
    const trained = await runCloze(words);
    expect(trained.exitCode).toBe(0);
    expect(trained.stderr).toContain("40 examples to train on; held out: 40 examples of");
    expect(trained.stdout).toContain("accuracy 100.0%");
    expect(trained.stdout).toMatch(/^cat +100\.0% +100\.0% +100\.0% +20$/m);
    const config = JSON.parse(await readFile(join(output, "config.json"), "utf8"));
    expect(config).toMatchObject({
      problem_type: "single_label_classification",
      id2label: { "0": "cat", "1": "dog" },
    });
    const evaluated = await runCloze([
      "evaluate",
      "text-classification",
      "--model",
      output,
      "--data",
      table,
      ...columns,
      "--json",
    ]);
    expect(evaluated.lines[0]).toMatchObject({ task: "text-classification", metrics: { accuracy: 1 }, examples: 40 });
    const again = await runCloze([
      "finetune",
      "--config-file",
      join(output, "run.json"),
      "--output",
      join(folder, "again"),
    ]);
    expect(again.exitCode).toBe(0);
    const weights = (name: string) => readFile(join(folder, name, "model.safetensors"));
    expect(await weights("again")).toEqual(await weights("classifier"));
  });

  it.each([
    { why: "a row without a label", rows: "good\tfine\n\tfine too\n", field: "line 2, label" },
    { why: "one class alone", rows: "good\tfine\ngood\tfine too\n", field: "label" },
  ])("refuses $why and names the file", async ({ rows, field }) => {
    const file = join(folder, "bad.tsv");
    await writeFile(file, rows);
    const words = ["finetune", "text-classification", "--model", model, "--train", file, ...columns];
    const { exitCode, stderr } = await runCloze([...words, "--output", join(folder, "refused"), "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr.trim().split("\n").at(-1) as string).error).toMatchObject({ kind: "data", file, field });
  });

  it("trains with several seeds, leaves the best model, and repeats nothing when it is resumed", async () => {
    const output = join(folder, "seeds");
    const words = ["finetune", "text-classification", "--model", model, "--train", table, ...columns];
    words.push("--validation", table, "--output", output, "--learning-rate", "3e-3", "--epochs", "8", "--threads", "1");
    words.push("--seed", "5", "--seeds", "2", "--quiet");
    const trained = await runCloze(words);
    expect(trained.exitCode).toBe(0);
    const { runs, best, mean, deviation } = JSON.parse(await readFile(join(output, "runs.json"), "utf8"));
    expect(runs.map(({ name }: { name: string }) => name)).toEqual(["seed-5", "seed-6"]);
    const accuracies = runs.map(({ metrics }: { metrics: { accuracy: number } }) => metrics.accuracy);
    expect(mean.accuracy).toBeCloseTo((accuracies[0] + accuracies[1]) / 2, 12);
    expect(deviation.accuracy).toBeCloseTo(Math.abs(accuracies[0] - accuracies[1]) / Math.SQRT2, 12);
    expect(Math.max(...accuracies)).toBe(accuracies[best === "seed-5" ? 0 : 1]);
    const weights = (...path: string[]) => readFile(join(output, ...path, "model.safetensors"));
    expect(await weights()).toEqual(await weights(best));
    expect(trained.stdout).toMatch(/^deviation +/m);
    // As if the second run had not been begun.
    const second = await weights("seed-6");
    await rm(join(output, "seed-6"), { recursive: true });
    const kept = { mainMetric: "accuracy", runs: runs.slice(0, 1) };
    await writeFile(join(output, "runs.json"), JSON.stringify(kept));
    const resumed = await runCloze(["finetune", "--output", output, "--resume", "--json"]);
    expect(resumed.exitCode).toBe(0);
    expect(resumed.lines.filter(({ event }) => event === "step")).toHaveLength(24);
    expect(resumed.lines.at(-1)).toEqual({ event: "runs", mainMetric: "accuracy", runs, best, mean, deviation });
    expect(await weights("seed-6")).toEqual(second);
    await writeFile(join(output, "runs.json"), JSON.stringify({ ...kept, runs: [{ name: 1 }] }));
    const spoiled = await runCloze(["finetune", "--output", output, "--resume", "--json"]);
    expect(spoiled.exitCode).toBe(2);
    const { error } = JSON.parse(spoiled.stderr.trim().split("\n").at(-1) as string);
    expect(error).toMatchObject({ kind: "checkpoint", file: join(output, "runs.json"), field: "runs.0.name" });
  });

  it("probes each layer of a frozen encoder, with a bar for each", async () => {
    const output = join(folder, "probe");
    const words = ["finetune", "text-classification", "--model", model, "--train", table, ...columns, "--threads", "1"];
    words.push("--validation", table, "--output", output, "--epochs", "10", "--frozen", "--layers", "each", "--quiet");
    const { exitCode, stdout } = await runCloze(words);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^layer +macro F1 +Matthews correlation +accuracy$/m);
    for (const layer of [0, 1, 2]) {
      expect(stdout).toMatch(new RegExp(`^${layer}( \\(best\\))? .*%  [█▏▎▍▌▋▊▉]+$`, "m"));
      const config = JSON.parse(await readFile(join(output, `layer-${layer}`, "config.json"), "utf8"));
      expect(config.cloze_feature_layers).toBe(String(layer));
    }
  });

  it("tells with --dry-run what a run would be like, and writes nothing", async () => {
    const output = join(folder, "dry");
    const words = ["finetune", "text-classification", "--model", model, "--train", table, ...columns, "--threads", "1"];
    const { lines, exitCode } = await runCloze([
      ...words,
      "--validation",
      table,
      "--dry-run",
      "--output",
      output,
      "--json",
    ]);
    expect(exitCode).toBe(0);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      ...{ dryRun: true, class: "BertForSequenceClassification", task: "text-classification" },
      batch: { inputIds: { type: "int64", shape: [16, 8] }, labels: { type: "int64", shape: [16] } },
      firstRow: { tokens: expect.arrayContaining(["[CLS]"]) },
    });
    expect(existsSync(output)).toBe(false);
    const { stdout } = await runCloze([...words, "--validation", table, "--dry-run", "--frozen"]);
    expect(stdout).toMatch(/^model +BertForSequenceClassification, [\d,]+ parameters, 34 of them trained\n/);
  });

  it("shows the learning curves, and with --profile where the time went", async () => {
    const output = join(folder, "profiled");
    const words = ["finetune", "text-classification", "--model", model, "--train", table, ...columns, "--threads", "1"];
    words.push("--validation", table, "--output", output, "--epochs", "6", "--profile");
    const { exitCode, stderr } = await runCloze(words);
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/^loss {3}• training {3}○ held out$/m);
    expect(stderr).toMatch(/^accuracy, held out$/m);
    expect(stderr).toContain("A step took");
    expect(existsSync(join(output, "profile.json"))).toBe(true);
  });

  it("gives intervals with evaluate --bootstrap, the same every time", async () => {
    const words = ["evaluate", "text-classification", "--model", join(folder, "seeds"), "--data", table, ...columns];
    const { lines } = await runCloze([...words, "--bootstrap", "200", "--seed", "3", "--json"]);
    const { metrics, bootstrap } = lines[0] as { metrics: { accuracy: number }; bootstrap: Bootstrapped };
    expect(bootstrap).toMatchObject({ resamples: 200, confidence: 0.95, seed: 3 });
    const { low, high } = bootstrap.intervals.accuracy as { low: number; high: number };
    expect(low).toBeLessThanOrEqual(metrics.accuracy);
    expect(high).toBeGreaterThanOrEqual(metrics.accuracy);
    expect((await runCloze([...words, "--bootstrap", "200", "--seed", "3", "--json"])).lines[0]).toEqual(lines[0]);
    const { stdout } = await runCloze([...words, "--bootstrap"]);
    expect(stdout).toContain("(bootstrap: percentiles of 1,000 resamples of the 40 examples, seed 0)");
  });

  it.each([
    {
      what: "counts a rare label that the model was not trained on as a fault, and says so",
      rows: "cat\tfine\nsuperb\tfine too\n",
      exitCode: 0,
      says: "Labels that the model was not trained on, counted as faults: superb\n",
    },
    {
      what: "refuses labels of which it knows hardly any, and names the line",
      rows: "cat\tfine\nsuperb\tfine too\nawful\tno\n",
      exitCode: 2,
      says: "Line 2: There is a label that the model does not know",
    },
  ])("$what", async ({ rows, exitCode, says }) => {
    const file = join(folder, "other.tsv");
    await writeFile(file, rows);
    const words = ["evaluate", "text-classification", "--model", join(folder, "classifier"), "--data", file];
    const result = await runCloze([...words, ...columns]);
    expect(result.exitCode).toBe(exitCode);
    expect(exitCode === 0 ? result.stdout : result.stderr).toContain(says);
  });

  it.each([
    { words: [], field: "task" },
    { words: ["text-clasification"], field: "task" },
    { words: ["text-classification"], field: "--model" },
    { words: ["text-classification", "--model", model], field: "--train" },
    { words: ["token-classification", "--model", model, "--train", "no.csv", "--output", "o"], field: undefined },
  ])("refuses $words", async ({ words, field }) => {
    const { exitCode, stderr } = await runCloze(["finetune", ...words, "--json"]);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr.trim()).error.field).toBe(field);
  });
});

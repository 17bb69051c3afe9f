/** `cloze finetune` and `cloze evaluate` on labelled files, from the outside. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";

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

  it("names the line of a label that the model does not know", async () => {
    const file = join(folder, "other.tsv");
    await writeFile(file, "cat\tfine\nsuperb\tfine too\n");
    const words = [
      "evaluate",
      "text-classification",
      "--model",
      join(folder, "classifier"),
      "--data",
      file,
      ...columns,
    ];
    const { exitCode, stderr } = await runCloze([...words, "--json"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("Line 2: There is a label that the model does not know");
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

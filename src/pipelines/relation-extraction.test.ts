/** Relations told by the states of the tokens that open the entities, from labelled rows to the pipeline. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { goldenModel } from "../../test/support/pipeline-cases.ts";
import { evaluateTask, finetune } from "../training/index.ts";
import { pipeline } from "./index.ts";

const options = { threads: 1, onWarning: () => undefined };

/** Which of two animals sat: the same words each time, so that only the markers tell. */
const rows = [
  { text: "the cat sat and the dog ran", head: [4, 7], tail: [20, 23], label: "sits beside" },
  { text: "the cat sat and the dog ran", head: [20, 23], tail: [4, 7], label: "runs from" },
  { text: "the dog sat and a bird ran .", head: [4, 7], tail: [18, 22], label: "sits beside" },
  { text: "the dog sat and a bird ran .", head: [18, 22], tail: [4, 7], label: "runs from" },
] as const;

describe("relations by the states where entities open", () => {
  let folder: string;
  let output: string;
  let file: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloze-relations-"));
    [output, file] = [join(folder, "model"), join(folder, "rows.jsonl")];
    await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const files = { task: "relation-extraction", model: goldenModel("bert"), train: file, validation: file } as const;
    const { model } = await finetune(
      {
        ...{ ...files, output, entityStarts: true, epochs: 200, learningRate: 5e-3, batchSize: 4, threads: 1 },
        ...{ evaluateEvery: 50, checkpointEvery: 0 },
      },
      {},
      { onWarning: () => undefined },
    );
    await model.release();
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true }));

  it("are learned, kept in the folder, and evaluated", async () => {
    const config = JSON.parse(await readFile(join(output, "config.json"), "utf8"));
    expect(config).toMatchObject({ architectures: ["BertModel"], cloze_entity_starts: [44, 46], vocab_size: 48 });
    const { metrics } = await evaluateTask("relation-extraction", output, file, options);
    expect(metrics.accuracy).toBe(1);
  });

  it("are told by the pipeline", async () => {
    const relate = await pipeline("relation-extraction", output, options);
    const told = await relate(rows.map(({ text, head, tail }) => ({ text, head, tail })));
    expect(told.map(([relation]) => relation?.label)).toEqual(rows.map(({ label }) => label));
    await relate.release();
  });

  it("go on as such when the model is fine-tuned further", async () => {
    const task = "relation-extraction" as const;
    const settings = { task, model: output, train: file, validation: file, steps: 1, learningRate: 0, threads: 1 };
    const { model, evaluation } = await finetune(settings, {}, { onWarning: () => undefined });
    expect(model.config.entityStarts).toEqual([44, 46]);
    expect(evaluation?.metrics.accuracy).toBe(1);
    await model.release();
  });
});

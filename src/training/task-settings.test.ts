import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TaskName } from "../tasks/index.ts";
import { evaluateTask } from "./evaluate-task.ts";
import { finetune } from "./finetune.ts";
import type { FinetuneSettings } from "./finetune-settings.ts";

const model = fileURLToPath(new URL("../../test/golden/pipelines/bert", import.meta.url));
let folder: string;
let questions: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloze-task-settings-"));
  questions = join(folder, "questions.jsonl");
  await writeFile(questions, JSON.stringify({ query: "who sat", positive: "the cat sat", negatives: ["the dog ran"] }));
});
afterAll(() => rm(folder, { recursive: true }));

describe("settings that belong to other tasks", () => {
  it.each<[TaskName, Partial<FinetuneSettings>, string]>([
    ["text-ranking", { stride: 4 }, "stride"],
    ["retrieval", { stride: 0 }, "stride"],
    ["multiple-choice", { stride: 4 }, "stride"],
    ["text-ranking", { pooling: "mean" }, "pooling"],
    ["token-classification", { similarityScale: 20 }, "similarityScale"],
    ["relation-extraction", { bothOrders: true }, "bothOrders"],
    ["token-classification", { problemType: "regression" }, "problemType"],
  ])("are refused by the fine-tuning of %s: %o", async (task, given, field) => {
    const settings = { task, model, train: questions, validationShare: 0, ...given };
    await expect(finetune(settings)).rejects.toMatchObject({
      ...{ kind: "configuration", field, message: `${field} has no effect on ${task}.` },
      ...{ received: String(Object.values(given)[0]), hint: expect.stringContaining("Leave it out") },
    });
  });

  it("name the tasks that they belong to", async () => {
    const settings: Partial<FinetuneSettings> = { task: "cloze", model, train: questions, similarity: "dot" };
    await expect(finetune(settings)).rejects.toMatchObject({
      expected: "nothing, or a task that it belongs to: retrieval",
    });
  });

  it("are refused by evaluations", async () => {
    await expect(evaluateTask("text-ranking", model, questions, { stride: 4 })).rejects.toMatchObject({
      ...{ kind: "configuration", field: "stride", received: "4" },
      hint: "Leave it out; sequenceLength says how much of a text is read.",
    });
  });
});

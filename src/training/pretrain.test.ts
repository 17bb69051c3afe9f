import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Parameter } from "../graph/index.ts";
import { BertForMaskedLM } from "../models/bert.ts";
import { Random } from "../random.ts";
import type { TrainingEvent } from "./events.ts";
import { pretrain } from "./pretrain.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";
import type { PretrainHooks, PretrainOptions } from "./pretraining-types.ts";

let folder: string;
let corpus: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloze-pretrain-"));
  corpus = join(folder, "corpus.txt");
  await writeFile(corpus, sampleText());
});
afterAll(() => rm(folder, { recursive: true }));

/** Sixty documents of sentences that a model can learn: who does what where. */
function sampleText(): string {
  const random = new Random(5);
  const pick = (words: readonly string[]): string => words[random.integer(words.length)] as string;
  const sentence = (): string =>
    `the ${pick(["cat", "dog", "bird", "fish"])} ${pick(["sees", "hears", "likes"])} the ${pick(["tree", "house", "river"])} .`;
  const document = (): string => Array.from({ length: 8 }, sentence).join("\n");
  return Array.from({ length: 60 }, document).join("\n\n");
}

const small: Partial<PretrainSettings> = {
  vocabSize: 80,
  sequenceLength: 12,
  batchSize: 4,
  steps: 30,
  warmupSteps: 4,
  checkpointEvery: 10,
  holdOutEvery: 10,
  threads: 1,
};

interface Outcome {
  readonly output: string;
  readonly events: TrainingEvent[];
}

async function train(
  name: string,
  settings: Partial<PretrainSettings> = {},
  options: PretrainOptions = {},
  hooks: PretrainHooks = {},
): Promise<Outcome> {
  const output = join(folder, name);
  const events: TrainingEvent[] = [];
  const values = { ...small, corpus, output, config: await tinyConfig(), ...settings };
  await pretrain(values, options, { ...hooks, onEvent: (event) => events.push(event) });
  return { output, events };
}

async function tinyConfig(): Promise<string> {
  const file = join(folder, "tiny.json");
  const sizes = { hidden_size: 16, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 32 };
  await writeFile(file, JSON.stringify({ model_type: "bert", max_position_embeddings: 16, ...sizes }));
  return file;
}

const weights = (output: string): Promise<Buffer> => readFile(join(output, "model.safetensors"));
const stepsOf = (events: readonly TrainingEvent[]): number[] =>
  events.filter((event) => event.event === "step").map((event) => event.step);

describe("pretrain", () => {
  it("leaves a model folder, a log of every step and what repeats the run", async () => {
    const { output, events } = await train("whole");
    expect(stepsOf(events)).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(events.at(-1)).toMatchObject({ event: "done", step: 30, reason: "steps" });
    const log = (await readFile(join(output, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
    expect(log.map((line) => JSON.parse(line))).toEqual(JSON.parse(JSON.stringify(events)));
    const settings = JSON.parse(await readFile(join(output, "run.json"), "utf8"));
    const again = await train("again", { ...settings, output: join(folder, "again") });
    expect(await weights(again.output)).toEqual(await weights(output));
  });

  it("shows the very batch that the first step gets", async () => {
    let first: unknown;
    const given: unknown[] = [];
    await train(
      "first batch",
      { steps: 1, learningRate: 0 },
      {},
      {
        onReady: async (run, _totalSteps, firstBatch) => {
          first = await firstBatch();
          const { prepareBatch } = run.objective;
          Object.assign(run.objective, {
            prepareBatch: (...args: Parameters<typeof prepareBatch>) => {
              const prepared = prepareBatch(...args);
              given.push(prepared);
              return prepared;
            },
          });
        },
      },
    );
    expect(first).toEqual(given[0]);
  });

  it("learns: the loss falls well below that of guessing by frequency", async () => {
    const { events } = await train("learning", { steps: 500, batchSize: 32, learningRate: 5e-3, checkpointEvery: 0 });
    const losses = events.flatMap((event) => (event.event === "step" ? [event.loss] : []));
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-40))).toBeLessThan(0.6 * mean(losses.slice(0, 10)));
  });

  it.each([
    { name: "plain", settings: {} },
    {
      name: "with dropout, phases and accumulation",
      settings: { dropout: 0.2, lengthPhases: "8x4:0.5", gradientAccumulation: 2 },
    },
  ])("goes on after an interruption as if there had been none ($name)", async ({ name, settings }) => {
    const whole = await train(`undisturbed ${name}`, settings);
    const stop = new AbortController();
    const afterStep = (_: unknown, step: number): boolean => {
      if (step === 17) stop.abort();
      return false;
    };
    const first = await train(`stopped ${name}`, settings, {}, { afterStep, signal: stop.signal });
    expect(first.events.at(-1)).toMatchObject({ event: "done", step: 17, reason: "interrupted" });
    const second = await train(`stopped ${name}`, settings, { resume: true });
    expect(second.events[0]).toEqual({ event: "resumed", step: 17 });
    expect(stepsOf(second.events)[0]).toBe(18);
    expect(await weights(second.output)).toEqual(await weights(whole.output));
  });

  it("repeats no more steps than lie between checkpoints when it was killed", async () => {
    const whole = await train("unkilled");
    const killed = await train(
      "killed",
      { steps: 30 },
      {},
      {
        afterStep: (_, step) => {
          if (step === 26) throw new Error("killed");
          return false;
        },
      },
    ).catch((error: Error) => error);
    expect(killed).toBeInstanceOf(Error);
    const second = await train("killed", {}, { resume: true });
    expect(second.events[0]).toEqual({ event: "resumed", step: 20 });
    expect(await weights(second.output)).toEqual(await weights(whole.output));
  });

  it("leaves its model when it was killed after the last step, before the model was written", async () => {
    const whole = await train("undisturbed to the end");
    const onStage = ({ stage }: { stage: string }): void => {
      if (stage === "evaluating") throw new Error("killed");
    };
    await expect(train("killed at the end", {}, {}, { onStage })).rejects.toThrow("killed");
    const second = await train("killed at the end", {}, { resume: true });
    expect(second.events.map(({ event }) => event)).toEqual(["resumed", "evaluation", "done"]);
    expect(await weights(second.output)).toEqual(await weights(whole.output));
  });

  it("changes nothing when a finished run is resumed", async () => {
    const { output } = await train("finished");
    const before = await weights(output);
    const { events } = await train("finished", {}, { resume: true });
    expect(events).toEqual([{ event: "resumed", step: 30 }]);
    expect(await weights(output)).toEqual(before);
  });

  it("ends early without a better held-out loss, keeps the best model, and stays ended when resumed", async () => {
    const settings = { steps: 60, evaluateEvery: 5, earlyStopEvaluations: 2, learningRate: 0 };
    const { output, events } = await train("early", settings);
    expect(events.at(-1)).toMatchObject({ event: "done", step: 15, reason: "early-stop" });
    expect(await readFile(join(output, "checkpoints", "best", "model.safetensors"))).toEqual(await weights(output));
    const again = await train("early", settings, { resume: true });
    expect(again.events).toEqual([{ event: "resumed", step: 15 }]);
  });

  it("trains what it is told to and leaves everything else as it was", async () => {
    const { output: first } = await train("first-part", { steps: 2 });
    const before = await BertForMaskedLM.fromPretrained(first);
    const changed = async (name: string, settings: Partial<PretrainSettings>): Promise<string[]> => {
      const going = { model: first, config: null, objective: "masked-language-modeling", steps: 3, ...settings };
      const { output } = await train(name, going);
      const after = await BertForMaskedLM.fromPretrained(output);
      return [...after.parameters.keys()].filter((key) => {
        const [old, now] = [before, after].map((model) => model.store.peek(model.parameters.get(key) as Parameter));
        return !old?.every((value, index) => value === now?.[index]);
      });
    };
    const head = await changed("head-alone", { trainOnly: "cls" });
    expect(head.sort()).toEqual([
      "cls.predictions.bias",
      "cls.predictions.transform.LayerNorm.bias",
      "cls.predictions.transform.LayerNorm.weight",
      "cls.predictions.transform.dense.bias",
      "cls.predictions.transform.dense.weight",
    ]);
    const rest = await changed("without-embeddings", { freeze: "embeddings, encoder.layer.*.attention" });
    expect(rest.filter((key) => /embeddings|attention/.test(key))).toEqual([]);
    expect(rest).toContain("bert.encoder.layer.0.intermediate.dense.weight");
    await expect(changed("none", { freeze: "embedding" })).rejects.toMatchObject({ field: "pattern" });
    await expect(changed("both", { freeze: "cls", trainOnly: "cls" })).rejects.toMatchObject({ field: "freeze" });
  });

  it("begins at step 0 when there is no checkpoint to resume", async () => {
    const { events } = await train("nothing to resume", { steps: 2 }, { resume: true });
    expect(events[0]).toEqual({ event: "resumed", step: 0 });
    expect(stepsOf(events)).toEqual([1, 2]);
  });

  it("refuses a folder with something in it, and a corpus that has changed", async () => {
    const output = join(folder, "occupied");
    await mkdir(output);
    await writeFile(join(output, "thesis.txt"), "mine");
    await expect(train("occupied")).rejects.toMatchObject({ kind: "configuration", field: "output" });
    const other = join(folder, "other.txt");
    await writeFile(other, sampleText());
    await train("changed corpus", { corpus: other, steps: 10 });
    await writeFile(other, `${sampleText()}\n\nthe cat sees the moon .\nthe dog sees the moon .`);
    const resumed = train("changed corpus", { corpus: other, steps: 20 }, { resume: true });
    await expect(resumed).rejects.toMatchObject({ kind: "checkpoint", field: "corpusFingerprint" });
  });

  it("stops with the step and the likely cause when training diverges, and keeps the last checkpoint", async () => {
    const run = train("diverging", { learningRate: 1e30, warmupSteps: 0, maximumGradientNorm: 0, checkpointEvery: 1 });
    await expect(run).rejects.toMatchObject({ kind: "training", message: expect.stringMatching(/at step \d+/) });
  });
});

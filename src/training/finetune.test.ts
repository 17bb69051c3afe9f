/** Every architecture is fine-tuned for the tasks that it has heads for, on rules that can be learned; suites iterate the registries. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  AutoModelForSequenceClassification,
  AutoModelForTokenClassification,
  loadArchitecture,
  modelTypes,
} from "../models/index.ts";
import { Random } from "../random.ts";
import { loadTask, type TaskName, taskNames } from "../tasks/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { evaluateTask } from "./evaluate-task.ts";
import type { TrainingEvent } from "./events.ts";
import { finetune } from "./finetune.ts";
import type { FinetuneSettings } from "./finetune-settings.ts";
import type { FinetuneHooks, FinetuneOptions } from "./finetuning-types.ts";
import { pretrain } from "./pretrain.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cloze-finetune-"));
  await writeFile(join(folder, "corpus.txt"), sentences(400).join("\n"));
  for (const task of taskNames) await writeFile(join(folder, `${task}.jsonl`), `${examples[task].join("\n")}\n`);
});
afterAll(() => rm(folder, { recursive: true }));

const animals = ["cat", "dog", "bird", "fish"] as const;
const places = ["tree", "house", "river"] as const;

function sentences(count: number): string[] {
  const random = new Random(5);
  const pick = (words: readonly string[]): string => words[random.integer(words.length)] as string;
  return Array.from(
    { length: count },
    () => `the ${pick(animals)} ${pick(["sees", "hears", "likes"])} the ${pick(places)} .`,
  );
}

function stretchOf(text: string, word: string): [start: number, end: number] {
  const start = text.indexOf(word);
  return [start, start + word.length];
}

/** Rules that a model can learn: the animal's class, which words are animals and places, which text is about a cat. */
const examples: Readonly<Record<TaskName, readonly string[]>> = {
  "text-classification": sentences(96).map((text) => JSON.stringify({ text, label: text.split(" ")[1] })),
  // The animal is the head in some and the tail in others, so that the markers decide.
  "relation-extraction": sentences(96).map((text, index) => {
    const [animal, place] = [text.split(" ")[1] as string, text.split(" ")[4] as string];
    const [head, tail] = [stretchOf(text, animal), stretchOf(text, place)];
    const isAnimalFirst = index % 2 === 0;
    const label = isAnimalFirst ? "acts on" : "no_relation";
    return JSON.stringify({ text, head: isAnimalFirst ? head : tail, tail: isAnimalFirst ? tail : head, label });
  }),
  "token-classification": sentences(96).map((text) => {
    const tokens = text.split(" ");
    const labelOf = (word: string): string => {
      if ((animals as readonly string[]).includes(word)) return "B-ANIMAL";
      return (places as readonly string[]).includes(word) ? "B-PLACE" : "O";
    };
    return JSON.stringify({ tokens, labels: tokens.map(labelOf) });
  }),
  "span-extraction": sentences(96).map((text) => {
    const [, animal, verb, , place] = text.split(" ") as string[];
    const [start, end] = stretchOf(text, animal as string);
    const entities = [
      { start, end, label: "animal" },
      // One within the other.
      { start, end: end + 1 + (verb as string).length, label: "deed" },
      ...(place === "house" ? [{ start: text.indexOf("house"), end: text.indexOf(" ."), label: "house" }] : []),
    ];
    return JSON.stringify({ text, entities });
  }),
  // Sentences about a river are the summary.
  "extractive-summarization": Array.from({ length: 96 }, (_, index) => {
    const own = sentences(200).slice(2 * index, 2 * index + 2);
    own[index % 2] = (own[index % 2] as string).replace(/\w+ \.$/, "river .");
    return JSON.stringify({ sentences: own, labels: own.map((text) => Number(text.includes("river"))) });
  }),
  "dependency-parsing": sentences(96).map((text) =>
    JSON.stringify({
      tokens: text.split(" "),
      // Each word's head, by a rule that a sentence of six words of known kinds follows.
      heads: [2, 3, 0, 5, 3, 3],
      relations: ["det", "nsubj", "root", "det", "obj", "punct"],
      partsOfSpeech: ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"],
    }),
  ),
  "question-answering": sentences(96).map((context) => {
    const animal = context.split(" ")[1] as string;
    const answers = [{ text: animal, start: context.indexOf(animal) }];
    return JSON.stringify({ question: "the animal ?", context, answers });
  }),
  "multiple-choice": sentences(96).map((text, index) => {
    const animal = text.split(" ")[1] as string;
    const all = places.slice(1).toSpliced(index % 3, 0, animal as never);
    // Some have one choice less.
    const choices = index % 3 < 2 && index % 4 === 0 ? all.slice(0, -1) : all;
    return JSON.stringify({ context: "who sees the tree .", question: "who ?", choices, label: index % 3 });
  }),
  // Short, because a small Unigram tokenizer spells every letter.
  cloze: sentences(96).map((text, index) => {
    const answer = text.split(" ")[1];
    const choices = [...animals.slice(index % 4), ...animals.slice(0, index % 4)];
    return JSON.stringify({ text: `the ${answer} ___`, answer, ...(index % 5 > 0 && { choices }) });
  }),
  // A river is always meant to be a house; a word too many goes.
  "spelling-correction": sentences(96).map((text, index) => {
    const [, animal, verb, , place] = text.split(" ");
    const [wrong, right] = [
      ["house", "river"],
      ["river", "house"],
    ].map(([from = "", to = ""]) => place?.replace(from, to));
    return JSON.stringify({
      source: `${index % 4 === 0 ? "um " : ""}${animal} ${verb} ${wrong}`,
      target: `${animal} ${verb} ${right}`,
    });
  }),
  retrieval: sentences(96).map((text) => JSON.stringify({ query: `${text.split(" ")[1]} ?`, positive: text })),
  "text-ranking": sentences(96).map((query) => {
    const [cat = "", ...others] = animals.map((animal) => ["the", animal, ...query.split(" ").slice(2)].join(" "));
    return JSON.stringify({ query, positive: cat, negatives: others });
  }),
};

/**
 * Of tasks that take longer: those that go through the vocabulary, in which few questions are to be answered with yes, or
 * in which a token must find out what its sentence is.
 */
const patience: Readonly<Partial<Record<TaskName, Partial<FinetuneSettings>>>> = {
  cloze: { epochs: 30 },
  "spelling-correction": { epochs: 30 },
  "span-extraction": { epochs: 20 },
  "extractive-summarization": { epochs: 30 },
};

/** A small model folder with a tokenizer. */
async function base(architecture: string): Promise<string> {
  const output = join(folder, `base ${architecture}`);
  await pretrain(
    {
      ...{
        architecture,
        corpus: join(folder, "corpus.txt"),
        output,
        initialization: "published",
        dropout: 0,
        threads: 1,
      },
      ...{ vocabSize: 280, sequenceLength: 24, batchSize: 8, steps: 20, warmupSteps: 4, holdOutEvery: 0 },
    },
    { overwrite: true },
  );
  return output;
}

/** Those whose heads can read any layers. */
const featureTasks = ["text-classification", "token-classification"] as const;

async function train(
  name: string,
  settings: Partial<FinetuneSettings>,
  options: FinetuneOptions = {},
  hooks: FinetuneHooks = {},
) {
  const events: TrainingEvent[] = [];
  const values: Partial<FinetuneSettings> = {
    ...{
      output: join(folder, name),
      epochs: 10,
      batchSize: 8,
      learningRate: 2e-3,
      threads: 1,
      validationShare: 0.2,
      checkpointEvery: 0,
      evaluateEvery: 0,
    },
    ...settings,
  };
  const result = await finetune(values, options, {
    onWarning: () => undefined,
    ...hooks,
    onEvent: (event) => events.push(event),
  });
  return { ...result, events, output: values.output as string };
}

const weights = (output: string): Promise<Buffer> => readFile(join(output, "model.safetensors"));

describe("fine-tuning", () => {
  let bases: Readonly<Record<string, string>>;
  beforeAll(async () => {
    const made: [string, string][] = [];
    for (const architecture of modelTypes) made.push([architecture, await base(architecture)]);
    bases = Object.fromEntries(made);
  }, 120_000);

  it.each(modelTypes.flatMap((architecture) => taskNames.map((task) => ({ architecture, task }))))(
    "$architecture learns $task, or has no head for it",
    async ({ architecture, task }) => {
      const { tasks } = await loadArchitecture(architecture);
      const files = { task, model: bases[architecture] as string, train: join(folder, `${task}.jsonl`) };
      const settings = { ...files, ...patience[task] };
      const name = `${architecture} ${task}`;
      if ((await loadTask(task)).modelTasks.every((head) => tasks[head] === undefined)) {
        await expect(train(name, settings)).rejects.toMatchObject({ kind: "configuration" });
        return;
      }
      const { evaluation, output, task: prepared } = await train(name, settings);
      expect(evaluation?.metrics[prepared.mainMetric]).toBeGreaterThan(0.9);
      const again = await evaluateTask(task, output, settings.train, { threads: 1 });
      expect(again.examples).toBe(96);
      expect(again.metrics[prepared.mainMetric]).toBeGreaterThan(0.9);
    },
    60_000,
  );

  it.each(["bert", "distilbert", "roberta", "albert", "gpt2"])(
    "%s learns slots and the intent at once",
    async (architecture) => {
      const file = join(folder, "joint.jsonl");
      const rows = examples["token-classification"].map((line) => {
        const { tokens, labels } = JSON.parse(line);
        return JSON.stringify({ tokens, labels, intent: tokens[2] });
      });
      await writeFile(file, `${rows.join("\n")}\n`);
      const settings = { task: "token-classification" as const, model: bases[architecture] as string, train: file };
      const { evaluation, output, task } = await train(`joint ${architecture}`, settings);
      expect(task.mainMetric).toBe("sentenceAccuracy");
      expect(evaluation?.metrics.sentenceAccuracy).toBeGreaterThan(0.9);
      const { metrics } = await evaluateTask("token-classification", output, file, { threads: 1 });
      expect(metrics.intentAccuracy).toBeGreaterThan(0.9);
      expect(metrics.f1).toBeGreaterThan(0.9);
    },
  );

  it("goes on after an interruption as if there had been none, and leaves the best model", async () => {
    const settings = {
      task: "text-classification" as const,
      model: bases.bert as string,
      train: join(folder, "text-classification.jsonl"),
      ...{ epochs: 3, checkpointEvery: 5, evaluateEvery: 7 },
    };
    const whole = await train("undisturbed", settings);
    const stop = new AbortController();
    const afterStep = (step: number): boolean => {
      if (step === 18) stop.abort();
      return false;
    };
    const first = await train("stopped", settings, {}, { afterStep, signal: stop.signal });
    expect(first.events.at(-1)).toMatchObject({ event: "done", step: 18, reason: "interrupted" });
    const second = await train("stopped", settings, { resume: true });
    expect(second.events[0]).toEqual({ event: "resumed", step: 18 });
    expect(await weights(second.output)).toEqual(await weights(whole.output));
    expect(second.evaluation?.metrics).toEqual(whole.evaluation?.metrics);
    const found = whole.events.flatMap((event) => (event.event === "evaluation" ? [event.metrics.accuracy ?? 0] : []));
    expect(whole.evaluation?.metrics.accuracy).toBe(Math.max(...found));
  });

  describe.each(["last", "weighted-sum", "1"])("on layers %s of a frozen encoder", (layers) => {
    // All layers go through every architecture; the others need no more than one that reads both ways and one that does not.
    const architectures = layers === "weighted-sum" ? modelTypes : (["bert", "openai-gpt"] as const);
    it.each(architectures.flatMap((architecture) => featureTasks.map((task) => ({ architecture, task }))))(
      "$architecture learns $task, is saved, evaluated and used",
      async ({ architecture, task }) => {
        const settings = { task, model: bases[architecture] as string, train: join(folder, `${task}.jsonl`) };
        const frozen = { frozen: true, layers, epochs: 40, learningRate: 2e-2 };
        const name = `frozen ${architecture} ${task}`;
        const isPublished = layers === "last";
        if (isPublished && task === "token-classification" && architecture === "openai-gpt") {
          await expect(train(name, { ...settings, ...frozen })).rejects.toMatchObject({ kind: "configuration" });
          return;
        }
        const { output, model } = await train(name, { ...settings, ...frozen }, { overwrite: true });
        const { metrics } = await evaluateTask(task, output, settings.train, { threads: 1 });
        // So small a model's first token, which the published heads read, knows nothing of the text.
        const least = task === "token-classification" ? 0.9 : isPublished ? 0.2 : 0.55;
        expect(metrics.accuracy).toBeGreaterThan(least);
        const config = JSON.parse(await readFile(join(output, "config.json"), "utf8"));
        expect(config.cloze_feature_layers).toBe(isPublished ? undefined : layers);
        expect(config.architectures[0]).toMatch(isPublished ? /For(Sequence|Token)Classification$/ : /Model$/);
        const trained = [...model.parameters].filter(([, { trainable }]) => trainable).map(([name]) => name);
        expect(trained.includes("cloze_layers.weights")).toBe(layers === "weighted-sum");
        const auto =
          task === "text-classification" ? AutoModelForSequenceClassification : AutoModelForTokenClassification;
        const used = await auto.fromPretrained(output, { threads: 1 });
        const tokenizer = await AutoTokenizer.fromPretrained(output);
        const { logits } = await used({ inputIds: tokenizer("the cat").inputIds });
        expect(logits.dims.at(-1)).toBe(Object.keys(config.id2label).length);
        await used.release();
      },
      60_000,
    );
  });

  it("computes the features of a frozen encoder once, and learns what it learns without", async () => {
    const settings = { task: "token-classification" as const, model: bases.bert as string };
    const files = { train: join(folder, "token-classification.jsonl"), output: null, frozen: true };
    const { events, model } = await train("once", { ...settings, ...files, epochs: 2 });
    // The same without features: everything but the head is frozen by its name, and there is no dropout in this model.
    const { prefix } = model.keys;
    const other = await train("every step", {
      ...settings,
      ...files,
      frozen: false,
      freeze: [prefix],
      epochs: 2,
      learningRate: 2e-3,
    });
    const losses = (all: readonly TrainingEvent[]) =>
      all.flatMap((event) => (event.event === "step" ? [event.loss] : []));
    const [once, everyStep] = [losses(events), losses(other.events)];
    expect(once).toHaveLength(everyStep.length);
    once.forEach((loss, step) => {
      expect(loss).toBeCloseTo(everyStep[step] as number, 5);
    });
  });

  it("goes on with a frozen encoder after an interruption as if there had been none", async () => {
    const settings = {
      ...{ task: "token-classification" as const, model: bases.roberta as string },
      ...{ train: join(folder, "token-classification.jsonl"), frozen: true, layers: "weighted-sum", epochs: 3 },
    };
    const whole = await train("frozen whole", settings);
    const stop = new AbortController();
    const afterStep = (step: number): boolean => {
      if (step === 13) stop.abort();
      return false;
    };
    await train("frozen stopped", settings, {}, { afterStep, signal: stop.signal });
    const second = await train("frozen stopped", settings, { resume: true });
    expect(await weights(second.output)).toEqual(await weights(whole.output));
  });

  it.each([
    { why: "layers of what is trained", settings: { layers: "1" }, expected: "frozen as well" },
    {
      why: "a layer that is not there",
      settings: { layers: "7", frozen: true },
      expected: "last, weighted-sum, or a number",
    },
    {
      why: "layers of answers",
      settings: { layers: "1", frozen: true, task: "question-answering" as const },
      expected: "last, or",
    },
    { why: "several models", settings: { layers: "each", frozen: true }, expected: "the layers of one" },
  ])("refuses $why", async ({ settings, expected }) => {
    const common = { task: "text-classification" as const, model: bases.bert as string, output: null };
    const values = { ...common, train: join(folder, "text-classification.jsonl"), ...settings };
    await expect(train("refused", values)).rejects.toMatchObject({
      ...{ kind: "configuration", field: "layers", expected: expect.stringContaining(expected) },
    });
  });

  it.each(["gpt2", "openai-gpt", "bert"])("%s reads pairs in both orders when it is told to", async (architecture) => {
    const random = new Random(8);
    const rows = Array.from({ length: 96 }, (_, row) => {
      const words = [row % 3 === 0 ? "fish" : "bird", row % 2 === 0 ? "cat" : "dog"];
      random.shuffle(words);
      const [text, textPair] = words.map((word) => `the ${word} sees the ${places[row % 3]} .`);
      return { text, textPair, label: row % 2 === 0 ? "with cat" : "without" };
    });
    const file = join(folder, "pairs.jsonl");
    const turned = join(folder, "turned.jsonl");
    const lines = (list: readonly object[]): string => list.map((row) => `${JSON.stringify(row)}\n`).join("");
    await writeFile(file, lines(rows));
    await writeFile(
      turned,
      lines(rows.map(({ text, textPair, label }) => ({ text: textPair, textPair: text, label }))),
    );
    const settings = {
      task: "text-classification" as const,
      model: bases[architecture] as string,
      train: file,
      validation: file,
    };
    const { evaluation, output } = await train(`orders ${architecture}`, { ...settings, bothOrders: true });
    expect(evaluation?.metrics.accuracy).toBeGreaterThan(0.9);
    const config = JSON.parse(await readFile(join(output, "config.json"), "utf8"));
    expect(config).toMatchObject({ cloze_both_orders: true });
    const [given, other] = await Promise.all(
      [file, turned].map((data) => evaluateTask("text-classification", output, data, { threads: 1 })),
    );
    expect(given?.metrics.accuracy).toBeGreaterThan(0.9);
    // The order of a pair says nothing, to the last digits of a sum.
    expect(given?.metrics.loss).toBeCloseTo(other?.metrics.loss as number, 6);
    await writeFile(file, lines(rows.map(({ text, label }) => ({ text, label }))));
    await expect(train("one text", { ...settings, bothOrders: true })).rejects.toMatchObject({ field: "textPair" });
    await expect(
      train("windows", { ...settings, train: turned, validation: turned, bothOrders: true, stride: 4 }),
    ).rejects.toMatchObject({
      field: "stride",
    });
  });

  it("trains the head alone when the rest is frozen", async () => {
    const settings = { task: "text-classification" as const, model: bases.bert as string };
    const { model } = await train("frozen", {
      ...settings,
      train: join(folder, "text-classification.jsonl"),
      ...{ frozen: true, epochs: 2, output: null },
    });
    const before = await readFile(join(bases.bert as string, "model.safetensors"));
    const changed = [...model.parameters].filter(([, { trainable }]) => trainable).map(([name]) => name);
    // The folder has no pooler: it is as new as the classifier.
    const pooler = ["bert.pooler.dense.weight", "bert.pooler.dense.bias"];
    expect(changed.toSorted()).toEqual([...pooler, "classifier.weight", "classifier.bias"].toSorted());
    expect(before.length).toBeGreaterThan(0);
  });
});

import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  camelCased,
  closeTo,
  goldenModel,
  type Recorded,
  readCases,
  variantOf,
} from "../../test/support/pipeline-cases.ts";
import { pipeline } from "./index.ts";

/** Made by test/golden/pipelines/make_heads.py and make_question_answering.py. */
interface Case {
  readonly model: string;
  readonly config: object;
  readonly options: Recorded;
  readonly expected: Recorded;
}
interface Heads {
  text_classification: (Case & { input: Recorded })[];
  token_classification: (Case & { text: string })[];
  zero_shot_classification: (Case & { text: string; candidate_labels: string[] })[];
  multiple_choice: { input: { context: string; question?: string; choices: string[] }; scores: number[] }[];
}
const heads = readCases<Heads>("heads.json");
const answers = readCases<{ cases: (Case & { question: string; context: string })[] }>("question-answering.json");

const warnings: string[] = [];
const onWarning = (text: string): void => void warnings.push(text);
const opened: { release(): Promise<void> }[] = [];

async function open<T extends Parameters<typeof pipeline>[0]>(task: T, folder: string) {
  const opening = await pipeline(task, folder, { onWarning });
  opened.push(opening);
  return opening;
}

beforeEach(() => {
  warnings.length = 0;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.release()));
});

describe("text-classification", () => {
  it.each(heads.text_classification)(
    "answers $input of $model $config with $options as the reference does",
    async (golden) => {
      const classify = await open("text-classification", variantOf(golden.model, golden));
      const result = await classify(camelCased(golden.input) as never, camelCased(golden.options) as never);
      expect(result).toEqual(closeTo(golden.expected));
    },
  );

  it("nests as transformers.js does", async () => {
    const classify = await open("text-classification", goldenModel("bert-nli"));
    const texts = ["the cat sat .", "it rains", "the dogs ran under a house"];
    const best = await classify(texts);
    expect(best.map(({ label }) => typeof label)).toEqual(["string", "string", "string"]);
    const all = await classify(texts, { topK: null });
    expect(all.map((list) => list.length)).toEqual([3, 3, 3]);
    expect(all.map(([first]) => first)).toEqual(best);
    expect(await classify([])).toEqual([]);
    for (const [index, text] of texts.entries()) {
      expect(await classify(text)).toEqual([closeTo({ ...best[index] } as Recorded)]);
    }
  });

  it("warns of a head that was never trained, and of nothing else", async () => {
    await open("text-classification", goldenModel("bert"));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(
      /bert was not trained for text-classification: it lacks classifier.weight, classifier.bias\./,
    );
  });

  it("reads rows alone where nobody knows which tokens are padding", async () => {
    const classify = await open("text-classification", goldenModel("gpt2"));
    expect(warnings).toEqual([
      expect.stringMatching(/gpt2 was not trained for text-classification: it lacks score.weight/),
    ]);
    const texts = ["the cat", "a bird flew over the house"];
    const alone = [await classify(texts[0] as string), await classify(texts[1] as string)].flat();
    expect(await classify(texts)).toEqual(alone);
  });

  it("refuses what it cannot read", async () => {
    const classify = await open("text-classification", goldenModel("bert-nli"));
    await expect(classify("a", { topK: 0 })).rejects.toMatchObject({ kind: "configuration", field: "topK" });
    await expect(classify("a", { functionToApply: "tanh" as never })).rejects.toMatchObject({
      field: "functionToApply",
    });
    await expect(classify("a", { outputAttention: true } as never)).rejects.toMatchObject({
      expected: "outputAttentions",
    });
    await expect(classify({ textPair: "a" } as never)).rejects.toMatchObject({ kind: "data", field: "text" });
    await expect(classify([1] as never)).rejects.toMatchObject({ kind: "data" });
  });
});

describe("token-classification", () => {
  it.each(heads.token_classification)("answers $text of $model with $options as the reference does", async (golden) => {
    const classify = await open("token-classification", goldenModel(golden.model));
    const result = await classify(golden.text, camelCased(golden.options) as never);
    expect(result).toEqual(closeTo(camelCased(golden.expected)));
  });

  it("gives places that slice the text, in batches of any size", async () => {
    const classify = await open("token-classification", goldenModel("bert-tags"));
    const texts = [...new Set(heads.token_classification.map(({ text }) => text))];
    const options = { aggregationStrategy: "first", ignoreLabels: [], stride: 4 } as const;
    const alone = [];
    for (const text of texts) alone.push(await classify(text, options));
    for (const batchSize of [1, 3, 100]) {
      expect(await classify(texts, { ...options, batchSize })).toEqual(closeTo(alone as unknown as Recorded));
    }
    const [, second] = await classify("Câts in Paris", options);
    expect("Câts in Paris".slice(second?.start, second?.end)).toBe("in");
  });

  it("cuts long texts with a warning that names the remedy", async () => {
    const classify = await open("token-classification", goldenModel("bert-tags"));
    await classify("the cat sat on the mat . ".repeat(5));
    expect(warnings).toEqual([
      expect.stringMatching(
        /^A text was cut to the 24 tokens that the model takes; with a stride all of it is read: the cat/,
      ),
    ]);
    await expect(classify("a", { stride: 3 })).rejects.toMatchObject({ field: "aggregationStrategy" });
    await expect(classify("a", { stride: 23, aggregationStrategy: "first" })).rejects.toMatchObject({
      kind: "tokenizer",
    });
  });
});

describe("zero-shot-classification", () => {
  it.each(heads.zero_shot_classification)(
    "answers $candidate_labels with $options as the reference does",
    async (golden) => {
      const classify = await open("zero-shot-classification", goldenModel("bert-nli"));
      const options = camelCased(golden.options) as object;
      const result = await classify(golden.text, golden.candidate_labels, options);
      expect(result).toEqual(closeTo(golden.expected));
      const input = { text: golden.text, candidateLabels: golden.candidate_labels };
      const other = { text: "it rains", candidateLabels: ["cat", "dog"] };
      const [first, second] = await classify([input, other], options);
      expect(first).toEqual(closeTo(golden.expected));
      expect(second).toEqual(closeTo((await classify("it rains", ["cat", "dog"], options)) as unknown as Recorded));
    },
  );

  it("needs a class that means entailment", async () => {
    await expect(open("zero-shot-classification", goldenModel("bert-score"))).rejects.toMatchObject({
      kind: "configuration",
      field: "label2id",
      received: "LABEL_0",
    });
    const classify = await open("zero-shot-classification", goldenModel("bert-nli"));
    await expect(classify("a", [])).rejects.toMatchObject({ kind: "data", field: "candidateLabels" });
    await expect(classify("", ["a"])).rejects.toMatchObject({ kind: "data", field: "text" });
    await expect(classify("a", ["b"], { hypothesisTemplate: "no place" })).rejects.toMatchObject({
      field: "hypothesisTemplate",
    });
  });
});

describe("multiple-choice", () => {
  it.each(heads.multiple_choice)("scores $input.choices as the reference does", async ({ input, scores }) => {
    const choose = await open("multiple-choice", goldenModel("bert-choices"));
    const result = await choose(input);
    const order = scores.map((_, index) => index).sort((a, b) => (scores[b] as number) - (scores[a] as number));
    const expected = order.map((index) => ({ choice: input.choices[index], index, score: scores[index] }));
    expect(result).toEqual(closeTo(expected as unknown as Recorded));
    const all = await choose(heads.multiple_choice.map((each) => each.input));
    expect(all).toContainEqual(closeTo(expected as unknown as Recorded));
    if (input.question === undefined) {
      expect(await choose(input.context, input.choices)).toEqual(closeTo(expected as unknown as Recorded));
    }
  });

  it("refuses questions without choices", async () => {
    const choose = await open("multiple-choice", goldenModel("bert-choices"));
    await expect(choose("the cat", [])).rejects.toMatchObject({ kind: "data", field: "choices" });
    await expect(choose({ context: "the cat" } as never)).rejects.toMatchObject({ kind: "data", field: "choices" });
  });
});

describe("question-answering", () => {
  it.each(answers.cases)("answers $question of $model with $options as the reference does", async (golden) => {
    const answer = await open("question-answering", goldenModel(golden.model));
    const { question, context, options, expected } = golden;
    const result = await answer(question, context, camelCased(options) as object);
    expect([result].flat()).toEqual(closeTo(expected));
    for (const each of [result].flat()) expect(context.slice(each.start, each.end)).toBe(each.answer);
  });

  it("gives every question of an array its own answer", async () => {
    const answer = await open("question-answering", goldenModel("bert-answers"));
    const inputs = answers.cases.slice(0, 8).map(({ question, context }) => ({ question, context }));
    const alone = [];
    for (const input of inputs) alone.push(await answer(input));
    for (const batchSize of [1, 5, 100]) {
      expect(await answer(inputs, { batchSize })).toEqual(closeTo(alone as unknown as Recorded));
    }
  });

  it("finds nothing where nothing is", async () => {
    const answer = await open("question-answering", goldenModel("bert-answers"));
    expect(await answer("who", "  ")).toEqual({ score: 0, start: 0, end: 0, answer: "" });
    expect(await answer("who", "  ", { topK: 2 })).toEqual([]);
  });

  it("refuses what has no answer, and a question that fills the window", async () => {
    const answer = await open("question-answering", goldenModel("bert-answers"));
    await expect(answer("", "a cat")).rejects.toMatchObject({ kind: "data", field: "question" });
    await expect(answer("who", "")).rejects.toMatchObject({ kind: "data", field: "context" });
    await expect(answer({ question: "who" } as never)).rejects.toMatchObject({ kind: "data", field: "context" });
    const long = answer("who is the cat ? ".repeat(10), "the cat sat on the mat . ".repeat(3));
    await expect(long).rejects.toMatchObject({ kind: "data", field: "question" });
    await expect(answer("who", "a cat", { maxSeqLen: 100 })).rejects.toMatchObject({ field: "maxSeqLen" });
    await expect(answer("who", "a cat", { topK: 0 })).rejects.toMatchObject({ field: "topK" });
  });
});

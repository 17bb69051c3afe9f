import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ConfigurationError, DataError } from "../errors.ts";
import { BertForMaskedLM } from "../models/classes.ts";
import { Random } from "../random.ts";
import {
  type FillMaskPipeline,
  type NextSentencePredictionPipeline,
  pipeline,
  type TextGenerationPipeline,
} from "./index.ts";

/** Made by test/golden/pipelines/make_pipelines.py. */
const golden = fileURLToPath(new URL("../../test/golden/pipelines/", import.meta.url));
const folder = `${golden}bert`;

interface ReferencePrediction {
  score: number;
  token: number;
  token_str: string;
  sequence: string;
}
type Nested<T> = T | readonly Nested<T>[];
interface Reference {
  fill_mask: {
    texts: string[];
    options: { top_k?: number; targets?: string[] };
    expected: Nested<ReferencePrediction>;
  }[];
  text_generation: {
    texts: string[];
    options: Record<string, number | boolean>;
    expected: Nested<{ generated_text: string }>;
  }[];
  next_sentence_prediction: { text: string; text_pair: string; is_next: number; not_next: number }[];
}
const reference: Reference = JSON.parse(readFileSync(`${golden}pipelines.json`, "utf8"));

function camelCased(expected: Nested<ReferencePrediction>): unknown {
  if (Array.isArray(expected)) return expected.map(camelCased);
  const { score, token, token_str, sequence } = expected as ReferencePrediction;
  return { score: expect.closeTo(score, 5), token, tokenStr: token_str, sequence };
}

const warnings: string[] = [];
const onWarning = (text: string): void => void warnings.push(text);

beforeEach(() => {
  warnings.length = 0;
});

describe("fill-mask", () => {
  let unmask: FillMaskPipeline;
  beforeAll(async () => {
    unmask = await pipeline("fill-mask", folder, { onWarning });
  });
  afterAll(() => unmask.release());

  it.each(reference.fill_mask)("answers $texts with $options as the reference does", async (golden) => {
    const { texts, options, expected } = golden;
    const given = { topK: options.top_k, targets: options.targets };
    const result = await unmask(texts.length > 1 ? texts : (texts[0] as string), given);
    expect(result).toEqual(camelCased(expected));
  });

  it("gives the same answers in batches of any size, in the order of the texts", async () => {
    const texts = reference.fill_mask.flatMap(({ texts }) => texts);
    const alone = [];
    for (const text of texts) alone.push(await unmask(text));
    const tokens = (result: unknown): unknown =>
      JSON.parse(JSON.stringify(result, (key, value) => (key === "score" ? value.toFixed(5) : value)));
    for (const batchSize of [1, 3, 100]) {
      expect(tokens(await unmask(texts, { batchSize }))).toEqual(tokens(alone));
    }
  });

  it("does not speak of the heads that it does not need, which this folder has", async () => {
    const model = await BertForMaskedLM.fromPretrained(folder, { onWarning });
    await model.release();
    expect(warnings).toEqual([expect.stringContaining("not part of this model")]);
    warnings.length = 0;
    await (await pipeline("fill-mask", folder, { onWarning })).release();
    expect(warnings).toEqual([]);
  });

  it("answers an array of one text with an array", async () => {
    const [only] = await unmask(["the [MASK] sat ."], { topK: 1 });
    expect(only).toEqual(await unmask("the [MASK] sat .", { topK: 1 }));
    expect(await unmask([])).toEqual([]);
  });

  it("says which token stands for a target that is none", async () => {
    await unmask("the [MASK] flew .", { targets: ["bird", "quick"] });
    expect(warnings).toEqual(["The target quick is not a token of this vocabulary; q is taken instead."]);
  });

  it("says what to write into a text without a mask", async () => {
    const refused = unmask(["the [MASK] sat .", "the cat sat ."]);
    await expect(refused).rejects.toThrow(DataError);
    await expect(refused).rejects.toMatchObject({
      hint: "Write [MASK] where the model should fill in a word.",
      received: "the cat sat .",
    });
  });

  it("cuts a text that is too long with a warning, and refuses one whose mask is cut off", async () => {
    const long = "the cat sat on the mat . ".repeat(4);
    const [best] = (await unmask(`the [MASK] ran . ${long}`)) as { score: number }[];
    expect(best?.score).toBeGreaterThan(0);
    expect(warnings).toEqual([expect.stringMatching(/^A text of 34 tokens was cut to the 24 that the model takes/)]);
    await expect(unmask(`${long} the [MASK] ran .`)).rejects.toThrow(/beyond the tokens/);
  });

  it.each([
    ["an unknown option", () => unmask("a [MASK]", { topk: 2 } as never), ConfigurationError, "topK"],
    ["a topK of 0", () => unmask("a [MASK]", { topK: 0 }), ConfigurationError, "topK"],
    ["a batchSize of 1.5", () => unmask("a [MASK]", { batchSize: 1.5 }), ConfigurationError, "batchSize"],
    ["no targets", () => unmask("a [MASK]", { targets: [] }), ConfigurationError, "targets"],
    ["a number", () => unmask(5 as never), DataError, "text"],
    ["an array with a number", () => unmask([5] as never), DataError, "text"],
  ])("refuses %s", async (_, call, type, name) => {
    const error = await call().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(type);
    expect([(error as ConfigurationError).field, (error as ConfigurationError).expected]).toContain(name);
  });
});

describe("next-sentence-prediction", () => {
  let predict: NextSentencePredictionPipeline;
  beforeAll(async () => {
    predict = await pipeline("next-sentence-prediction", folder, { onWarning });
  });
  afterAll(() => predict.release());

  it("names what the reference numbers 0 and 1, the likelier first", async () => {
    const pairs = reference.next_sentence_prediction;
    const results = await predict(pairs.map(({ text, text_pair }) => ({ text, textPair: text_pair })));
    results.forEach((result, index) => {
      const { is_next, not_next } = pairs[index] as (typeof pairs)[number];
      const expected = [
        { label: "isNext", score: expect.closeTo(is_next, 5) },
        { label: "notNext", score: expect.closeTo(not_next, 5) },
      ];
      expect(result).toEqual(is_next > not_next ? expected : expected.reverse());
    });
    const firsts = new Set(results.map(([first]) => first?.label));
    expect(firsts.size, "the reference should hold both answers").toBe(2);
  });

  it("answers one pair with its labels", async () => {
    const [first, second] = await predict({ text: "the cat sat .", textPair: "it ran ." });
    expect((first?.score ?? 0) + (second?.score ?? 0)).toBeCloseTo(1, 12);
  });

  it("refuses a text alone", async () => {
    await expect(predict("a text" as never)).rejects.toThrow(DataError);
    await expect(predict({ text: "a", textPair: 3 } as never)).rejects.toThrow(DataError);
  });
});

describe("text-generation", () => {
  let generate: TextGenerationPipeline;
  beforeAll(async () => {
    generate = await pipeline("text-generation", `${golden}gpt2`, { onWarning });
  });
  afterAll(() => generate.release());

  it.each(reference.text_generation)("continues $texts with $options as the reference does", async (golden) => {
    const { texts, options, expected } = golden;
    const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const given = Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value]));
    const result = texts.length > 1 ? await generate(texts, given) : await generate(texts[0] as string, given);
    const json = JSON.stringify(expected).replaceAll('"generated_text"', '"generatedText"');
    expect(result).toEqual(JSON.parse(json));
  });

  it("refuses an encoder", async () => {
    const encoder = pipeline("text-generation", `${golden}bert`, { onWarning });
    await expect(encoder).rejects.toMatchObject({ kind: "configuration", field: "is_decoder" });
  });

  it("leaves out and says the words that it is told to", async () => {
    const text = async (options: object): Promise<string> =>
      (await generate("今天天气", { maxNewTokens: 8, returnFullText: false, ...options }))[0]?.generatedText ?? "";
    // What is said first, without what the tiny model makes of half characters.
    const word = (await text({})).replaceAll("\uFFFD", " ").trim()[0] as string;
    expect(await text({ badWords: [word] })).not.toContain(word);
    expect(await text({ numBeams: 4, forceWords: ["ox"] })).toContain("ox");
    await expect(text({ badWords: [""] })).rejects.toMatchObject({ kind: "data", field: "badWords" });
  });

  it("tells text in whole characters while it is made", async () => {
    for (const [seed, doSample] of [
      [0, false],
      [1, true],
      [2, true],
    ] as const) {
      const told: string[] = [];
      const options = { maxNewTokens: 20, doSample, random: new Random(seed), topK: 0 };
      const [whole] = await generate("今天天气", {
        ...options,
        returnFullText: false,
        onText: (text, prompt) => {
          expect(prompt).toBe(0);
          told.push(text);
        },
      });
      expect(told.join("")).toBe(whole?.generatedText);
      for (const text of told.slice(0, -1)) expect(text).not.toMatch(/\uFFFD$/);
    }
  });

  it("draws the same with the same generator, and something else with another", async () => {
    const draw = async (seed: number) => generate("the cat", { doSample: true, topK: 0, random: new Random(seed) });
    expect(await draw(1)).toEqual(await draw(1));
    expect(await draw(1)).not.toEqual(await draw(2));
  });

  it("refuses what it cannot go on from", async () => {
    await expect(generate("")).rejects.toMatchObject({ kind: "data", hint: "Begin with a word." });
    await expect(generate("the cat ".repeat(40))).rejects.toMatchObject({ kind: "shape" });
    await expect(generate("a", { topKay: 1 } as never)).rejects.toMatchObject({ kind: "configuration" });
    await expect(generate(1 as never)).rejects.toMatchObject({ kind: "data" });
  });
});

describe("pipeline", () => {
  it("names the nearest task and option", async () => {
    await expect(pipeline("fill-maks" as never, folder)).rejects.toMatchObject({ hint: "Did you mean fill-mask?" });
    const refused = pipeline("fill-mask", folder, { thread: 1 } as never);
    await expect(refused).rejects.toMatchObject({ hint: "Did you mean threads?" });
  });

  it("refuses a folder that is not there", async () => {
    await expect(pipeline("fill-mask", "./no-such-folder")).rejects.toMatchObject({ kind: "checkpoint" });
  });
});

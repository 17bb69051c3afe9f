import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { closeTo, goldenModel, type Recorded, readCases, variantOf } from "../../test/support/pipeline-cases.ts";
import type { Tensor } from "../tensor/index.ts";
import { type FeatureExtractionPipeline, type PipelineOptions, type PoolingMode, pipeline } from "./index.ts";

/** Made by test/golden/pipelines/make_heads.py and make_sentence_vectors.py. */
interface Heads {
  feature_extraction: { texts: string[]; expected: number[][][][] };
  inner_states: { text: string; tokens: string[]; hidden_states: Recorded; attentions: Recorded };
}
const heads = readCases<Heads>("heads.json");
const sentences = readCases<{ texts: string[]; vectors: Record<string, number[][]> }>("sentence-vectors.json");

const warnings: string[] = [];
const options: PipelineOptions = { onWarning: (text) => void warnings.push(text) };
const opened: { release(): Promise<void> }[] = [];

async function opening<T extends { release(): Promise<void> }>(promise: Promise<T>): Promise<T> {
  const loaded = await promise;
  opened.push(loaded);
  return loaded;
}
const openExtraction = (folder: string): Promise<FeatureExtractionPipeline> =>
  opening(pipeline("feature-extraction", folder, options));

beforeEach(() => {
  warnings.length = 0;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((each) => each.release()));
});

function norms(tensor: Tensor): number[] {
  const width = tensor.dims.at(-1) as number;
  return Array.from({ length: tensor.size / width }, (_, row) =>
    Math.hypot(...(tensor.data as Float32Array).subarray(row * width, (row + 1) * width)),
  );
}

describe("feature-extraction", () => {
  it("gives the vectors of tokens as the reference does, without a word of warning", async () => {
    const extract = await openExtraction(goldenModel("bert"));
    const { texts, expected } = heads.feature_extraction;
    for (const [index, text] of texts.entries()) {
      const vectors = await extract(text);
      expect(JSON.parse(JSON.stringify(vectors))).toEqual(closeTo(expected[index] as unknown as Recorded));
    }
    const all = await extract(texts, { batchSize: 3 });
    const longest = Math.max(...expected.map(([rows]) => rows?.length ?? 0));
    expect(all.dims).toEqual([texts.length, longest, 16]);
    const padded = expected.map(([rows = []]) => [
      ...rows,
      ...Array.from({ length: longest - rows.length }, () => new Array(16).fill(0)),
    ]);
    expect(all.tolist()).toEqual(closeTo(padded as unknown as Recorded));
    expect(warnings).toEqual([]);
    expect((await extract([])).dims[0]).toBe(0);
  });

  it.each(Object.entries(sentences.vectors))("pools as the folder's own files say: %s", async (name, expected) => {
    const extract = await openExtraction(variantOf("bert", { files: `sentence-encoders/${name}` }));
    const vectors = await extract(sentences.texts);
    expect(vectors.dims).toEqual([sentences.texts.length, expected[0]?.length]);
    expect(vectors.tolist()).toEqual(closeTo(expected as unknown as Recorded));
    const [first = []] = expected;
    expect((await extract(sentences.texts[0] as string)).tolist()).toEqual(closeTo([first] as unknown as Recorded));
  });

  it("does what the call says in place of what the folder says", async () => {
    const extract = await openExtraction(variantOf("bert", { files: "sentence-encoders/mean" }));
    const text = sentences.texts[0] as string;
    const tokens = await extract(text, { pooling: "none" });
    expect(tokens.tolist()).toEqual((await (await openExtraction(goldenModel("bert")))(text)).tolist());
    const cls = await extract(text, { pooling: "cls", normalize: false });
    expect([...cls.data]).toEqual([...tokens.data.subarray(0, 16)]);
    for (const norm of norms(await extract(text, { pooling: "none", normalize: true }))) expect(norm).toBeCloseTo(1, 5);
    const both = await extract(text, { pooling: ["max", "cls"], normalize: false });
    expect(both.dims).toEqual([1, 32]);
    expect([...both.data.subarray(0, 16)]).toEqual([...cls.data]);
  });

  it("takes the layers that are asked for, side by side", async () => {
    const extract = await openExtraction(goldenModel("bert-nli"));
    const { text, hidden_states: hidden } = heads.inner_states;
    const layers = hidden as readonly (readonly (readonly number[])[])[];
    const side = layers[0]?.map((vector, place) => [...(layers[2]?.[place] ?? []), ...vector]) as unknown as Recorded;
    expect((await extract(text, { layers: [-1, 0] })).tolist()).toEqual([closeTo(side)]);
    expect((await extract(text, { layers: 1 })).tolist()).toEqual([closeTo(layers[1] as unknown as Recorded)]);
    const { result, states } = await extract(text, { layers: 1, outputAttentions: true });
    expect(result.dims).toEqual([1, layers[1]?.length, 16]);
    expect(Object.keys(states[0] ?? {})).toEqual(["tokens", "attentions"]);
    await expect(extract(text, { layers: 3 })).rejects.toMatchObject({ kind: "configuration", field: "layers" });
  });

  it("refuses modules that it does not know, and files that are broken", async () => {
    const cases: [files: Record<string, string>, field: string][] = [
      [{ "modules.json": "{" }, "(the whole file)"],
      [{ "modules.json": "{}" }, "the list"],
      [{ "modules.json": '[{"type":"a.Transformer","path":""},{"type":"a.LSTM","path":"1"}]' }, "1.type"],
      [{ "modules.json": '[{"type":"a.Transformer","path":""}]' }, "1.type"],
      [{ "modules.json": '[{"type":"a.Transformer","path":""},{"type":"a.Pooling","path":"../x"}]' }, "1.path"],
      [{ "1_Pooling/config.json": '{"pooling_mode_mean_tokens":1}' }, "pooling_mode_mean_tokens"],
      [{ "1_Pooling/config.json": '{"pooling_mode_mean_tokens":false}' }, "pooling_mode_…"],
      [{ "1_Pooling/config.json": '{"pooling_mode":"middle"}' }, "pooling_mode"],
      [{ "2_Dense/config.json": '{"activation_function":"a.Swish"}' }, "activation_function"],
    ];
    for (const [files, field] of cases) {
      const folder = variantOf("bert", { files: "sentence-encoders/dense-tanh" });
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(join(folder, name, ".."), { recursive: true });
        writeFileSync(join(folder, name), text);
      }
      await expect(openExtraction(folder), JSON.stringify(files)).rejects.toMatchObject({ kind: "checkpoint", field });
    }
    const without = variantOf("bert", { files: "sentence-encoders/dense-tanh" });
    rmSync(join(without, "2_Dense", "model.safetensors"));
    await expect(openExtraction(without)).rejects.toMatchObject({ kind: "checkpoint" });
  });

  it("refuses options that it does not know", async () => {
    const extract = await openExtraction(goldenModel("bert"));
    await expect(extract("a", { pooling: "middle" as PoolingMode })).rejects.toMatchObject({ field: "pooling" });
    await expect(extract("a", { normalise: true } as never)).rejects.toMatchObject({ expected: "normalize" });
  });
});

describe("sentence-similarity", () => {
  it("is the cosine of the folder's vectors", async () => {
    const compare = await opening(
      pipeline("sentence-similarity", variantOf("bert", { files: "sentence-encoders/mean" }), options),
    );
    const [source = [], ...others] = sentences.vectors.mean as number[][];
    const expected = others.map((vector) =>
      vector.reduce((sum, value, index) => sum + value * (source[index] ?? 0), 0),
    );
    const [sourceSentence = "", ...rest] = sentences.texts;
    expect(await compare(sourceSentence, rest)).toEqual(closeTo(expected));
    const inputs = [
      { sourceSentence, sentences: rest },
      { sourceSentence: "the cat", sentences: ["the cat"] },
    ];
    expect(await compare(inputs)).toEqual([closeTo(expected), [expect.closeTo(1, 5)]]);
    await expect(compare("a", [])).rejects.toMatchObject({ kind: "data", field: "sentences" });
  });
});

describe("hidden states and attentions", () => {
  const { text, tokens, hidden_states: hiddenStates, attentions } = heads.inner_states;
  const asking = { outputHiddenStates: true, outputAttentions: true } as const;

  it("stand beside the answer as the reference computes them", async () => {
    const classify = await opening(pipeline("text-classification", goldenModel("bert-nli"), options));
    const { result, states } = await classify(text, asking);
    expect(result).toEqual(closeTo((await classify(text)) as unknown as Recorded));
    expect(JSON.parse(JSON.stringify(states))).toEqual([
      { tokens, hiddenStates: closeTo(hiddenStates), attentions: closeTo(attentions) },
    ]);
  });

  it("have no padding in them, whatever the batch", async () => {
    const classify = await opening(pipeline("text-classification", goldenModel("bert-nli"), options));
    const several = await classify(["it rains", text, "the dogs ran under a house and it rains in paris"], asking);
    expect(several.map(({ result }) => result.length)).toEqual([1, 1, 1]);
    const [state] = several[1]?.states ?? [];
    expect(state?.tokens).toEqual(tokens);
    expect(state?.hiddenStates?.tolist()).toEqual(closeTo(hiddenStates));
    expect(state?.attentions?.tolist()).toEqual(closeTo(attentions));
  });

  it.each([
    ["fill-mask", "bert", ["the [MASK] ran [MASK] ."], 1],
    ["next-sentence-prediction", "bert", [{ text: "it rains", textPair: "a cat" }], 1],
    ["token-classification", "bert-tags", ["the cat ".repeat(20), { stride: 2, aggregationStrategy: "simple" }], 2],
    ["question-answering", "bert-answers", ["a cat ?", "the cat ".repeat(16)], 4],
    ["multiple-choice", "bert-choices", ["it rains", ["a cat", "a dog", "the house"]], 3],
    ["zero-shot-classification", "bert-nli", ["it rains", ["a cat", "a dog"]], 2],
    ["sentence-similarity", "bert", ["it rains", ["a cat", "a dog"]], 3],
    ["feature-extraction", "bert", ["it rains"], 1],
    ["text-generation", "gpt2", ["the cat", { maxNewTokens: 3, numReturnSequences: 2, numBeams: 2 }], 2],
  ] as const)("are one option away in %s", async (task, model, given, rows) => {
    const run = (await opening(pipeline(task, goldenModel(model), options))) as unknown as (
      ...given: unknown[]
    ) => Promise<unknown>;
    const last = given.at(-1);
    const own = typeof last === "object" && !Array.isArray(last) && !("textPair" in last) ? last : undefined;
    const inputs = own === undefined ? given : given.slice(0, -1);
    const plain = await run(...inputs, { ...own });
    const { result, states } = (await run(...inputs, { ...own, ...asking })) as {
      result: unknown;
      states: { tokens: string[]; hiddenStates: Tensor; attentions: Tensor }[];
    };
    expect(JSON.parse(JSON.stringify(result))).toEqual(closeTo(JSON.parse(JSON.stringify(plain))));
    expect(states).toHaveLength(rows);
    for (const { tokens, hiddenStates, attentions } of states) {
      expect(hiddenStates.dims).toEqual([3, tokens.length, 16]);
      expect(attentions.dims).toEqual([2, 2, tokens.length, tokens.length]);
      const sums = (attentions.tolist() as number[][][][]).flat(2).map((row) => row.reduce((a, b) => a + b, 0));
      for (const sum of sums) expect(sum).toBeCloseTo(1, 4);
    }
    const hiddenOnly = (await run(...inputs, { ...own, outputHiddenStates: true })) as { states: object[] };
    expect(Object.keys(hiddenOnly.states[0] ?? {})).toEqual(["tokens", "hiddenStates"]);
  });
});

describe("progress", () => {
  it("is told after each batch", async () => {
    const told: string[] = [];
    const onBatch = (done: number, total: number): void => void told.push(`${done} of ${total}`);
    const extract = await opening(pipeline("feature-extraction", goldenModel("bert"), { ...options, onBatch }));
    await extract(["a", "the cat", "it"], { batchSize: 2 });
    expect(told).toEqual(["2 of 3", "3 of 3"]);
  });
});

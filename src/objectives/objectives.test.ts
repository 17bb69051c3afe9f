import { describe, expect, it } from "vitest";
import {
  CorpusBatches,
  corpusFromDocuments,
  type SpecialTokens,
  type TokenBatch,
  tokenizeCorpus,
} from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { Random } from "../random.ts";
import { historyWindows } from "./causal-language-modeling.ts";
import { loadObjective, objectiveNames, pairObjectiveNames } from "./registry.ts";

const tokens: SpecialTokens = {
  vocabSize: 100,
  padTokenId: 0,
  unkTokenId: 1,
  clsTokenId: 2,
  sepTokenId: 3,
  maskTokenId: 4,
  eosTokenId: 5,
};

/** A document a theme: its sentences say its number. */
const corpus = corpusFromDocuments(
  Array.from({ length: 12 }, (_, d) => Array.from({ length: 8 }, (_, s) => `${d} ${s} x. ${d} ${s} y z.`)),
);
const encode = (text: string) => Array.from(text, (character) => 10 + ((character.codePointAt(0) as number) % 80));

async function firstBatch(name: string, batchSize = 16): Promise<TokenBatch> {
  const objective = await loadObjective(name, tokens);
  const tokenized = await tokenizeCorpus(corpus, { encode, vocabSize: 100, ...objective.corpus });
  const packing = objective.packing({ sequenceLength: 32 });
  const stream = new CorpusBatches({ corpus: tokenized, packing, batchSize, random: new Random(1) });
  for await (const batch of stream.from()) return batch;
  throw new Error("no batch");
}

const joint = pairObjectiveNames.map((name) => `masked-language-modeling+${name}`);

describe.each([...objectiveNames, ...joint])("%s", (name) => {
  it("prepares what it says, purely, and the batch stays as it was", async () => {
    const objective = await loadObjective(name, tokens);
    expect(objective.name).toBe(name);
    const batch = await firstBatch(name);
    const before = structuredClone({ ...batch });
    const random = new Random(3);
    const prepared = objective.prepareBatch(batch, random);
    expect(structuredClone({ ...batch })).toEqual(before);
    expect(objective.prepareBatch(batch, random)).toEqual(prepared);
    const evaluation = objective.prepareEvaluationBatch(batch, random);
    expect(objective.prepareEvaluationBatch({ ...batch, epoch: 9 }, random)).toEqual(evaluation);
    expect(Object.keys(evaluation)).toEqual(Object.keys(prepared));
    for (const position of evaluation.positions?.data ?? []) {
      expect(evaluation.inputIds?.data[Number(position)]).toBe(BigInt(tokens.maskTokenId as number));
    }
    expect(random.position).toBe(0);
    const sizes = new Map<string, number>();
    for (const [input, array] of Object.entries(prepared)) {
      const spec = objective.inputSpecs[input];
      expect(spec?.type).toBe(array.type);
      expect(array.data.length).toBe(array.dims.reduce((product, size) => product * size, 1));
      for (const [axis, dimension] of (spec?.shape ?? []).entries()) {
        const [size, known] = [array.dims[axis] as number, sizes.get(String(dimension))];
        if (known !== undefined) expect(size).toBe(known);
        sizes.set(String(dimension), size);
      }
    }
  });

  it("lays out one pass for evaluation", async () => {
    const objective = await loadObjective(name, tokens);
    const packing = objective.packing({ sequenceLength: 32, evaluation: true });
    const tokenized = await tokenizeCorpus(corpus, { encode, vocabSize: 100, ...objective.corpus });
    const options = { corpus: tokenized, packing, batchSize: 7, shuffle: false, keepIncomplete: true };
    let rows = 0;
    for await (const batch of new CorpusBatches({ ...options, random: new Random(1) }).pass()) rows += batch.batchSize;
    const shard = await tokenized.shard(0);
    expect(rows).toBe(packing.plan(shard, new Random(1).fork("layout", 0, 0)).exampleCount);
  });
});

describe("loadObjective", () => {
  it("takes parts in either order", async () => {
    const objective = await loadObjective("next-sentence-prediction+masked-language-modeling", tokens);
    expect(objective.name).toBe("masked-language-modeling+next-sentence-prediction");
  });

  it("names the nearest one", async () => {
    const error = await loadObjective("masked-langage-modeling", tokens).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigurationError);
    expect((error as ConfigurationError).hint).toContain("masked-language-modeling");
  });

  it.each([
    "",
    "+",
    "masked-language-modeling+",
    "masked-language-modeling+causal-language-modeling",
    "next-sentence-prediction+sentence-order-prediction",
    "masked-language-modeling+masked-language-modeling",
    "masked-language-modeling+next-sentence-prediction+sentence-order-prediction",
  ])("refuses %j", async (name) => {
    await expect(loadObjective(name, tokens)).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe("causal language modeling", () => {
  it("asks for the next token at each place", async () => {
    const batch = await firstBatch("causal-language-modeling");
    const prepared = (await loadObjective("causal-language-modeling", tokens)).prepareBatch(batch, new Random(1));
    const [ids, next] = [prepared.inputIds?.data, prepared.nextTokenIds?.data];
    for (let row = 0; row < 16; row++) {
      for (let t = 0; t < 31; t++) expect(next?.[row * 32 + t]).toBe(ids?.[row * 32 + t + 1]);
    }
  });

  it.each([
    [10, 4],
    [1, 3],
    [2, 12],
    [128, 12],
  ])("shares a history of %i out over %i layers", (history, layers) => {
    const windows = historyWindows(history, layers);
    expect(windows).toHaveLength(layers);
    // Which tokens the last place depends on, layer by layer from the top.
    let reached = new Set([1000]);
    for (const window of windows.toReversed()) {
      reached = new Set([...reached].flatMap((at) => Array.from({ length: window }, (_, back) => at - back)));
    }
    expect(Math.min(...reached)).toBe(1000 - (history - 1));
    expect(reached.size).toBe(history);
    expect(Math.max(...windows) - Math.min(...windows)).toBeLessThanOrEqual(1);
  });

  it("refuses a history without layers", async () => {
    await expect(loadObjective("causal-language-modeling", tokens, { causal: { history: 4 } })).rejects.toThrow(
      ConfigurationError,
    );
  });
});

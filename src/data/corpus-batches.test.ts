import { describe, expect, it } from "vitest";
import { ConfigurationError, DataError } from "../errors.ts";
import { Random } from "../random.ts";
import { type BatchStream, int64Array, type TokenBatch } from "./batch.ts";
import { contiguousPacking } from "./contiguous-packing.ts";
import { CorpusBatches, type CorpusBatchesOptions } from "./corpus-batches.ts";
import { corpusFromDocuments } from "./corpus-source.ts";
import { fullSentencePacking } from "./full-sentence-packing.ts";
import { BatchMixture, mixtureShares } from "./mixture.ts";
import { prefetch } from "./prefetch.ts";
import { sentencePairPacking } from "./sentence-pair-packing.ts";
import type { SpecialTokens } from "./special-tokens.ts";
import { tokenizeCorpus } from "./tokenize-corpus.ts";
import type { TokenizedCorpus } from "./tokenized-corpus.ts";

const tokens: SpecialTokens = { vocabSize: 60_000, padTokenId: 0, clsTokenId: 1, sepTokenId: 2, maskTokenId: 3 };

/** `documents` documents of `sentences` sentences of 1 to 7 tokens, all tokens different. */
async function corpusOf(documents: number, sentences: number, shardTokens?: number): Promise<TokenizedCorpus> {
  let next = 10;
  const lines = Array.from({ length: documents }, (_, d) =>
    Array.from({ length: sentences }, (_, s) => Array.from({ length: 1 + ((d + s) % 7) }, () => next++).join(" ")),
  );
  const encode = (text: string) => text.split(" ").map(Number);
  const options = { encode, vocabSize: 60_000, ...(shardTokens === undefined ? {} : { shardTokens }) };
  return await tokenizeCorpus(corpusFromDocuments(lines), options);
}

async function take(stream: BatchStream, count: number, position?: TokenBatch["next"]): Promise<TokenBatch[]> {
  const batches: TokenBatch[] = [];
  for await (const batch of stream.from(position)) {
    batches.push(batch);
    if (batches.length === count) break;
  }
  return batches;
}

const sentences = fullSentencePacking(tokens, { sequenceLength: 16, join: "none" });
const random = new Random(7);

async function batchesOf(options: Partial<CorpusBatchesOptions> = {}, shardTokens?: number): Promise<CorpusBatches> {
  const corpus = await corpusOf(20, 10, shardTokens);
  return new CorpusBatches({ corpus, packing: sentences, batchSize: 8, random, ...options });
}

describe("CorpusBatches", () => {
  it("visits every example once an epoch, in another order each time", async () => {
    for (const shardTokens of [undefined, 100]) {
      const stream = await batchesOf({ keepIncomplete: true }, shardTokens);
      const seen = async (epoch: number) => {
        const ids: number[] = [];
        for await (const batch of stream.pass(epoch)) ids.push(...batch.inputIds.filter((id) => id >= 10));
        return ids;
      };
      const first = await seen(0);
      const total = (await corpusOf(20, 10)).counts.tokens;
      expect(first.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, i) => i + 10));
      expect(await seen(0)).toEqual(first);
      expect(await seen(1)).not.toEqual(first);
    }
  });

  it("leaves out fewer than a batch of each shard, other ones each epoch", async () => {
    const stream = await batchesOf({ batchSize: 64 });
    const epochs: number[][] = [];
    for (const epoch of [0, 1]) {
      const examples: number[] = [];
      for await (const batch of stream.pass(epoch)) {
        expect(batch.batchSize).toBe(64);
        examples.push(...batch.examples);
      }
      expect(examples).toHaveLength(192);
      epochs.push(examples.toSorted((a, b) => a - b));
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
  });

  it("goes on from any position with exactly the batches that would have come", async () => {
    const packings = [
      sentences,
      contiguousPacking(tokens, { sequenceLength: 12 }),
      sentencePairPacking(tokens, { sequenceLength: 24, classes: "next-or-other" }),
    ];
    for (const packing of packings) {
      for (const shardTokens of [undefined, 150]) {
        const all = await take(await batchesOf({ packing, batchSize: 5 }, shardTokens), 60);
        expect(all.at(-1)?.epoch).toBeGreaterThan(0);
        for (const from of [0, 1, 7, 30, 58]) {
          const position = JSON.parse(JSON.stringify(all[from]?.next)) as TokenBatch["next"];
          const again = await take(await batchesOf({ packing, batchSize: 5 }, shardTokens), 59 - from, position);
          expect(again).toEqual(all.slice(from + 1));
        }
      }
    }
  });

  it("pads rows to the longest of the batch and says what is padding", async () => {
    for (const batch of await take(await batchesOf(), 50)) {
      expect(batch.sequenceLength % 8 === 0 || batch.sequenceLength === 16).toBe(true);
      expect(batch.attentionMask).toEqual(batch.inputIds.map((id) => (id === 0 ? 0 : 1)));
      expect(batch.inputIds).toHaveLength(batch.batchSize * batch.sequenceLength);
    }
    const packing = contiguousPacking(tokens, { sequenceLength: 12 });
    for (const batch of await take(await batchesOf({ packing }), 20)) {
      expect(batch.attentionMask).toBeUndefined();
      expect(batch.sequenceLength).toBe(12);
      expect(batch.inputIds.includes(0)).toBe(false);
    }
  });

  it("wastes less when rows of like length share a batch", async () => {
    const padding = async (bucketByLength: boolean) => {
      const batches = await take(await batchesOf({ bucketByLength }), 20);
      return batches.reduce((sum, batch) => sum + batch.inputIds.filter((id) => id === 0).length, 0);
    };
    expect(await padding(true)).toBeLessThan(0.7 * (await padding(false)));
  });

  it("keeps the order and the layout where asked to", async () => {
    const corpus = await corpusOf(20, 10);
    const options = { corpus, packing: sentences, batchSize: 8, random };
    const [first] = await take(new CorpusBatches({ ...options, shuffle: false, bucketByLength: false }), 1);
    expect(Array.from(first?.examples ?? [])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);

    const packing = contiguousPacking(tokens, { sequenceLength: 12 });
    const rowOf = async (redraw: boolean, epoch: number) => {
      for await (const batch of new CorpusBatches({ ...options, packing, redraw, shuffle: false }).pass(epoch)) {
        return Array.from(batch.inputIds.subarray(0, 12));
      }
      return [];
    };
    expect(await rowOf(false, 1)).toEqual(await rowOf(false, 0));
    expect(await rowOf(true, 1)).not.toEqual(await rowOf(true, 0));
  });

  it("gives a small batch of a corpus with less than one", async () => {
    const corpus = await corpusOf(1, 3);
    const [first, second] = await take(new CorpusBatches({ corpus, packing: sentences, batchSize: 8, random }), 2);
    expect([first?.batchSize, second?.batchSize, second?.epoch]).toEqual([3, 3, 1]);
  });

  it("says so when a corpus gives no examples at all", async () => {
    const packing = sentencePairPacking(tokens, { sequenceLength: 24, classes: "next-or-other" });
    const stream = new CorpusBatches({ corpus: await corpusOf(1, 30), packing, batchSize: 8, random });
    await expect(take(stream, 1)).rejects.toBeInstanceOf(DataError);
  });

  it.each([{}, null, 3, { epoch: 0, shard: 0 }, { epoch: -1, shard: 0, batch: 0 }, { epoch: 0, shard: 9, batch: 0 }])(
    "refuses the position %j",
    async (position) => {
      const stream = await batchesOf();
      expect(() => stream.parsePosition(position)).toThrow(DataError);
    },
  );

  it("refuses a batch of no rows", async () => {
    await expect(batchesOf({ batchSize: 0 })).rejects.toBeInstanceOf(ConfigurationError);
  });
});

describe("BatchMixture", () => {
  const mixture = async (weights: number[]) =>
    new BatchMixture(
      await Promise.all(
        weights.map(async (weight, index) => ({ stream: await batchesOf({ random: random.fork(index) }), weight })),
      ),
      random,
    );

  it("draws from each by weight and goes on from any position", async () => {
    const all = await take(await mixture([1, 3]), 400);
    const second = all.filter((batch) => batch.key[0] === 1).length;
    expect(Math.abs(second / 400 - 0.75)).toBeLessThan(4 * Math.sqrt(0.1875 / 400));
    for (const from of [0, 1, 150]) {
      const position = JSON.parse(JSON.stringify(all[from]?.next)) as TokenBatch["next"];
      expect(await take(await mixture([1, 3]), 20, position)).toEqual(all.slice(from + 1, from + 21));
    }
  });

  it("never draws what has no weight", async () => {
    expect((await take(await mixture([0, 1]), 50)).every((batch) => batch.key[0] === 1)).toBe(true);
    await expect(mixture([0, 0])).rejects.toBeInstanceOf(ConfigurationError);
  });

  it("refuses a position of another mixture", async () => {
    const two = await mixture([1, 1]);
    expect(() => two.parsePosition({ step: 0, streams: [two.start] })).toThrow(DataError);
    expect(() => two.parsePosition({ epoch: 0, shard: 0, batch: 0 })).toThrow(DataError);
  });

  it("flattens shares as in XLM and multilingual BERT", () => {
    expect(mixtureShares([1, 99], 1)).toEqual([0.01, 0.99]);
    expect(mixtureShares([5, 5], 0.3)).toEqual([0.5, 0.5]);
    const [small] = mixtureShares([1, 99], 0.5);
    expect(small).toBeCloseTo(1 / (1 + Math.sqrt(99)), 12);
    expect(() => mixtureShares([1], 2)).toThrow(ConfigurationError);
  });
});

describe("prefetch", () => {
  it("asks ahead, keeps the order, and reports an error in its turn", async () => {
    const asked: number[] = [];
    async function* items() {
      for (let i = 0; i < 4; i++) {
        asked.push(i);
        yield i;
      }
      throw new Error("no more");
    }
    const taken: number[] = [];
    const run = async () => {
      for await (const item of prefetch(items(), 2)) {
        taken.push(item);
        await new Promise((resolve) => setTimeout(resolve, 1));
        expect(asked.length).toBe(Math.min(4, taken.length + 2));
      }
    };
    await expect(run()).rejects.toThrow("no more");
    expect(taken).toEqual([0, 1, 2, 3]);
  });

  it("closes the source when the taker stops", async () => {
    let closed = false;
    async function* items() {
      try {
        for (;;) yield 1;
      } finally {
        closed = true;
      }
    }
    for await (const _ of prefetch(items())) break;
    expect(closed).toBe(true);
  });
});

it("widens ids to int64", () => {
  const values = [0, 1, -100, 2 ** 31 - 1, -(2 ** 31)];
  expect(int64Array(Int32Array.from(values), [5]).data).toEqual(BigInt64Array.from(values, BigInt));
});

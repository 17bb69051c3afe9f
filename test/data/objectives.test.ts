/** The statistics of every objective on real text. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import {
  CorpusBatches,
  openCorpus,
  type PairClasses,
  type SpecialTokens,
  sentencePairPacking,
  splitHeldOut,
  type TokenizedCorpus,
  tokenizeCorpus,
} from "../../src/data/index.ts";
import { baselineAccuracies, MaskedBaselines } from "../../src/demo/baselines.ts";
import {
  evaluationBatches,
  type MaskingOptions,
  maskedLanguageModeling,
  tokenMasker,
  wordStarts,
} from "../../src/objectives/index.ts";
import { Random } from "../../src/random.ts";
import { AutoTokenizer, type Tokenizer } from "../../src/tokenizers/index.ts";

const shared = fileURLToPath(new URL("../../../shared/", import.meta.url));
const present = existsSync(join(shared, "data")) && existsSync(join(shared, "golden/tokenizers"));
if (!present) console.log("skipped: no corpora and tokenizers beside the repository");

const random = new Random(17);

function specialTokensOf(tokenizer: Tokenizer): SpecialTokens {
  const { padTokenId, unkTokenId, clsTokenId, sepTokenId, maskTokenId } = tokenizer;
  return { vocabSize: tokenizer.length, padTokenId, unkTokenId, clsTokenId, sepTokenId, maskTokenId };
}

function expectShare(count: number, total: number, expected: number): void {
  expect(Math.abs(count / total - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / total));
}

const corpora = [
  ["lm/en/wikitext2.valid.txt", "bert-base-uncased"],
  ["lm/zh/CLUECorpusSmall_bert_sampled.txt", "bert-base-chinese"],
] as const;

describe.runIf(present).each(corpora)("masked language modeling on %s", (file, folder) => {
  let tokenizer: Tokenizer;
  let tokens: SpecialTokens;
  let corpus: TokenizedCorpus;
  beforeAll(async () => {
    tokenizer = await AutoTokenizer.fromPretrained(join(shared, "golden/tokenizers", folder));
    tokens = specialTokensOf(tokenizer);
    const encode = (text: string) => tokenizer.encodeIds(text);
    corpus = await tokenizeCorpus(await openCorpus(join(shared, "data", file)), {
      encode,
      vocabSize: tokens.vocabSize,
    });
  });

  async function* masked(options: MaskingOptions, epoch = 0) {
    const mask = tokenMasker(tokens, options);
    const packing = maskedLanguageModeling(tokens).packing({ sequenceLength: 128 });
    const stream = new CorpusBatches({ corpus, packing, batchSize: 32, random, redraw: false, shuffle: false });
    for await (const batch of stream.pass(epoch)) yield { batch, ...mask(batch, random) };
  }

  it("selects 15%, and does 80/10/10 with it, alike for frequent and rare tokens", async () => {
    let [text, selected, hidden, random10, special] = [0, 0, 0, 0, 0];
    const counts = new Float64Array(tokens.vocabSize);
    const chosen = new Float64Array(tokens.vocabSize);
    for await (const { batch, inputIds, positions, labels } of masked({})) {
      for (const id of batch.inputIds) {
        if (id === tokens.clsTokenId || id === tokens.sepTokenId || id === tokens.unkTokenId) continue;
        text++;
        counts[id]!++;
      }
      selected += positions.length;
      for (const [i, position] of positions.entries()) {
        chosen[labels[i] as number]!++;
        if (inputIds[position] === tokens.maskTokenId) hidden++;
        else if (inputIds[position] !== labels[i]) random10++;
        if (labels[i] === tokens.clsTokenId || labels[i] === tokens.sepTokenId) special++;
      }
    }
    expect(text).toBeGreaterThan(200_000);
    // Only the rounding of each row's number is random.
    expect(Math.abs(selected / text - 0.15)).toBeLessThan(0.0005);
    expectShare(hidden, selected, 0.8);
    expectShare(random10, selected, 0.1);
    expect(special).toBe(0);
    const frequent = Array.from(counts.keys()).filter((id) => (counts[id] as number) > 1000);
    expect(frequent.length).toBeGreaterThan(10);
    for (const id of frequent) {
      expect(Math.abs((chosen[id] as number) / (counts[id] as number) - 0.15)).toBeLessThan(
        5 * Math.sqrt((0.15 * 0.85) / (counts[id] as number)),
      );
    }
  });

  it("draws another epoch independently when dynamic, and alike when static", async () => {
    for (const draws of ["dynamic", "static"] as const) {
      let [both, first] = [0, 0];
      const second = masked({ draws }, 1);
      for await (const { batch, positions } of masked({ draws }, 0)) {
        const other = (await second.next()).value;
        expect(other?.batch.inputIds).toEqual(batch.inputIds);
        const chosen = new Set(other?.positions);
        first += positions.length;
        for (const position of positions) if (chosen.has(position)) both++;
      }
      if (draws === "static") expect(both).toBe(first);
      else expect(Math.abs(both / first - 0.15)).toBeLessThan(0.006);
    }
  });

  it("hides whole words and runs of words only", async () => {
    const vocabulary = Array.from({ length: tokens.vocabSize }, (_, id) => tokenizer.convertIdsToTokens(id) ?? "");
    const starts = wordStarts(vocabulary, "wordpiece");
    for (const unit of ["word", "n-gram"] as const) {
      let [selected, text, broken] = [0, 0, 0];
      for await (const { batch, positions } of masked({ unit, wordStarts: starts })) {
        const chosen = new Set(positions);
        selected += positions.length;
        for (const [i, id] of batch.inputIds.entries()) {
          if (id === tokens.clsTokenId || id === tokens.sepTokenId || id === tokens.unkTokenId) continue;
          text++;
          const goesOn = starts[id] === 0 && batch.inputIds[i - 1] !== tokens.clsTokenId;
          if (goesOn && batch.inputIds[i - 1] !== tokens.unkTokenId && chosen.has(i) !== chosen.has(i - 1)) broken++;
        }
      }
      expect(broken).toBe(0);
      expect(selected / text).toBeGreaterThan(0.14);
      expect(selected / text).toBeLessThan(0.151);
    }
  });
});

/** Real sentences with one id each, repeated, so that every token tells where it comes from. */
async function traceableCorpus(file: string) {
  const source = await openCorpus(file === "brown" ? "brown" : join(shared, "data", file));
  let sentence = 10;
  const encode = (text: string) => new Int32Array(Math.max(1, Math.round(text.length / 5))).fill(sentence++);
  const vocabSize = 1 << 20;
  const corpus = await tokenizeCorpus(source, { encode, vocabSize, sentences: "split" });
  const shard = await corpus.shard(0);
  const documentOf = new Int32Array(sentence);
  for (let document = 0; document < shard.documentBytes.length; document++) {
    const end = shard.documentStarts[document + 1] as number;
    for (let s = shard.documentStarts[document] as number; s < end; s++) {
      documentOf[shard.tokens[shard.sentenceStarts[s] as number] as number] = document;
    }
  }
  const tokens: SpecialTokens = { vocabSize, padTokenId: 0, clsTokenId: 1, sepTokenId: 2, maskTokenId: 3 };
  return { corpus, tokens, documentOf };
}

const pairCases: [string, PairClasses, number][] = [
  ["brown", "next-or-other", 2],
  ["brown", "next-or-same-or-other", 3],
  ["brown", "order", 2],
  ["lm/zh/CLUECorpusSmall_bert_sampled.txt", "next-or-other", 2],
  ["lm/zh/CLUECorpusSmall_bert_sampled.txt", "next-or-same-or-other", 3],
];

describe.runIf(present).each(pairCases)("pairs of segments: %s, %s", (file, classes, classCount) => {
  it("have labels that are true, equally likely, and not told by lengths or by A", async () => {
    const { corpus, tokens, documentOf } = await traceableCorpus(file);
    const packing = sentencePairPacking(tokens, { sequenceLength: 128, classes });
    const stream = new CorpusBatches({ corpus, packing, batchSize: 32, random, keepIncomplete: true });
    const counts = new Float64Array(classCount);
    const lengths = new Float64Array(classCount);
    const lengthsOfA = new Float64Array(classCount);
    for (let epoch = 0; epoch < 4; epoch++) {
      for await (const batch of stream.pass(epoch)) {
        for (let row = 0; row < batch.batchSize; row++) {
          const start = row * batch.sequenceLength;
          const ids = batch.inputIds.subarray(start, start + batch.sequenceLength);
          const middle = ids.indexOf(2);
          const end = ids.indexOf(2, middle + 1);
          const [a, b] = [ids.subarray(1, middle), ids.subarray(middle + 1, end)];
          for (const segment of [a, b]) {
            const documents = new Set(Array.from(segment, (id) => documentOf[id]));
            if (documents.size !== 1) throw new Error("a segment reaches over the end of a document");
          }
          const label = batch.pairLabels?.[row] as number;
          checkLabel(classes, label, a, b, documentOf);
          counts[label]!++;
          lengths[label]! += end + 1;
          lengthsOfA[label]! += a.length;
        }
      }
    }
    const total = counts.reduce((sum, count) => sum + count, 0);
    expect(total).toBeGreaterThan(2000);
    for (let label = 0; label < classCount; label++) {
      expectShare(counts[label] as number, total, 1 / classCount);
      const [count, first] = [counts[label] as number, counts[0] as number];
      // Means of about 120 tokens and, for A, about 60 with a standard deviation of 30.
      expect(Math.abs((lengths[label] as number) / count - (lengths[0] as number) / first)).toBeLessThan(5);
      expect(Math.abs((lengthsOfA[label] as number) / count - (lengthsOfA[0] as number) / first)).toBeLessThan(6);
    }
  });
});

function checkLabel(classes: PairClasses, label: number, a: Int32Array, b: Int32Array, documentOf: Int32Array): void {
  const same = documentOf[a[0] as number] === documentOf[b[0] as number];
  const [aFirst, aLast, bFirst, bLast] = [a[0], a.at(-1), b[0], b.at(-1)] as [number, number, number, number];
  const isTrue =
    classes === "order"
      ? same && (label === 0 ? aLast < bFirst : bLast < aFirst)
      : label === 0
        ? same && aLast < bFirst
        : classes === "next-or-other" || label === 2
          ? !same
          : same && (bFirst > aLast + 1 || bLast < aFirst - 1);
  if (!isTrue) throw new Error(`label ${label} of ${classes}: ${aFirst}–${aLast}, ${bFirst}–${bLast}`);
}

describe.runIf(present)("baselines on the Brown corpus", () => {
  it("rise from the most frequent token over the left bigram to both sides, in seconds", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(join(shared, "golden/tokenizers/bert-base-uncased"));
    const tokens = specialTokensOf(tokenizer);
    const encode = (text: string) => tokenizer.encodeIds(text);
    const corpus = await tokenizeCorpus(await openCorpus("brown"), { encode, vocabSize: tokens.vocabSize });
    const { training, heldOut, rule } = await splitHeldOut(corpus);
    expect(rule).toBe("every 20th document (25 of 500)");
    const batches = [];
    const options = { sequenceLength: 32, batchSize: 64 };
    for await (const { prepared } of evaluationBatches(
      maskedLanguageModeling(tokens),
      heldOut as TokenizedCorpus,
      options,
    )) {
      batches.push(prepared);
    }
    const accuracies = baselineAccuracies(await MaskedBaselines.count(training), batches, tokens);
    expect(accuracies.positions).toBeGreaterThan(8000);
    expect(accuracies.mostFrequent).toBeGreaterThan(0.03);
    expect(accuracies.mostFrequent).toBeLessThan(0.07);
    expect(accuracies.leftBigram).toBeGreaterThan(0.12);
    expect(accuracies.leftBigram).toBeLessThan(0.2);
    expect(accuracies.twoSided).toBeGreaterThan(accuracies.leftBigram + 0.06);
    expect(accuracies.twoSided).toBeLessThan(0.3);
  });
});

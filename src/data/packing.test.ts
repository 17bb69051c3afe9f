import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors.ts";
import { Random } from "../random.ts";
import { causalPacking } from "./causal-packing.ts";
import { contiguousPacking } from "./contiguous-packing.ts";
import { fullSentencePacking } from "./full-sentence-packing.ts";
import { JoinedDocuments } from "./joined-documents.ts";
import type { BatchRows, Packing } from "./packing.ts";
import { type PairClasses, sentencePairPacking } from "./sentence-pair-packing.ts";
import type { SpecialTokens } from "./special-tokens.ts";
import { type TokenShard, TokenShardBuilder } from "./token-shard.ts";

const PAD = 0;
const CLS = 1;
const SEP = 2;
const END = 3;
const tokens: SpecialTokens = {
  vocabSize: 1000,
  padTokenId: PAD,
  clsTokenId: CLS,
  sepTokenId: SEP,
  eosTokenId: END,
  maskTokenId: 4,
};

/** Documents of sentences of ids. */
function shardOf(documents: number[][][]): TokenShard {
  const builder = new TokenShardBuilder(1000);
  for (const document of documents) {
    for (const sentence of document) builder.addSentence(sentence, sentence.length);
    builder.endDocument();
  }
  return builder.build(0, 0);
}

interface Row {
  ids: number[];
  types: number[];
  next: number[];
  label: number;
}

function rowsOf(packing: Packing, shard: TokenShard, seed = 1): Row[] {
  const plan = packing.plan(shard, new Random(seed));
  const T = packing.sequenceLength;
  return Array.from({ length: plan.exampleCount }, (_, example) => {
    const rows = {
      sequenceLength: T,
      inputIds: new Int32Array(2 * T).fill(PAD),
      tokenTypeIds: new Int32Array(2 * T),
      nextTokenIds: new Int32Array(2 * T).fill(-100),
      pairLabels: new Int32Array(2),
    } satisfies BatchRows;
    plan.write(example, rows, 1);
    expect(rows.inputIds.subarray(0, T).every((id) => id === PAD)).toBe(true); // the other row is left alone
    const length = plan.lengthOf(example);
    expect(length).toBeLessThanOrEqual(T);
    expect(rows.inputIds.subarray(T + length).every((id) => id === PAD)).toBe(true);
    return {
      ids: Array.from(rows.inputIds.subarray(T, T + length)),
      types: Array.from(rows.tokenTypeIds.subarray(T, T + length)),
      next: Array.from(rows.nextTokenIds.subarray(T, T + length)),
      label: rows.pairLabels[1] as number,
    };
  });
}

const ids = (packing: Packing, shard: TokenShard, seed?: number) => rowsOf(packing, shard, seed).map((row) => row.ids);

const twoDocuments = shardOf([
  [
    [10, 11, 12],
    [13, 14],
  ],
  [[20], [21, 22, 23]],
]);

describe("JoinedDocuments", () => {
  it("reads any stretch of the endless stream, as plain concatenation does", () => {
    for (const separator of [undefined, SEP]) {
      const before = separator === undefined ? [] : [separator];
      const stream = [...before, 10, 11, 12, 13, 14, ...before, 20, 21, 22, 23];
      const joined = new JoinedDocuments(twoDocuments, separator);
      expect(joined.length).toBe(stream.length);
      for (let start = 0; start < 2 * stream.length; start++) {
        for (let count = 0; count < 25; count++) {
          const out = new Int32Array(count + 2).fill(-1);
          joined.read(start, count, out, 1);
          const expected = Array.from({ length: count }, (_, i) => stream[(start + i) % stream.length]);
          expect(Array.from(out)).toEqual([-1, ...expected, -1]);
        }
      }
    }
  });
});

describe("contiguousPacking", () => {
  it("fills every row, over the ends of documents and of the text", () => {
    const packing = contiguousPacking(tokens, { sequenceLength: 6, shift: false });
    expect(packing.padded).toBe(false);
    expect(ids(packing, twoDocuments)).toEqual([
      [CLS, SEP, 10, 11, 12, SEP],
      [CLS, 13, 14, SEP, 20, SEP],
      [CLS, 21, 22, 23, SEP, SEP],
    ]);
  });

  it("pads the last row for evaluation", () => {
    const packing = contiguousPacking(tokens, { sequenceLength: 6, shift: false, tail: "pad" });
    expect(packing.padded).toBe(true);
    expect(ids(packing, twoDocuments).at(-1)).toEqual([CLS, 21, 22, 23, SEP]);
  });

  it("gives a row longer than the text by repetition", () => {
    const packing = contiguousPacking(tokens, { sequenceLength: 16, shift: false });
    expect(ids(packing, shardOf([[[10, 11]]]))).toEqual([
      [CLS, SEP, 10, 11, SEP, 10, 11, SEP, 10, 11, SEP, 10, 11, SEP, 10, SEP],
    ]);
  });

  it("sees every token once or more whatever the shift, and shifts differently by seed", () => {
    const packing = contiguousPacking(tokens, { sequenceLength: 5 });
    const firsts = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const rows = ids(packing, twoDocuments, seed);
      firsts.add(rows[0]?.join() ?? "");
      for (const id of [10, 11, 12, 13, 14, 20, 21, 22, 23]) expect(rows.flat()).toContain(id);
    }
    expect(firsts.size).toBeGreaterThan(5);
  });

  it("keeps to documents where asked to", () => {
    const packing = contiguousPacking(tokens, { sequenceLength: 5, join: "sentences", shift: false });
    expect(ids(packing, twoDocuments)).toEqual([
      [CLS, 10, 11, 12, SEP],
      [CLS, 13, 14, SEP],
      [CLS, 20, 21, 22, SEP],
      [CLS, 23, SEP],
    ]);
    const shifted = contiguousPacking(tokens, { sequenceLength: 5, join: "sentences" });
    for (let seed = 0; seed < 10; seed++) {
      const rows = ids(shifted, twoDocuments, seed).map((row) => row.slice(1, -1));
      expect(rows.flat()).toEqual([10, 11, 12, 13, 14, 20, 21, 22, 23]);
      for (const row of rows) expect(new Set(row.map((id) => Math.floor(id / 10))).size).toBe(1);
    }
  });

  it("refuses rows without room and tokenizers without [SEP]", () => {
    expect(() => contiguousPacking(tokens, { sequenceLength: 2 })).toThrow(ConfigurationError);
    expect(() => contiguousPacking({ ...tokens, sepTokenId: undefined }, { sequenceLength: 8 })).toThrow(/sepTokenId/);
  });
});

describe("fullSentencePacking", () => {
  const shard = shardOf([[[10, 11], [12, 13], [14]], [[20, 21, 22, 23, 24, 25, 26]], [[30], [31]]]);

  it("joins sentences of several documents with a separator between documents", () => {
    expect(ids(fullSentencePacking(tokens, { sequenceLength: 7, shift: false }), shard)).toEqual([
      [CLS, 10, 11, 12, 13, 14, SEP],
      [CLS, 20, 21, 22, 23, 24, SEP],
      [CLS, 25, 26, SEP, 30, 31, SEP],
    ]);
  });

  it("joins sentences of one document", () => {
    expect(ids(fullSentencePacking(tokens, { sequenceLength: 6, shift: false, join: "sentences" }), shard)).toEqual([
      [CLS, 10, 11, 12, 13, SEP],
      [CLS, 14, SEP],
      [CLS, 20, 21, 22, 23, SEP],
      [CLS, 24, 25, 26, SEP],
      [CLS, 30, 31, SEP],
    ]);
  });

  it("gives each sentence a row", () => {
    expect(ids(fullSentencePacking(tokens, { sequenceLength: 9, join: "none" }), shard)).toEqual([
      [CLS, 10, 11, SEP],
      [CLS, 12, 13, SEP],
      [CLS, 14, SEP],
      [CLS, 20, 21, 22, 23, 24, 25, 26, SEP],
      [CLS, 30, SEP],
      [CLS, 31, SEP],
    ]);
  });

  it("loses nothing when the first row is cut at random", () => {
    for (let seed = 0; seed < 20; seed++) {
      const rows = ids(fullSentencePacking(tokens, { sequenceLength: 7 }), shard, seed);
      const text = rows.flat().filter((id) => id >= 10);
      expect(text).toEqual([10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26, 30, 31]);
    }
  });
});

describe("causalPacking", () => {
  it("predicts every token once and the end of every document", () => {
    const packing = causalPacking(tokens, { sequenceLength: 4, shift: false, tail: "pad" });
    const rows = rowsOf(packing, twoDocuments);
    expect(rows.map((row) => row.ids)).toEqual([
      [END, 10, 11, 12],
      [13, 14, END, 20],
      [21, 22, 23],
    ]);
    expect(rows.map((row) => row.next)).toEqual([
      [10, 11, 12, 13],
      [14, END, 20, 21],
      [22, 23, END],
    ]);
  });

  it("goes on from the beginning where the text ends, in training", () => {
    const packing = causalPacking(tokens, { sequenceLength: 4, shift: false });
    expect(packing.padded).toBe(false);
    expect(rowsOf(packing, twoDocuments).at(-1)).toMatchObject({ ids: [21, 22, 23, END], next: [22, 23, END, 10] });
  });
});

/** Documents of sentences whose tokens tell where they come from: 1 + document, sentence, in base 100 above 100. */
function pairShard(documents: number, sentences: number, length = 3): TokenShard {
  const token = (d: number, s: number) => 100 + d * 30 + s;
  return shardOf(
    Array.from({ length: documents }, (_, d) =>
      Array.from({ length: sentences }, (_, s) => Array<number>(length).fill(token(d, s))),
    ),
  );
}

interface Segment {
  document: number;
  first: number;
  last: number;
}

function segmentOf(ids: number[]): Segment {
  const documents = new Set(ids.map((id) => Math.floor((id - 100) / 30)));
  expect(documents.size).toBe(1); // no segment reaches over the end of a document
  const sentences = ids.map((id) => (id - 100) % 30);
  for (let i = 1; i < sentences.length; i++) {
    const step = (sentences[i] as number) - (sentences[i - 1] as number);
    expect(step === 0 || step === 1).toBe(true);
  }
  return { document: [...documents][0] as number, first: sentences[0] as number, last: sentences.at(-1) as number };
}

function pairsOf(classes: PairClasses, shard: TokenShard, seed: number, sequenceLength = 24) {
  const packing = sentencePairPacking(tokens, { sequenceLength, classes });
  return rowsOf(packing, shard, seed).map(({ ids, types, label }) => {
    const middle = ids.indexOf(SEP);
    expect(ids[0]).toBe(CLS);
    expect(ids.at(-1)).toBe(SEP);
    expect(types).toEqual(ids.map((_, i) => (i <= middle ? 0 : 1)));
    return { a: segmentOf(ids.slice(1, middle)), b: segmentOf(ids.slice(middle + 1, -1)), label };
  });
}

function share(count: number, total: number): number {
  return count / total;
}

describe("sentencePairPacking", () => {
  it("makes half of the pairs of neighbours and half of different documents", () => {
    const pairs = Array.from({ length: 20 }, (_, seed) => pairsOf("next-or-other", pairShard(20, 25), seed)).flat();
    expect(pairs.length).toBeGreaterThan(2000);
    for (const { a, b, label } of pairs) {
      if (label === 1) expect(b.document).not.toBe(a.document);
      else expect(b.document === a.document && (b.first === a.last + 1 || b.first === a.last)).toBe(true);
    }
    const others = pairs.filter((pair) => pair.label === 1);
    const error = 4 * Math.sqrt(0.25 / pairs.length);
    expect(Math.abs(share(others.length, pairs.length) - 0.5)).toBeLessThan(error);
    // The other document is any of the others.
    expect(new Set(others.map(({ a, b }) => (b.document - a.document + 20) % 20)).size).toBe(19);
  });

  it("makes thirds of neighbours, the same document and others", () => {
    const shard = pairShard(20, 25);
    const pairs = Array.from({ length: 20 }, (_, seed) => pairsOf("next-or-same-or-other", shard, seed)).flat();
    for (const { a, b, label } of pairs) {
      expect(a.document === b.document).toBe(label !== 2);
      if (label === 0) expect(b.first === a.last + 1 || b.first === a.last).toBe(true);
      if (label === 1) expect(b.first > a.last + 1 || b.last < a.first - 1).toBe(true);
    }
    for (const label of [0, 1, 2]) {
      const count = pairs.filter((pair) => pair.label === label).length;
      expect(Math.abs(share(count, pairs.length) - 1 / 3)).toBeLessThan(4 * Math.sqrt(2 / 9 / pairs.length));
    }
    // From before and from behind.
    const same = pairs.filter((pair) => pair.label === 1);
    const before = same.filter(({ a, b }) => b.last < a.first).length;
    expect(share(before, same.length)).toBeGreaterThan(0.2);
    expect(share(before, same.length)).toBeLessThan(0.8);
  });

  it("swaps half of the pairs for the order", () => {
    const pairs = Array.from({ length: 20 }, (_, seed) => pairsOf("order", pairShard(20, 25), seed)).flat();
    for (const { a, b, label } of pairs) {
      const [left, right] = label === 0 ? [a, b] : [b, a];
      expect(left.document).toBe(right.document);
      expect(right.first === left.last + 1 || right.first === left.last).toBe(true);
    }
    const swapped = pairs.filter((pair) => pair.label === 1).length;
    expect(Math.abs(share(swapped, pairs.length) - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / pairs.length));
  });

  it("gives nothing away by lengths: classes have the same mean lengths of A and B", () => {
    const shard = pairShard(20, 25, 2);
    const packing = sentencePairPacking(tokens, { sequenceLength: 20, classes: "next-or-same-or-other" });
    const rows = Array.from({ length: 30 }, (_, seed) => rowsOf(packing, shard, seed)).flat();
    const meanLength = (label: number) => {
      const lengths = rows.filter((row) => row.label === label).map((row) => row.ids.length);
      return lengths.reduce((sum, length) => sum + length, 0) / lengths.length;
    };
    expect(Math.abs(meanLength(0) - meanLength(1))).toBeLessThan(0.4);
    expect(Math.abs(meanLength(0) - meanLength(2))).toBeLessThan(0.4);
  });

  it("makes about a tenth of the rows shorter", () => {
    const packing = sentencePairPacking(tokens, { sequenceLength: 64, classes: "order" });
    const rows = Array.from({ length: 60 }, (_, seed) => rowsOf(packing, pairShard(10, 29, 10), seed)).flat();
    const full = rows.filter((row) => row.ids.length === 64).length;
    const packed = sentencePairPacking(tokens, { sequenceLength: 64, classes: "order", shortSequenceProbability: 0 });
    const fullOfPacked = rowsOf(packed, pairShard(10, 29, 10)).filter((row) => row.ids.length === 64).length;
    expect(fullOfPacked / rowsOf(packed, pairShard(10, 29, 10)).length).toBeGreaterThan(0.75);
    expect(full / rows.length).toBeLessThan(0.85);
    expect(full / rows.length).toBeGreaterThan(0.55);
  });

  it("makes no example where a class is impossible", () => {
    const oneDocument = pairShard(1, 20);
    expect(pairsOf("next-or-other", oneDocument, 1)).toEqual([]);
    expect(pairsOf("order", oneDocument, 1).length).toBeGreaterThan(0);
    expect(pairsOf("order", pairShard(5, 1), 1)).toEqual([]);
    // Of two sentences neither is "the same document, but not next".
    expect(pairsOf("next-or-same-or-other", pairShard(5, 2), 1)).toEqual([]);
  });

  it("takes sentences longer than a row", () => {
    const pairs = pairsOf("next-or-other", pairShard(4, 6, 500), 3, 16);
    expect(pairs.length).toBeGreaterThan(4);
  });
});

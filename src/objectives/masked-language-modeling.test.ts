import { describe, expect, it } from "vitest";
import { createEngine } from "#runtime";
import type { SpecialTokens, TokenBatch } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { input, shapeOf } from "../graph/index.ts";
import { Random } from "../random.ts";
import { Executable } from "../runtime/executable.ts";
import { type MaskingOptions, maskedLanguageModeling, tokenMasker } from "./masked-language-modeling.ts";
import { wordStarts } from "./token-selection.ts";

const MASK = 4;
const tokens: SpecialTokens = {
  vocabSize: 500,
  padTokenId: 0,
  unkTokenId: 1,
  clsTokenId: 2,
  sepTokenId: 3,
  maskTokenId: MASK,
};

/** Rows [CLS] text [SEP] [PAD]… of `text` tokens that differ by place, some of them [UNK]. */
function batchOf({ rows = 64, text = 60, padding = 4, epoch = 0, firstExample = 0 } = {}): TokenBatch {
  const T = text + 2 + padding;
  const row = (r: number) => [
    2,
    ...Array.from({ length: text }, (_, i) => (i % 20 === 19 ? 1 : 10 + ((r * 31 + i * 7) % 480))),
    3,
    ...Array<number>(padding).fill(0),
  ];
  const inputIds = Int32Array.from(Array.from({ length: rows }, (_, r) => row(r)).flat());
  const position = { epoch, shard: 0, batch: 0 };
  return {
    batchSize: rows,
    sequenceLength: T,
    inputIds,
    attentionMask: inputIds.map((id) => (id === 0 ? 0 : 1)),
    tokenTypeIds: undefined,
    nextTokenIds: undefined,
    pairLabels: undefined,
    examples: Uint32Array.from({ length: rows }, (_, r) => firstExample + r),
    key: [0],
    epoch,
    position,
    next: position,
  };
}

const random = new Random(5);

/** Within four standard errors of a share that was expected. */
function expectShare(count: number, total: number, expected: number): void {
  expect(Math.abs(count / total - expected)).toBeLessThan(4 * Math.sqrt((expected * (1 - expected)) / total));
}

function manyBatches(options: MaskingOptions = {}, count = 40) {
  const mask = tokenMasker(tokens, options);
  return Array.from({ length: count }, (_, epoch) => {
    const batch = batchOf({ epoch });
    return { batch, ...mask(batch, random) };
  });
}

describe("tokenMasker", () => {
  it("selects 15%: 80% become [MASK], 10% a random token, 10% stay", () => {
    let [eligible, selected, masked, changed] = [0, 0, 0, 0];
    const replacements = new Map<number, number>();
    for (const { batch, inputIds, positions, labels } of manyBatches()) {
      eligible += batch.inputIds.filter((id) => id >= 5).length;
      selected += positions.length;
      for (const [i, position] of positions.entries()) {
        const [now, before] = [inputIds[position] as number, labels[i] as number];
        expect(before).toBe(batch.inputIds[position]);
        if (now === MASK) masked++;
        else if (now !== before) {
          changed++;
          replacements.set(now, (replacements.get(now) ?? 0) + 1);
        }
      }
    }
    expect(selected).toBeGreaterThan(20_000);
    // Only the rounding of each row's number is random.
    expect(Math.abs(selected / eligible - 0.15)).toBeLessThan(0.001);
    // A random token is [MASK] or the same one in 2 of 500 cases.
    expectShare(masked, selected, 0.8 + 0.1 / 500);
    expectShare(changed, selected, 0.1 * (498 / 500));
    // Uniform over the vocabulary: χ² over 500 ids has mean 499 and standard deviation 32.
    const mean = changed / 500;
    let chiSquared = 0;
    for (let id = 0; id < 500; id++) chiSquared += ((replacements.get(id) ?? 0) - mean) ** 2 / mean;
    expect(chiSquared).toBeLessThan(640);
  });

  it("changes nothing else, leaves the batch as it was, and never selects special tokens or padding", () => {
    for (const unit of ["token", "word", "n-gram"] as const) {
      const batch = batchOf();
      const before = batch.inputIds.slice();
      const options = { unit, wordStarts: new Uint8Array(500).fill(1) };
      const { inputIds, positions } = tokenMasker(tokens, options)(batch, random);
      expect(batch.inputIds).toEqual(before);
      const selected = new Set(positions);
      expect(selected.size).toBe(positions.length);
      expect(positions).toEqual(positions.toSorted());
      for (const [i, id] of inputIds.entries()) {
        if (selected.has(i)) expect(before[i]).toBeGreaterThanOrEqual(5);
        else expect(id).toBe(before[i]);
      }
    }
  });

  it("draws anew every epoch, or never", () => {
    const overlap = (draws: "dynamic" | "static") => {
      const mask = tokenMasker(tokens, { draws });
      const first = mask(batchOf({ epoch: 0 }), random);
      const again = mask(batchOf({ epoch: 0 }), random);
      const later = mask(batchOf({ epoch: 1 }), random);
      expect(again).toEqual(first);
      const chosen = new Set(first.positions);
      const shared = later.positions.filter((position) => chosen.has(position)).length;
      return { shared, total: later.positions.length, same: later.inputIds.join() === first.inputIds.join() };
    };
    expect(overlap("static").same).toBe(true);
    const { shared, total } = overlap("dynamic");
    expectShare(shared, total, 0.15); // independent
  });

  it("draws so many times as there are copies, which take turns", () => {
    const mask = tokenMasker(tokens, { draws: "static", copies: 3 });
    const drawn = Array.from({ length: 7 }, (_, epoch) => mask(batchOf({ epoch }), random).inputIds.join());
    expect(new Set(drawn).size).toBe(3);
    expect(drawn.slice(3)).toEqual([...drawn.slice(0, 3), drawn[0]]);
  });

  it("draws for a row whatever batch it is in", () => {
    const mask = tokenMasker(tokens);
    const whole = batchOf({ rows: 8 });
    const all = mask(whole, random);
    const T = whole.sequenceLength;
    const part = { ...batchOf({ rows: 3 }), inputIds: whole.inputIds.slice(5 * T), examples: Uint32Array.of(5, 6, 7) };
    expect(mask(part, random).inputIds).toEqual(all.inputIds.slice(5 * T));
  });

  it("selects every place and every token alike, and neighbours independently", () => {
    const perPlace = new Float64Array(60);
    let [neighbours, pairs] = [0, 0];
    const batches = manyBatches({}, 60);
    for (const { batch, positions } of batches) {
      const selected = new Set(positions);
      for (const position of positions) (perPlace[(position % batch.sequenceLength) - 1] as number)++;
      for (let i = 0; i < batch.inputIds.length - 1; i++) {
        if ((batch.inputIds[i] as number) < 5 || (batch.inputIds[i + 1] as number) < 5) continue;
        pairs++;
        if (selected.has(i) && selected.has(i + 1)) neighbours++;
      }
    }
    const draws = batches.length * 64;
    for (const [place, count] of perPlace.entries()) {
      if (place % 20 === 19) expect(count).toBe(0);
      else expect(Math.abs(count / draws - 0.15)).toBeLessThan(5 * Math.sqrt((0.15 * 0.85) / draws));
    }
    // Of 57 places 8.55 are drawn without putting back: both of two with p = E[n(n − 1)] / (57 · 56).
    const expected = (0.45 * 8 * 7 + 0.55 * 9 * 8) / (57 * 56);
    expectShare(neighbours, pairs, expected);
  });

  it("selects at least one of a row, at most so many, and counts for nothing where there is no text", () => {
    const single = tokenMasker(tokens)(batchOf({ rows: 10, text: 1 }), random);
    expect(single.positions).toHaveLength(10);
    const limited = tokenMasker(tokens, { maxPredictionsPerSequence: 3 })(batchOf({ rows: 10 }), random);
    expect(limited.positions).toHaveLength(30);
    const none = tokenMasker(tokens)(batchOf({ rows: 2, text: 0 }), random);
    expect([Array.from(none.positions), Array.from(none.labels)]).toEqual([[0], [-100]]);
  });

  it("masks everything selected for evaluation", () => {
    const { inputIds, positions } = tokenMasker(tokens, { maskShare: 1, randomShare: 0 })(batchOf(), random);
    expect(Array.from(positions, (position) => inputIds[position])).toEqual(Array(positions.length).fill(MASK));
  });

  it("selects whole words", () => {
    // Ids with (id % 3 ≠ 0) go on with the word before.
    const starts = Uint8Array.from({ length: 500 }, (_, id) => (id % 3 === 0 ? 1 : 0));
    let [selected, eligible] = [0, 0];
    for (const { batch, positions } of manyBatches({ unit: "word", wordStarts: starts })) {
      const chosen = new Set(positions);
      selected += positions.length;
      for (let i = 0; i < batch.inputIds.length; i++) {
        const [id, before] = [batch.inputIds[i] as number, batch.inputIds[i - 1] ?? 0];
        if (id < 5) continue;
        eligible++;
        if (before >= 5 && starts[id] === 0) expect(chosen.has(i)).toBe(chosen.has(i - 1));
      }
    }
    expect(selected / eligible).toBeGreaterThan(0.13);
    expect(selected / eligible).toBeLessThan(0.155);
  });

  it("selects runs with p(n) ∝ 1/n", () => {
    const mask = tokenMasker(tokens, { unit: "n-gram", share: 0.05, wordStarts: new Uint8Array(500).fill(1) });
    const lengths = [0, 0, 0, 0];
    // Long rows with few selected, so that runs seldom touch or are cut short.
    for (let epoch = 0; epoch < 60; epoch++) {
      const batch = { ...batchOf({ epoch, rows: 16, text: 1000 }) };
      batch.inputIds.forEach((id, i) => {
        if (id === 1) batch.inputIds[i] = 7;
      });
      const positions = Array.from(mask(batch, random).positions);
      let run = 1;
      for (let i = 1; i <= positions.length; i++) {
        if (positions[i] === (positions[i - 1] as number) + 1) run++;
        else {
          if (run <= 3) (lengths[run] as number)++;
          run = 1;
        }
      }
    }
    const total = lengths.reduce((sum, count) => sum + count, 0);
    expect(lengths[1] as number).toBeGreaterThan(0.45 * total);
    for (const [n, expected] of [
      [1, 6 / 11],
      [2, 3 / 11],
      [3, 2 / 11],
    ] as const) {
      expect(Math.abs((lengths[n] as number) / total - expected)).toBeLessThan(0.03);
    }
  });

  it.each<MaskingOptions>([
    { share: 0 },
    { share: 1.2 },
    { maskShare: 0.9, randomShare: 0.2 },
    { unit: "word" },
    { unit: "word", wordStarts: new Uint8Array(3) },
    { maxNgram: 0 },
    { maxPredictionsPerSequence: 0 },
    { draws: "static", copies: 0 },
    { copies: 10 },
    { shair: 0.1 } as MaskingOptions,
  ])("refuses %j", (options) => {
    expect(() => tokenMasker(tokens, options)).toThrow(ConfigurationError);
  });

  it("needs a tokenizer with [MASK]", () => {
    expect(() => tokenMasker({ ...tokens, maskTokenId: undefined })).toThrow(/maskTokenId/);
  });
});

describe("maskedLanguageModeling", () => {
  it("feeds int64 arrays with their dimensions", () => {
    const objective = maskedLanguageModeling(tokens);
    const batch = batchOf({ rows: 4 });
    const prepared = objective.prepareBatch(batch, random);
    expect(Object.keys(prepared).sort()).toEqual(["attentionMask", "inputIds", "labels", "positions"]);
    expect(prepared.inputIds?.dims).toEqual([4, 66]);
    expect(prepared.positions?.dims).toEqual(prepared.labels?.dims);
    expect(Object.values(prepared).every((array) => array.type === "int64")).toBe(true);
  });

  it("asks the same in evaluation, whatever training hides", () => {
    const options = {
      share: 0.5,
      unit: "word",
      wordStarts: new Uint8Array(500),
      maxPredictionsPerSequence: 1,
    } as const;
    const ours = maskedLanguageModeling(tokens, { ...options, draws: "static", copies: 10 });
    const evaluated = ours.prepareEvaluationBatch(batchOf({ epoch: 3 }), random);
    expect(evaluated).toEqual(maskedLanguageModeling(tokens).prepareEvaluationBatch(batchOf(), random));
  });

  it("scores losses and accuracies as sums", async () => {
    const labels = { type: "int64", dims: [3], data: BigInt64Array.of(1n, 0n, -100n) } as const;
    const logits = {
      type: "float32",
      dims: [3, 2],
      data: Float32Array.of(0, Math.log(3), Math.log(4), 0, 0, 9),
    } as const;
    const objective = maskedLanguageModeling(tokens);
    const inputs = { inputIds: input("inputIds", "int64", shapeOf("B", "T")), labels: input("labels", "int64", [3]) };
    const model = { forward: () => ({ logits: input("logits", "float32", [3, 2]) }) };
    const parameters = (): Float32Array => new Float32Array();
    const traced = objective.evaluationOutputs(model, inputs);
    const executable = await Executable.compile(await createEngine(), traced, { parameters }, { threads: 1 });
    const { loss, maskedAccuracy } = objective.score(await executable.run({ labels, logits }), { labels });
    await executable.release();
    expect(maskedAccuracy).toEqual({ sum: 2, count: 2 });
    expect(loss?.count).toBe(2);
    expect(loss?.sum).toBeCloseTo(Math.log(4 / 3) + Math.log(5 / 4), 6);
  });
});

it("knows which entries of a vocabulary begin words", () => {
  expect(Array.from(wordStarts(["[CLS]", "un", "##able", "##s", "今"], "wordpiece"))).toEqual([1, 1, 0, 0, 1]);
  expect(Array.from(wordStarts(["▁un", "able", ",", "▁", "é"], "metaspace"))).toEqual([1, 0, 1, 1, 0]);
  expect(Array.from(wordStarts(["Ġun", "able", ",", "Ċ", "'s", "Ã©"], "byte-level"))).toEqual([1, 0, 1, 1, 1, 0]);
});

/** What makes GPT-2 a left-to-right model with a cache; its numbers are checked by src/verification. */
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../tensor/index.ts";
import { GPT2LMHeadModel, gpt2Config } from "./gpt2.ts";

const folder = fileURLToPath(new URL("../../test/golden/models/gpt2-GPT2LMHeadModel", import.meta.url));
let model: GPT2LMHeadModel;
beforeAll(async () => {
  model = await GPT2LMHeadModel.fromPretrained(folder, { threads: 1 });
});

const row = [5, 6, 7, 8, 9, 10];

/** The rows of a tensor [..., n]. */
function rowsOf(tensor: Tensor): number[][] {
  const width = tensor.dims.at(-1) as number;
  const data = Array.from(tensor.data as Float32Array);
  return Array.from({ length: data.length / width }, (_, index) => data.slice(index * width, (index + 1) * width));
}

function expectClose(actual: readonly number[] | undefined, expected: readonly number[] | undefined): void {
  expect(actual?.length).toBe(expected?.length);
  for (const [at, value] of (expected ?? []).entries()) expect(actual?.[at]).toBeCloseTo(value, 5);
}

describe("GPT-2", () => {
  it("sees nothing of later tokens", async () => {
    const before = rowsOf((await model({ inputIds: [row] })).logits);
    const after = rowsOf((await model({ inputIds: [[...row.slice(0, 4), 20, 21]] })).logits);
    for (const position of [0, 1, 2, 3]) expectClose(after[position], before[position]);
    expect(after[4]).not.toEqual(before[4]);
  });

  it("goes on from a cache as if it had read all at once, token by token or several at a time", async () => {
    const whole = rowsOf((await model({ inputIds: [row] })).logits);
    const first = await model({ inputIds: [row.slice(0, 2)] }, { useCache: true });
    const second = await model({ inputIds: [row.slice(2, 5)], pastKeyValues: first.pastKeyValues }, { useCache: true });
    const third = await model({ inputIds: [row.slice(5)], pastKeyValues: second.pastKeyValues }, { useCache: true });
    const steps = [first, second, third].flatMap(({ logits }) => rowsOf(logits));
    for (const [position, expected] of whole.entries()) expectClose(steps[position], expected);
    expect(third.pastKeyValues.map(({ key }) => key.dims)).toEqual([
      [1, 3, 6, 4],
      [1, 3, 6, 4],
    ]);
  });

  it("returns caches and inner states only when asked", async () => {
    expect(Object.keys(await model({ inputIds: [row] }))).toEqual(["logits"]);
    const all = await model({ inputIds: [row] }, { useCache: true, outputHiddenStates: true, outputAttentions: true });
    expect(all.hiddenStates.length).toBe(3);
    expect(all.attentions.map(({ dims }) => dims)).toEqual([
      [1, 3, 6, 6],
      [1, 3, 6, 6],
    ]);
  });

  it("sends only selected positions through the head, with the same result", async () => {
    const inputIds = [row, [...row].reverse()];
    const all = rowsOf((await model({ inputIds })).logits);
    const { logits, loss } = await model({ inputIds, positions: [1, 4, 9], nextTokenIds: [7, -100, 3] });
    expect(logits.dims).toEqual([3, 43]);
    for (const [at, position] of [1, 4, 9].entries()) expectClose(rowsOf(logits)[at], all[position]);
    const logProbability = (values: number[], label: number): number =>
      (values[label] as number) - Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
    const expected = -(logProbability(all[1] as number[], 7) + logProbability(all[9] as number[], 3)) / 2;
    expect(loss?.data[0]).toBeCloseTo(expected, 5);
  });

  it("shifts labels itself; next tokens are taken as they are", async () => {
    const { loss } = await model({ inputIds: [row], labels: [row] });
    const next = await model({ inputIds: [row], nextTokenIds: [[...row.slice(1), -100]] });
    expect(next.loss?.data[0]).toBeCloseTo(loss?.data[0] as number, 6);
    const none = await model({ inputIds: [row], labels: [row.map(() => -100)] });
    expect(none.loss?.data[0]).toBe(0);
  });

  it("takes one row of positions for the whole batch", async () => {
    const inputIds = [row, [...row].reverse()];
    const one = await model({ inputIds, positionIds: [[0, 1, 2, 3, 4, 5]] });
    expectClose(rowsOf(one.logits)[8], rowsOf((await model({ inputIds })).logits)[8]);
    expectClose(rowsOf(one.logits)[2], rowsOf((await model({ inputIds })).logits)[2]);
  });

  it.each([
    [{}, { kind: "configuration", field: "inputIds" }],
    [
      { inputIds: [row], tokenTypes: [row] },
      { kind: "configuration", field: "tokenTypes" },
    ],
    [{ inputIds: [[5, 43]] }, { kind: "data", field: "inputIds", received: "43" }],
    [{ inputIds: [[5, -1]] }, { kind: "data", received: "-1" }],
    [
      { inputIds: [[5, 6]], labels: [[5, -1]] },
      { kind: "data", expected: "0 to 42, or -100" },
    ],
    [{ inputIds: [Array.from({ length: 17 }, () => 5)] }, { kind: "shape", expected: "at most 16 tokens" }],
    [
      { inputIds: [row], positionIds: [[0, 1, 2, 3, 4, 16]] },
      { kind: "data", field: "positionIds" },
    ],
    [{ inputIds: [row], attentionMask: [[1, 1]] }, { kind: "shape" }],
    [{ inputIds: [row, [5]] }, { kind: "shape", field: "inputIds" }],
  ])("refuses inputs that it cannot use: %j", async (inputs, expected) => {
    await expect(model(inputs as never)).rejects.toMatchObject(expected);
  });

  it("refuses a cache with layers missing", async () => {
    const { pastKeyValues } = await model({ inputIds: [row] }, { useCache: true });
    const half = model({ inputIds: [row], pastKeyValues: pastKeyValues.slice(0, 1) });
    await expect(half).rejects.toMatchObject({ kind: "configuration", field: "pastKeyValues.1.key" });
  });

  it("accepts the names of sizes that other models use", () => {
    const config = gpt2Config.parse('{"model_type": "gpt2", "hidden_size": 24, "num_hidden_layers": 3}', "config.json");
    expect(config).toMatchObject({ nEmbd: 24, nLayer: 3 });
  });
});

describe("a limited history", () => {
  it("hides what lies before each layer's window", async () => {
    const limited = new (class extends GPT2LMHeadModel {
      override forward(inputs: Parameters<GPT2LMHeadModel["forward"]>[0]) {
        return super.forward({ ...inputs, attentionWindows: [2, 3] });
      }
    })(model.config).materialize({ threads: 1 });
    limited.store.values.set(model.store.values);
    const last = async (ids: number[]) => rowsOf((await limited({ inputIds: [ids] })).logits)[5];
    // Windows of 2 and 3 tokens let the last position read 1 + 1 + 2 tokens: positions 2 to 5.
    const full = await last(row);
    expectClose(await last([30, 31, ...row.slice(2)]), full);
    expect(await last([5, 6, 30, ...row.slice(3)])).not.toEqual(full);
  });
});

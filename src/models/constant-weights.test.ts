/** A loaded model's weights are constants of its graphs until somebody may change them. */
import {
  closeSync,
  cpSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { CheckpointError } from "../errors.ts";
import { Random } from "../random.ts";
import { BertForMaskedLM, BertForSequenceClassification } from "./classes.ts";

const folder = fileURLToPath(new URL("../../test/golden/models/bert-BertForPreTraining", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "cloze-constants-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const quiet = { threads: 1, onWarning: () => undefined };
const ids = { inputIds: [[5, 6, 7]] };
const load = (from: string, device?: string): Promise<BertForMaskedLM> =>
  BertForMaskedLM.fromPretrained(from, { ...quiet, device });
const logitsOf = async (model: BertForMaskedLM): Promise<Float32Array> =>
  (await model(ids)).logits.data as Float32Array;

function copy(): string {
  const place = mkdtempSync(join(scratch, "model-"));
  cpSync(folder, place, { recursive: true });
  return place;
}

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual.length).toBe(expected.length);
  for (const [index, value] of actual.entries()) expect(value).toBeCloseTo(expected[index] as number, 5);
}

/** The logits with weights that are read from memory at each run. */
async function withInputs(): Promise<Float32Array> {
  const model = await load(folder);
  model.store.open();
  return logitsOf(model);
}

/** Another model's weights, of the same size. */
async function otherWeights(): Promise<string> {
  const model = await load(folder);
  model.initialize(new Random(5));
  const place = join(mkdtempSync(join(scratch, "other-")), "model");
  await model.savePretrained(place);
  return place;
}

describe("weights as constants", () => {
  it("give what weights as inputs give, from a file and from memory", async () => {
    const expected = await withInputs();
    const model = await load(folder);
    expectClose(await logitsOf(model), expected);
    expect(model.store.stored.size).toBeGreaterThan(0);
    expectClose(await logitsOf(await load(folder, "wasm")), expected);

    const half = join(scratch, "half");
    await model.savePretrained(half, { dtype: "bfloat16" });
    const narrow = await load(half);
    expect(narrow.store.stored.size).toBe(0);
    const fromMemory = await logitsOf(narrow);
    expect(narrow.store.isOpen).toBe(false);
    narrow.store.open();
    expectClose(fromMemory, await logitsOf(narrow));
  });

  it("stay in their file where others are drawn anew", async () => {
    const model = await BertForSequenceClassification.fromPretrained(folder, quiet);
    const constant = (await model(ids)).logits.data as Float32Array;
    expect(model.store.stored.size).toBe(model.store.parameters.length - 2);
    model.store.open();
    expectClose((await model(ids)).logits.data as Float32Array, constant);
  });

  it("are counted with what the engine holds, until it is released", async () => {
    const model = await load(folder);
    expect(await model.memory()).toEqual({ valuesBytes: 0, compiledBytes: 0 });
    await model(ids);
    const linear = [...model.parameters].filter(([name]) => /dense\.weight|self\.\w+\.weight/.test(name));
    const factors = linear.reduce((total, [, { size }]) => total + 4 * size, 0);
    const { valuesBytes, compiledBytes = 0 } = await model.memory();
    expect(valuesBytes).toBe(0);
    // Columns are packed in groups; the tied vocabulary head comes on top.
    expect(compiledBytes).toBeGreaterThanOrEqual(factors);
    expect(compiledBytes).toBeLessThan(8 * factors + 2 ** 16);
    await model.release();
    model.store.open();
    expect((await model.memory()).valuesBytes).toBe(0);
    void model.store.values;
    expect((await model.memory()).valuesBytes).toBe(
      4 * [...model.parameters.values()].reduce((n, { size }) => n + size, 0),
    );
  });

  it("are given up as soon as somebody has the values in hand", async () => {
    const model = await load(folder);
    const before = await logitsOf(model);
    const bias = model.store.view(model.predictions.bias);
    bias[0] = (bias[0] as number) + 1;
    const after = await logitsOf(model);
    expect((after[0] as number) - (before[0] as number)).toBeCloseTo(1, 5);
    expect(after[1]).toBeCloseTo(before[1] as number, 5);
    bias[0] += 1;
    expect(((await logitsOf(model))[0] as number) - (before[0] as number)).toBeCloseTo(2, 5);
  });

  it("serve calls of many kinds, a few of which pack their own", async () => {
    const model = await load(folder);
    const [one, expected] = [[[1, 1, 1]], await withInputs()];
    const zeros = [[0, 0, 0]];
    const calls = [
      { ...ids, attentionMask: one },
      { ...ids, tokenTypeIds: zeros },
      { ...ids, positionIds: [[0, 1, 2]] },
      { ...ids, attentionMask: one, tokenTypeIds: zeros },
      { ...ids, attentionMask: one, positionIds: [[0, 1, 2]] },
    ];
    for (const inputs of [...calls, ...calls]) expectClose((await model(inputs)).logits.data as Float32Array, expected);
  });

  it("are those that were loaded, whatever has come into the file's place", async () => {
    const expected = await withInputs();
    const other = await otherWeights();
    const place = copy();
    const [early, late] = [await load(place), await load(place)];
    expectClose(await logitsOf(early), expected);
    renameSync(join(other, "model.safetensors"), join(place, "model.safetensors"));
    for (const model of [early, late]) {
      expectClose(await logitsOf(model), expected);
      model.store.open();
      expectClose(await logitsOf(model), expected);
    }
    const gone = copy();
    const model = await load(gone);
    rmSync(gone, { recursive: true });
    expectClose(await logitsOf(model), expected);
  });

  it("can be saved to where they came from", async () => {
    const place = copy();
    const model = await load(place);
    const expected = await logitsOf(model);
    await model.savePretrained(place);
    expect(model.store.isOpen).toBe(false);
    expect(await logitsOf(model)).toEqual(expected);
    expect(await logitsOf(await load(place))).toEqual(expected);
  });

  it("are found through symbolic links", async () => {
    const place = mkdtempSync(join(scratch, "links-"));
    cpSync(join(folder, "config.json"), join(place, "config.json"));
    symlinkSync(join(folder, "model.safetensors"), join(place, "model.safetensors"));
    const model = await load(place);
    expectClose(await logitsOf(model), await withInputs());
    expect(model.store.stored.size).toBeGreaterThan(0);
  });

  it("are refused when their file was written to", async () => {
    const place = copy();
    const model = await load(place);
    const file = join(place, "model.safetensors");
    const descriptor = openSync(file, "r+");
    writeSync(descriptor, Uint8Array.of(1), 0, 1, 4000);
    closeSync(descriptor);
    const error = await model(ids).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({ file, message: expect.stringContaining("written to since") });
    expect(() => model.store.view(model.predictions.bias)).toThrow(CheckpointError);
    writeFileSync(file, "");
    await expect(model(ids)).rejects.toThrow(CheckpointError);
  });
});

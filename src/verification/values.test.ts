/** References that are no models: files of recorded values, and tokenizer folders. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { trainWordPiece } from "../tokenizers/index.ts";
import { verify } from "./index.ts";

const scratch = mkdtempSync(join(tmpdir(), "cloze-values-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function verifyJson(value: unknown) {
  const file = join(mkdtempSync(join(scratch, "values-")), "values.json.gz");
  writeFileSync(file, gzipSync(JSON.stringify(value)));
  return verify(file);
}

/** SGD by hand: x − rate · g, twice. */
const sgd = {
  parameters: { x: { shape: [2], data: [1, -2] } },
  gradients: [{ x: { shape: [2], data: [0.5, 1] } }, { x: { shape: [2], data: [1, 0] } }],
  cases: [
    {
      name: "by hand",
      optimizer: "torch.SGD",
      settings: { lr: 0.5 },
      second_group: null,
      lr_factors: [1, 0.5],
      values: [{ x: [0.75, -2.5] }, { x: [0.5, -2.5] }],
      state_after: {},
    },
  ],
};

const changedCase = (changes: object) => ({ ...sgd, cases: [{ ...sgd.cases[0], ...changes }] });

describe("recorded optimizers", () => {
  it("hold when every step does", async () => {
    expect(await verifyJson(sgd)).toMatchObject({
      ok: true,
      checked: 1,
      results: [{ name: "by hand", kind: "training" }],
    });
  });

  it("fail in the step that differs", async () => {
    const { results } = await verifyJson(changedCase({ values: [{ x: [0.75, -2.5] }, { x: [0.5, -2.4999] }] }));
    expect(results).toMatchObject([{ ok: false, reason: "x after step 2" }]);
    expect(results[0]?.maxAbsoluteError).toBeCloseTo(1e-4, 6);
  });

  it("fail for an optimizer, a setting or a state that is not known", async () => {
    const reasons = async (changes: object) =>
      (await verifyJson(changedCase(changes))).results.map(({ reason }) => reason);
    expect(await reasons({ optimizer: "torch.LBFGS" })).toEqual(["there is no optimizer torch.LBFGS here"]);
    expect(await reasons({ settings: { lr: 0.5, maximize: true } })).toEqual([
      "the setting maximize is not known here",
    ]);
    const state = { x: { momentum_buffer: { shape: [2], data: [0, 0] } } };
    expect(await reasons({ state_after: state })).toEqual(["momentum_buffer of x: there is no such value"]);
    expect(await reasons({ second_group: { momentum: 0.9 } })).toEqual(["the setting momentum is not known here"]);
  });
});

describe("optimizers equal the reference", () => {
  const file = fileURLToPath(new URL("../../test/golden/optim/optimizers.json", import.meta.url));

  it("in every recorded case", async () => {
    const report = await verify(file);
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checked).toBe(14);
  });

  it("and the comparison notices a wrong setting", async () => {
    const golden = JSON.parse(readFileSync(file, "utf8"));
    const recorded = golden.cases.find(({ optimizer }: { optimizer: string }) => optimizer === "torch.AdamW");
    const wrong = [{ betas: [0.9, 0.998] }, { eps: 1e-5 }, { weight_decay: 0.11 }, { lr: 0.02001 }];
    const cases = wrong.map((changes) => ({ ...recorded, settings: { ...recorded.settings, ...changes } }));
    const { results } = await verifyJson({ ...golden, cases });
    expect(results.map(({ ok }) => ok)).toEqual(wrong.map(() => false));
  });
});

describe("recorded schedules and clipping", () => {
  const linear = { name: "linear", settings: { num_warmup_steps: 2, num_training_steps: 4 }, base_lr: 1 };

  it("hold, or fail by their numbers", async () => {
    expect((await verifyJson({ cases: [{ ...linear, lr: [0, 0.5, 1, 0.5, 0] }] })).ok).toBe(true);
    expect((await verifyJson({ cases: [{ ...linear, lr: [0, 0.5, 1, 0.5, 1e-9] }] })).ok).toBe(false);
    expect((await verifyJson({ cases: [{ ...linear, name: "zigzag", lr: [0] }] })).ok).toBe(false);
    const gradients = [{ shape: [2], data: [3, 4] }];
    const clip = { name: "clip_grad_value", clip_value: 3.5, gradients };
    expect((await verifyJson({ cases: [{ ...clip, clipped: [{ shape: [2], data: [3, 3.5] }] }] })).ok).toBe(true);
    expect((await verifyJson({ cases: [{ ...clip, clipped: [{ shape: [2], data: [3, 4] }] }] })).ok).toBe(false);
  });

  it("of a kind that is not known here are a failure; a file without cases is refused", async () => {
    expect(await verifyJson({ cases: [{ name: "bleu", input: [], expected: 1 }] })).toMatchObject({
      ok: false,
      failed: 1,
    });
    await expect(verifyJson({})).rejects.toMatchObject({ kind: "data", field: "cases" });
    await expect(verifyJson([])).rejects.toMatchObject({ kind: "data" });
  });
});

describe("tokenizer folders", () => {
  const text = "the cat sat on the mat";

  async function folderWith(lines: Record<string, object[]>): Promise<string> {
    const folder = mkdtempSync(join(scratch, "tokenizer-"));
    const tokenizer = await trainWordPiece([text, text], { vocabSize: 60 });
    await tokenizer.savePretrained(folder);
    for (const [name, rows] of Object.entries(lines)) {
      writeFileSync(join(folder, name), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    }
    return folder;
  }

  async function encoding(): Promise<{ text: string; ids: number[]; tokens: string[]; offsets: [number, number][] }> {
    const tokenizer = await trainWordPiece([text, text], { vocabSize: 60 });
    const encoded = tokenizer(`😀 ${text}`, { addSpecialTokens: false, returnTensors: false });
    const { inputIds: ids, tokens, offsetMapping } = encoded;
    // One code point is two units of a JavaScript string.
    const offsets = (offsetMapping ?? []).map(([start, end]): [number, number] => [Math.max(0, start - 1), end - 1]);
    return { text: `😀 ${text}`, ids, tokens: tokens ?? [], offsets };
  }

  it("hold when ids, tokens and places do, counted in code points", async () => {
    const right = await encoding();
    expect(await verify(await folderWith({ "encodings.jsonl": [right] }))).toMatchObject({ ok: true, checked: 1 });
    const { results } = await verify(
      await folderWith({
        "encodings.jsonl": [right, { ...right, ids: [...right.ids].reverse() }, { ...right, offsets: [] }],
      }),
    );
    expect(results.map(({ ok, reason }) => [ok, reason])).toEqual([
      [true, undefined],
      [false, "differs in ids"],
      [false, "differs in offsets"],
    ]);
  });

  it("fail as a whole when the tokenizer cannot be read", async () => {
    const folder = await folderWith({ "encodings.jsonl": [await encoding()] });
    writeFileSync(join(folder, "tokenizer.json"), "{}");
    expect(await verify(folder)).toMatchObject({ ok: false, results: [{ name: "load", kind: "tokenizer" }] });
    const empty = mkdtempSync(join(scratch, "empty-"));
    cpSync(join(folder, "encodings.jsonl"), join(empty, "encodings.jsonl"));
    expect((await verify(empty)).ok).toBe(false);
  });
});

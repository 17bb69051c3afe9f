/** What a caller changes of a loaded model: what is trained, and how many tokens it knows. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import type { Parameter } from "../graph/index.ts";
import { Random } from "../random.ts";
import { AlbertForPreTraining, BertForMaskedLM, BertModel, GPT2LMHeadModel } from "./classes.ts";
import type { AnyModel, LoadOptions } from "./index.ts";

const golden = (name: string): string => fileURLToPath(new URL(`../../test/golden/models/${name}`, import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "cloze-changing-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const quiet = { threads: 1, onWarning: () => {} };

const frozen = (model: AnyModel): string[] =>
  [...model.parameters].flatMap(([name, { trainable }]) => (trainable ? [] : [name]));

describe("freeze", () => {
  it("means names, their beginnings with or without the base's prefix, and expressions", async () => {
    const model = await BertForMaskedLM.fromPretrained(golden("bert-BertForMaskedLM-untied"), quiet);
    const names = [...model.parameters.keys()];
    model.freeze("bert.embeddings", "encoder.layer.0.attention");
    expect(frozen(model)).toEqual(names.filter((name) => /embeddings|layer\.0\.attention/.test(name)));
    expect(model.unfreeze("embeddings")).toEqual(names.filter((name) => name.includes("embeddings")));
    expect(frozen(model)).toEqual(names.filter((name) => name.includes("layer.0.attention")));
    expect(model.freeze(/LayerNorm/)).toEqual(names.filter((name) => name.includes("LayerNorm")));
    model.unfreeze(/./);
    expect(model.freeze("encoder.layer.*.output")).toHaveLength(8);
  });

  it("refuses a pattern that means nothing, with the nearest name", async () => {
    const model = await BertModel.fromPretrained(golden("bert-BertForPreTraining"), quiet);
    expect(() => model.freeze("embedings")).toThrowError(expect.objectContaining({ kind: "configuration" }));
    // A beginning ends where a part ends.
    expect(() => model.freeze("embed")).toThrowError(/No parameter is called like embed/);
    expect(frozen(model)).toEqual([]);
  });
});

describe("resizeTokenEmbeddings with draws", () => {
  it("gives new tokens rows of their own, as far from the mean as the old ones are", async () => {
    const model = await GPT2LMHeadModel.fromPretrained(golden("gpt2-GPT2LMHeadModel"), quiet);
    const { vocabSize, nEmbd: width } = model.config;
    model.resizeTokenEmbeddings(vocabSize + 200, { random: new Random(1) });
    const words = [...model.parameters].find(([name]) => name.endsWith("wte.weight"))?.[1];
    const rows = model.store.peek(words as Parameter);
    const spread = (from: number, to: number): number => {
      const values = rows.subarray(from * width, to * width);
      return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
    };
    expect(rows.subarray(vocabSize * width, (vocabSize + 1) * width)).not.toEqual(
      rows.subarray((vocabSize + 1) * width, (vocabSize + 2) * width),
    );
    expect(spread(vocabSize, vocabSize + 200) / spread(0, vocabSize)).toBeCloseTo(1, 1);
    await model.release();
  });
});

describe("resizeTokenEmbeddings", () => {
  type Load = (folder: string, options: LoadOptions) => Promise<AnyModel>;
  const cases: [name: string, load: Load][] = [
    ["bert-BertForMaskedLM-untied", (folder, options) => BertForMaskedLM.fromPretrained(folder, options)],
    ["albert-AlbertForPreTraining", (folder, options) => AlbertForPreTraining.fromPretrained(folder, options)],
    ["gpt2-GPT2LMHeadModel", (folder, options) => GPT2LMHeadModel.fromPretrained(folder, options)],
  ];
  it.each(cases)("%s: known tokens have the logits that they had, new ones the mean of the old", async (name, load) => {
    const model = await load(golden(name), quiet);
    const before = model.config.vocabSize as number;
    const run = async () => {
      const outputs = await model({ inputIds: [[5, 6, 7]] });
      return (outputs.logits ?? outputs.predictionLogits) as { dims: number[]; data: Float32Array };
    };
    const old = await run();
    expect(model.resizeTokenEmbeddings(before + 3)).toBe(model);
    expect(model.config.vocabSize).toBe(before + 3);
    const larger = await run();
    expect(larger.dims).toEqual([1, 3, before + 3]);
    for (let token = 0; token < 3; token++) {
      const row = larger.data.subarray(token * (before + 3), (token + 1) * (before + 3));
      const known = old.data.subarray(token * before, (token + 1) * before);
      for (const [index, value] of known.entries()) expect(row[index]).toBeCloseTo(value, 5);
      const mean = known.reduce((sum, value) => sum + value, 0) / before;
      for (const value of row.subarray(before)) expect(value).toBeCloseTo(mean, 4);
    }
    expect((await model({ inputIds: [[before + 2]] })) as object).toBeDefined();

    const folder = join(scratch, name);
    await model.savePretrained(folder);
    const warnings: string[] = [];
    const again = await load(folder, {
      ...quiet,
      onWarning: (text) => warnings.push(text),
    });
    expect(warnings).toEqual([]);
    expect(again.config.vocabSize).toBe(before + 3);
    again.resizeTokenEmbeddings(before);
    const first = await load(golden(name), quiet);
    expect(again.store.values).toEqual(first.store.values);
  });

  it("keeps what is frozen, and refuses a size that cannot be", async () => {
    const model = await BertModel.fromPretrained(golden("bert-BertForPreTraining"), quiet);
    const names = model.freeze("embeddings");
    model.resizeTokenEmbeddings(50);
    expect(frozen(model)).toEqual(names);
    expect(() => model.resizeTokenEmbeddings(0)).toThrowError(expect.objectContaining({ kind: "configuration" }));
    expect(model.config.vocabSize).toBe(50);
  });
});

describe("strict loading", () => {
  it("makes an error of what is missing or left over", async () => {
    const strict = { ...quiet, strict: true };
    const folder = golden("bert-BertForPreTraining");
    await expect(BertModel.fromPretrained(folder, strict)).rejects.toMatchObject({
      kind: "checkpoint",
      received: "0 missing, 7 left over",
    });
    const base = join(scratch, "base");
    await (await BertModel.fromPretrained(folder, quiet)).savePretrained(base);
    await expect(BertForMaskedLM.fromPretrained(base, strict)).rejects.toMatchObject({ kind: "checkpoint" });
    await expect(BertModel.fromPretrained(base, strict)).resolves.toBeDefined();
  });
});

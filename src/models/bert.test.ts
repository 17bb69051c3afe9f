/** What a caller of BERT relies on; its numbers are checked by src/verification. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Tensor } from "../tensor/index.ts";
import { BertForMaskedLM, BertForPreTraining, BertForThreeClassPreTraining } from "./bert.ts";

const folder = fileURLToPath(new URL("../../test/golden/models/bert-BertForPreTraining", import.meta.url));
let model: BertForPreTraining;
beforeAll(async () => {
  model = await BertForPreTraining.fromPretrained(folder, { threads: 1 });
});

const inputIds = [
  [5, 6, 7, 8],
  [9, 10, 11, 12],
];

function rowsOf(tensor: Tensor): number[][] {
  const width = tensor.dims.at(-1) as number;
  const data = Array.from(tensor.data as Float32Array);
  return Array.from({ length: data.length / width }, (_, index) => data.slice(index * width, (index + 1) * width));
}

describe("BERT with three classes of pairs", () => {
  it("is the published pretraining model with a third class, and a valid BertForMaskedLM when saved", async () => {
    const three = await BertForThreeClassPreTraining.fromPretrained(folder, { threads: 1, onWarning: () => {} });
    const weight = three.parameters.get("cls.three_class_relationship.weight");
    const published = model.parameters.get("cls.seq_relationship.weight");
    const bias = model.parameters.get("cls.seq_relationship.bias");
    if (weight === undefined || published === undefined || bias === undefined) throw new Error("a head is missing");
    three.store.view(weight).set(model.store.view(published));
    const ownBias = three.parameters.get("cls.three_class_relationship.bias");
    if (ownBias !== undefined) three.store.view(ownBias).set(model.store.view(bias));
    const expected = await model({ inputIds });
    const outputs = await three({ inputIds });
    expect(outputs.seqRelationshipLogits.dims).toEqual([2, 3]);
    expect(rowsOf(outputs.predictionLogits)).toEqual(rowsOf(expected.predictionLogits));
    for (const [row, [next, other]] of rowsOf(expected.seqRelationshipLogits).entries()) {
      expect(rowsOf(outputs.seqRelationshipLogits)[row]?.[0]).toBeCloseTo(next as number, 6);
      expect(rowsOf(outputs.seqRelationshipLogits)[row]?.[1]).toBeCloseTo(other as number, 6);
    }
    await expect(three({ inputIds, labels: inputIds, nextSentenceLabel: [2, 3] })).rejects.toMatchObject({
      kind: "data",
    });

    const saved = await mkdtemp(join(tmpdir(), "cloze-three-class-"));
    await three.savePretrained(saved);
    const masked = await BertForMaskedLM.fromPretrained(saved, { threads: 1, onWarning: () => {} });
    expect(rowsOf((await masked({ inputIds })).logits)).toEqual(rowsOf(expected.predictionLogits));
    const again = await BertForThreeClassPreTraining.fromPretrained(saved, { threads: 1 });
    expect(rowsOf((await again({ inputIds })).seqRelationshipLogits)).toEqual(rowsOf(outputs.seqRelationshipLogits));
    await rm(saved, { recursive: true });
  });
});

describe("BERT", () => {
  it("sends only selected positions through the vocabulary head, with the same logits", async () => {
    const all = rowsOf((await model({ inputIds })).predictionLogits);
    const { predictionLogits } = await model({ inputIds, positions: [6, 0] });
    expect(predictionLogits.dims).toEqual([2, 41]);
    for (const [at, position] of [6, 0].entries()) {
      for (const [index, value] of (all[position] as number[]).entries()) {
        expect(rowsOf(predictionLogits)[at]?.[index]).toBeCloseTo(value, 5);
      }
    }
  });

  it("adds both losses, and gives none before both labels are there", async () => {
    const labels = [
      [-100, 3, -100, -100],
      [-100, -100, -100, 4],
    ];
    expect((await model({ inputIds, labels })).loss).toBeUndefined();
    const both = await model({ inputIds, labels, nextSentenceLabel: [0, 1] });
    const neither = await model({ inputIds, labels, nextSentenceLabel: [-100, -100] });
    const onlyNext = await model({
      inputIds,
      labels: labels.map((row) => row.map(() => -100)),
      nextSentenceLabel: [0, 1],
    });
    const value = (outputs: { loss?: Tensor }): number => Number(outputs.loss?.data[0]);
    expect(value(both)).toBeCloseTo(value(neither) + value(onlyNext), 5);
  });

  it("gives each row the same, whatever is padded beside it", async () => {
    const alone = (await model({ inputIds: [[5, 6, 7]] })).predictionLogits;
    const padded = await model({
      inputIds: [
        [5, 6, 7, 3, 3],
        [5, 6, 7, 8, 9],
      ],
      attentionMask: [
        [1, 1, 1, 0, 0],
        [1, 1, 1, 1, 1],
      ],
    });
    const rows = rowsOf(padded.predictionLogits);
    for (const [at, row] of rowsOf(alone).entries()) {
      for (const [index, value] of row.entries()) expect(rows[at]?.[index]).toBeCloseTo(value, 5);
    }
  });

  it("serves any sizes with graphs that are kept, and again after they are released", async () => {
    const before = await model({ inputIds });
    await model.release();
    const [one, two] = await Promise.all([model({ inputIds }), model({ inputIds: [[5]] })]);
    expect(one.predictionLogits.data).toEqual(before.predictionLogits.data);
    expect(two.predictionLogits.dims).toEqual([1, 1, 41]);
  });

  it.each([
    [{ inputIds: [[5, 41]] }, { kind: "data", field: "inputIds", received: "41" }],
    [
      {
        inputIds,
        tokenTypeIds: [
          [0, 1, 2, 0],
          [0, 0, 0, 0],
        ],
      },
      { kind: "data", field: "tokenTypeIds" },
    ],
    [{ inputIds: [Array.from({ length: 17 }, () => 5)] }, { kind: "shape", field: "inputIds" }],
    [
      { inputIds, nextSentenceLabel: [0, 2] },
      { kind: "data", field: "nextSentenceLabel" },
    ],
    [{ inputIds: [["a"]] }, { kind: "shape", field: "inputIds" }],
  ])("refuses inputs that it cannot use: %j", async (inputs, expected) => {
    await expect(model(inputs as never)).rejects.toMatchObject(expected);
  });
});

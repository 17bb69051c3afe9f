import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BertForMaskedLM } from "./bert.ts";

const folder = fileURLToPath(new URL("../../test/golden/models/bert-BertForMaskedLM-embeds", import.meta.url));

// What vectors give is checked against the reference by the folders test/golden/models/*-embeds.
test("takes ids or vectors, as long as there are positions", async () => {
  const model = await BertForMaskedLM.fromPretrained(folder);
  const { vocabSize, hiddenSize, maxPositionEmbeddings } = model.config;
  const vectors = (length: number): number[][][] => [
    Array.from({ length }, () => Array.from({ length: hiddenSize }, (_, index) => index / hiddenSize)),
  ];
  const { logits } = await model({ inputsEmbeds: vectors(maxPositionEmbeddings) });
  expect(logits.dims).toEqual([1, maxPositionEmbeddings, vocabSize]);
  await expect(model({ inputsEmbeds: vectors(maxPositionEmbeddings + 1) })).rejects.toMatchObject({
    kind: "shape",
    field: "inputsEmbeds",
  });
  await expect(model({ inputIds: [[1, 2]], inputsEmbeds: vectors(2) })).rejects.toMatchObject({
    kind: "configuration",
    received: "both",
  });
  await expect(model({})).rejects.toMatchObject({ kind: "configuration", field: "inputIds" });
});

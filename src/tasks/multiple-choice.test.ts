import { expect, it } from "vitest";
import { trainWordPiece } from "../tokenizers/index.ts";
import { multipleChoice } from "./multiple-choice.ts";
import type { TaskParts } from "./task.ts";

async function* lines() {
  yield "who sees the tree ? the cat the dog the bird";
}

it("takes examples with more and fewer choices, and never tells one that an example does not have", async () => {
  const tokenizer = await trainWordPiece(lines(), { vocabSize: 80 });
  const parts = { tokenizer, modelTask: "multipleChoice" } as TaskParts;
  const task = multipleChoice.prepare(parts, { sequenceLength: 16 });
  const features = task.features([
    { line: 1, question: "who ?", choices: ["the cat", "the dog"], label: 1 },
    { line: 2, question: "who ?", choices: ["the cat", "the dog", "the bird"], label: 2 },
  ]);
  const batch = task.batch(features);
  expect(batch.inputIds?.dims.slice(0, 2)).toEqual([2, 3]);
  const scores = Float32Array.of(1, 2, 9, 1, 2, 9);
  expect(task.results({ logits: { data: scores } } as never, batch, features)).toEqual([1, 2]);
});

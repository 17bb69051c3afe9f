import { describe, expect, it } from "vitest";
import { goldenModel } from "../../test/support/pipeline-cases.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { chosenSentences, sentenceRows, sentenceShares } from "./extractive-summarization.ts";

describe("extractive summaries", () => {
  it("choose as many sentences as the probabilities sum to, one at least, or as many as asked", () => {
    expect(chosenSentences([0.9, 0.2, 0.8, 0.3])).toEqual([0, 2]);
    expect(chosenSentences([0.1, 0.2, 0.1])).toEqual([1]);
    expect(chosenSentences([0.3, 0.4, 0.2, 0.1])).toEqual([1]);
    expect(chosenSentences([0.1, 0.2, 0.3], 2)).toEqual([1, 2]);
    expect(chosenSentences([0.5], 3)).toEqual([0]);
  });

  it("read whole sentences, each between marks of its own, with segments in turn", async () => {
    const tokenizer = await AutoTokenizer.fromPretrained(goldenModel("bert"));
    const [cls, sep] = [tokenizer.clsTokenId, tokenizer.sepTokenId];
    const sentences = ["the cat sat", "a dog ran", "the cat ran"];
    const rows = sentenceRows(sentences, tokenizer, { sequenceLength: 10, segments: 2 });
    expect(rows.map((row) => row.sentences)).toEqual([
      [
        { sentence: 0, place: 0 },
        { sentence: 1, place: 5 },
      ],
      [{ sentence: 2, place: 0 }],
    ]);
    expect(rows[0]?.inputIds.filter((id) => id === cls || id === sep)).toEqual([cls, sep, cls, sep]);
    expect(rows[0]?.tokenTypeIds).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1]);
    const logits = Float32Array.from({ length: 10 }, (_, place) => (place === 5 ? Math.log(3) : 0));
    expect(sentenceShares(rows[0] as (typeof rows)[number], logits)).toEqual([0.5, expect.closeTo(0.75, 6)]);
  });
});

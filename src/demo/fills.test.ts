import { describe, expect, it } from "vitest";
import { corpusFromDocuments, tokenizeCorpus } from "../data/index.ts";
import type { AnyModel } from "../models/index.ts";
import { Random } from "../random.ts";
import { Tensor } from "../tensor/index.ts";
import { trainWordPiece } from "../tokenizers/index.ts";
import { drawBlanks, fillBlanks } from "./fills.ts";
import { languages } from "./languages.ts";

const texts = {
  en: ["the jury said that it was over, and the judge went home.", "no"],
  zh: ["明月几时有，把酒问青天。", "天。"],
};

describe.each(["en", "zh"] as const)("blanks in %s", (name) => {
  it("hides one whole word each, of sentences of some length", async () => {
    const tokenizer = await trainWordPiece([...texts[name], ...texts[name]], { vocabSize: 200 });
    const encode = (text: string) => tokenizer.encodeIds(text);
    const corpus = await tokenizeCorpus(corpusFromDocuments([texts[name]]), { encode, vocabSize: tokenizer.length });
    const blanks = await drawBlanks(corpus, tokenizer, languages[name], 5, new Random(1));
    expect(blanks).toHaveLength(5);
    for (const { text, answer } of blanks) {
      expect(text.replace("[MASK]", answer)).toBe(texts[name][0]);
      expect(answer).toMatch(name === "en" ? /^[a-z]{2,}$/ : /^\p{Script=Han}$/u);
    }
  });
});

it("gives the likeliest tokens of the blank, with the softmax over all", async () => {
  const tokenizer = await trainWordPiece(texts.zh);
  const idOf = (token: string) => tokenizer.convertTokensToIds(token) as number;
  const call = async ({ inputIds }: { inputIds: number[][] }) => {
    const row = inputIds[0] as number[];
    const logits = new Float32Array(row.length * tokenizer.length).fill(-40);
    const blank = row.indexOf(tokenizer.maskTokenId as number) * tokenizer.length;
    logits[blank + idOf("月")] = Math.log(3);
    logits[blank + idOf("天")] = Math.log(1);
    return { predictionLogits: new Tensor("float32", logits, [1, row.length, tokenizer.length]) };
  };
  const [filled] = await fillBlanks(call as unknown as AnyModel, tokenizer, [{ text: "明[MASK]几时有" }], 2);
  expect(filled?.fills.map(({ token }) => token)).toEqual(["月", "天"]);
  for (const [i, expected] of [0.75, 0.25].entries()) expect(filled?.fills[i]?.probability).toBeCloseTo(expected, 5);
});

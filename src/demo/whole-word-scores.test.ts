import { describe, expect, it } from "vitest";
import type { AnyModel } from "../models/index.ts";
import { Tensor } from "../tensor/index.ts";
import { trainWordPiece } from "../tokenizers/index.ts";
import { causalWordProbabilities, maskedWordProbabilities } from "./whole-word-scores.ts";

const tokenizer = await trainWordPiece(["今天很好，走。", "今天很不错，走。", "今天很差，走。", "今天很糟糕，走。"]);
const words = ["好", "不错", "差", "糟糕"];
const idOf = (token: string): number => tokenizer.convertTokensToIds(token) as number;

/** A model that says `next(row, place)` at every place: probabilities of some tokens, the others nearly 0. */
function modelOf(next: (row: readonly string[], place: number) => Readonly<Record<string, number>>): AnyModel {
  const call = async ({ inputIds }: { inputIds: number[][] }) => {
    const row = tokenizer.convertIdsToTokens(inputIds[0] as number[]) as string[];
    const data = new Float32Array(row.length * tokenizer.length).fill(-30);
    for (const place of row.keys()) {
      // A constant on top must not matter.
      const entries = Object.entries(next(row, place));
      for (const [token, p] of entries) data[place * tokenizer.length + idOf(token)] = Math.log(p) + 3;
    }
    return { logits: new Tensor("float32", data, [1, row.length, tokenizer.length]) };
  };
  return call as unknown as AnyModel;
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 5);
}

describe("whole words in a blank", () => {
  it("multiplies a masked model's tokens, each given those before it", async () => {
    const rows: string[] = [];
    const model = modelOf((row, place) => {
      if (place === 0) rows.push(row.join(""));
      if (row[place] !== "[MASK]") return { 走: 1 };
      if (row[place + 1] === "[MASK]") return { 不: 0.8, 糟: 0.2 };
      if (row[place - 1] === "不") return { 错: 0.5, 走: 0.5 };
      if (row[place - 1] === "糟") return { 糕: 1 };
      return { 好: 0.3, 差: 0.1, 走: 0.6 };
    });
    const shares = await maskedWordProbabilities(model, tokenizer, { before: "今天很", after: "，走。" }, words);
    const total = 0.3 + 0.8 * 0.5 + 0.1 + 0.2;
    expectClose(
      shares,
      [0.3, 0.4, 0.1, 0.2].map((p) => p / total),
    );
    const framed = (blank: string) => `[CLS]今天很${blank}，走。[SEP]`;
    const blanks = ["[MASK]", "[MASK][MASK]", "不[MASK]", "[MASK]", "[MASK][MASK]", "糟[MASK]"];
    expect(rows).toEqual(blanks.map(framed));
  });

  it("adds up a causal model's tokens, from the left alone", async () => {
    const model = modelOf((row, place) => {
      if (row.includes("，") || row[0] !== "[SEP]") throw new Error(`a causal model was shown ${row.join("")}`);
      if (row[place] === "很") return { 好: 0.4, 不: 0.3, 差: 0.2, 糟: 0.1 };
      if (row[place] === "不") return { 错: 0.5, 走: 0.5 };
      return { 糕: 1 };
    });
    const context = { before: "今天很", start: tokenizer.sepTokenId as number };
    const total = 0.4 + 0.15 + 0.2 + 0.1;
    expectClose(
      await causalWordProbabilities(model, tokenizer, context, words),
      [0.4, 0.15, 0.2, 0.1].map((p) => p / total),
    );
  });
});

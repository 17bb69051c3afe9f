/** Unigram with bytes for what no piece writes. Made by test/golden/tokenizers/make_byte_fallback_cases.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tokenizer } from "../tokenizer.ts";
import { trainUnigram } from "./index.ts";

interface Golden {
  readonly lines: readonly string[];
  readonly vocabSize: number;
  readonly vocab: readonly (readonly [piece: string, score: number])[];
  readonly cases: readonly { readonly text: string | null; readonly ids: number[]; readonly decoded: string }[];
}

const file = new URL("../../../test/golden/tokenizers/byte-fallback.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;

const train = (options: Parameters<typeof trainUnigram>[1] = {}): Promise<Tokenizer> =>
  trainUnigram(golden.lines, { vocabSize: golden.vocabSize, byteFallback: true, ...options });

describe("trainUnigram with byte fallback", () => {
  it("has the bytes behind the special tokens, and the reference's pieces behind these", async () => {
    const { vocab } = JSON.parse((await train()).pipeline.model.toJSONText());
    const pieces: [string, number][] = vocab.slice(4 + 256);
    expect([vocab[4], vocab[4 + 255]]).toEqual([
      ["<0x00>", 0],
      ["<0xFF>", 0],
    ]);
    const scores = new Map(pieces);
    expect([...scores.keys()].sort()).toEqual(golden.vocab.map(([piece]) => piece).sort());
    // Characters that were lost have scores in the order of a hash table there, 0.0001 apart.
    for (const [piece, score] of golden.vocab) expect(scores.get(piece), piece).toBeCloseTo(score, 2);
  });

  it("encodes and decodes as the reference does", async () => {
    const tokenizer = await train({ unkSurface: " ⁇ " });
    // Pieces of equal scores may stand in another order there.
    const theirs = golden.vocab.map(([piece]) => piece);
    const idOf = (id: number): number => (id < 260 ? id : tokenizer.convertTokensToIds(theirs[id - 260]!)!);
    for (const { text, ids, decoded } of golden.cases) {
      const own = ids.map(idOf);
      if (text !== null) expect({ text, ids: Array.from(tokenizer.encodeIds(text)) }).toEqual({ text, ids: own });
      expect({ ids, decoded: tokenizer.decode(own) }).toEqual({ ids, decoded });
    }
  });

  it("writes the characters that coverage leaves out as bytes", async () => {
    const tokenizer = await train({ characterCoverage: 0.9 });
    expect(tokenizer.getVocab().has("H")).toBe(false);
    expect(tokenizer.tokenize("He")).toEqual(["▁", "<0x48>", "e"]);
    expect(tokenizer.decode(tokenizer.encodeIds("He 小船 😀"))).toBe("He 小船 😀");
  });

  it("takes another unknown token, which must be among the special ones", async () => {
    const specialTokens = ["[PAD]", "[UNK]"];
    const tokenizer = await trainUnigram(golden.lines, { vocabSize: 120, unkToken: "[UNK]", specialTokens });
    expect([tokenizer.unkToken, tokenizer.unkTokenId]).toEqual(["[UNK]", 1]);
    expect(tokenizer.encodeIds("小").at(-1)).toBe(1);
    await expect(train({ unkToken: "[UNK]", specialTokens: ["<unk>"] })).rejects.toMatchObject({
      field: "specialTokens",
    });
  });

  it("wants room for the bytes", async () => {
    await expect(train({ vocabSize: 260 })).rejects.toMatchObject({ field: "vocabSize", expected: "more than 260" });
  });
});

import { describe, expect, it } from "vitest";
import { CheckpointError } from "../errors.ts";
import { describeMatch, matchKeys, requireFit } from "./key-map.ts";

const tensors = (...names: string[]) => new Map(names.map((name) => [name, { shape: [2, 3] }]));
const pairs = (stored: string[], wanted: string[], options = {}) => {
  const { matched, missing, unexpected } = matchKeys(tensors(...stored), tensors(...wanted), options);
  return { matched: Object.fromEntries(matched), missing, unexpected };
};
const options = { basePrefix: "bert", tied: { "cls.decoder.weight": "bert.embeddings.weight" } };

describe("matchKeys", () => {
  it("matches equal names in the model's order", () => {
    const match = matchKeys(tensors("b", "a"), tensors("a", "b"));
    expect([...match.matched]).toEqual([
      ["a", "a"],
      ["b", "b"],
    ]);
    expect(match).toMatchObject({ missing: [], unexpected: [], shapeMismatch: [] });
  });

  it("puts a base model's file into a model with a head", () => {
    expect(pairs(["embeddings.weight"], ["bert.embeddings.weight", "cls.bias"], options)).toEqual({
      matched: { "bert.embeddings.weight": "embeddings.weight" },
      missing: ["cls.bias"],
      unexpected: [],
    });
  });

  it("takes the base model out of a file with heads", () => {
    expect(pairs(["bert.embeddings.weight", "cls.bias"], ["embeddings.weight"], { basePrefix: "bert" })).toEqual({
      matched: { "embeddings.weight": "bert.embeddings.weight" },
      missing: [],
      unexpected: ["cls.bias"],
    });
  });

  it("prefers the exact name to any other, whatever the order", () => {
    const wanted = ["bert.w"];
    for (const stored of [
      ["w", "bert.w"],
      ["bert.w", "w"],
    ]) {
      expect(pairs(stored, wanted, options)).toEqual({
        matched: { "bert.w": "bert.w" },
        missing: [],
        unexpected: ["w"],
      });
    }
  });

  it("reads a tied weight from whichever name is there", () => {
    const wanted = ["bert.embeddings.weight"];
    const alone = pairs(["cls.decoder.weight"], wanted, options);
    expect(alone).toEqual({ matched: { "bert.embeddings.weight": "cls.decoder.weight" }, missing: [], unexpected: [] });
    for (const stored of [
      ["bert.embeddings.weight", "cls.decoder.weight"],
      ["cls.decoder.weight", "embeddings.weight"],
    ]) {
      const both = pairs(stored, wanted, options);
      expect(both.matched["bert.embeddings.weight"]).toMatch(/embeddings.weight$/);
      expect(both.unexpected).toEqual([]);
    }
  });

  it("keeps an untied weight apart", () => {
    const names = ["bert.embeddings.weight", "cls.decoder.weight"];
    expect(pairs(names, names, options).matched).toEqual(Object.fromEntries(names.map((name) => [name, name])));
  });

  it("knows the names of 2018", () => {
    expect(
      pairs(
        ["module.bert.LayerNorm.gamma", "bert.LayerNorm.beta", "gamma"],
        ["bert.LayerNorm.weight", "bert.LayerNorm.bias", "gamma"],
        options,
      ),
    ).toEqual({
      matched: {
        "bert.LayerNorm.weight": "module.bert.LayerNorm.gamma",
        "bert.LayerNorm.bias": "bert.LayerNorm.beta",
        gamma: "gamma",
      },
      missing: [],
      unexpected: [],
    });
  });

  it("leaves buffers alone", () => {
    const ignore = [/(^|\.)attn\.(masked_)?bias$/, /position_ids$/];
    const stored = ["h.0.attn.bias", "h.0.attn.masked_bias", "h.0.attn.c_attn.bias", "embeddings.position_ids"];
    expect(pairs(stored, ["h.0.attn.c_attn.bias"], { ignore })).toEqual({
      matched: { "h.0.attn.c_attn.bias": "h.0.attn.c_attn.bias" },
      missing: [],
      unexpected: [],
    });
  });

  it("is not misled by names of the prototype", () => {
    expect(pairs(["constructor", "__proto__"], ["toString"], options)).toEqual({
      matched: {},
      missing: ["toString"],
      unexpected: ["constructor", "__proto__"],
    });
  });
});

describe("what is said about a match", () => {
  it("is nothing when all met", () => {
    expect(describeMatch(matchKeys(tensors("a"), tensors("a")), "f")).toBeUndefined();
    expect(() => requireFit(matchKeys(tensors("a"), tensors("a", "b")), "f")).not.toThrow();
  });

  it("names what is missing and what is too much", () => {
    const match = matchKeys(tensors("a", "b", "c", "d", "e", "f"), tensors("a", "z"));
    expect(describeMatch(match, "m.safetensors")).toBe(
      "m.safetensors: not in the file, so newly drawn: z. Train the model before you use these. " +
        "in the file, but not part of this model: b, c, d, e and 1 more.",
    );
  });

  it("refuses other shapes and files of another model", () => {
    const stored = new Map([["bert.w", { shape: [3, 2] }]]);
    const mismatch = matchKeys(stored, tensors("w"), options);
    expect(mismatch.shapeMismatch).toEqual([{ name: "w", stored: "bert.w", expected: [2, 3], received: [3, 2] }]);
    expect(mismatch.matched.size).toBe(0);
    expect(() => requireFit(mismatch, "f")).toThrow(
      expect.objectContaining({ kind: "checkpoint", field: "bert.w", expected: "[2, 3]", received: "[3, 2]" }),
    );
    expect(() => requireFit(matchKeys(tensors("a"), tensors("b")), "f")).toThrow(CheckpointError);
    expect(() => requireFit(matchKeys(tensors(), tensors("b")), "f")).toThrow(CheckpointError);
  });
});

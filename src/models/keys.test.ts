import { describe, expect, it } from "vitest";
import { publishedName, withHead } from "./keys.ts";

const base = {
  prefix: "base",
  names: { "layers.*.output": "h.*.out.dense", "layers.*": "h.*", words: "wte" },
  ignored: ["h.*.attn.bias"],
};

describe("publishedName", () => {
  it("takes the longest entry that fits, and fills in what the wildcards stand for", () => {
    expect(publishedName("layers.3.output.weight", base.names)).toBe("h.3.out.dense.weight");
    expect(publishedName("layers.11.norm.bias", base.names)).toBe("h.11.norm.bias");
    expect(publishedName("words.weight", base.names)).toBe("wte.weight");
    expect(publishedName("other.weight", base.names)).toBe("other.weight");
  });
});

describe("withHead", () => {
  it("puts the base model's names below the prefix, and adds the head's", () => {
    const { names } = withHead(base, { head: "cls.decoder" });
    expect(publishedName("base.layers.0.output.bias", names)).toBe("base.h.0.out.dense.bias");
    expect(publishedName("head.weight", names)).toBe("cls.decoder.weight");
  });
});

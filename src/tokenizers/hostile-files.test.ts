/** Files made to take all time or memory end in typed errors, soon. */
import { describe, expect, it } from "vitest";
import { TokenizerError } from "../errors.ts";
import { AutoTokenizer } from "./index.ts";

const SIZE = 4_000_000;
const bpe = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] };
const json = (parts: object): string => JSON.stringify({ model: bpe, ...parts });
const replace = { type: "Replace", pattern: { String: "a" }, content: "a".repeat(10) };
/** A map whose only key, "a", has a replacement that no zero byte ends. */
const endless = btoa(`\x90\x01\0\0${"\0".repeat(0x190)}${"x".repeat(3000)}`);

async function errorOf(files: Record<string, string>, text = "aaaa ab"): Promise<TokenizerError> {
  const start = performance.now();
  try {
    const tokenizer = await AutoTokenizer.fromPretrained("folder", { readFile: async (name) => files[name] });
    tokenizer.decode(tokenizer(text, { returnTensors: false }).inputIds);
  } catch (error) {
    expect(error).toBeInstanceOf(TokenizerError);
    // A second, and something for a busy machine.
    expect(performance.now() - start).toBeLessThan(3000);
    return error as TokenizerError;
  }
  throw new Error("no error");
}

describe("hostile files", () => {
  it.each<[string, Record<string, string>, string]>([
    ["brackets in brackets", { "tokenizer.json": "[".repeat(SIZE) }, "(the whole file)"],
    ["objects in objects", { "tokenizer.json": '{"model":'.repeat(SIZE / 9) }, "(the whole file)"],
    [
      "nothing but arrays",
      { "tokenizer.json": `{"model":{"vocab":[${"[],".repeat(SIZE / 3)}[]]}}` },
      "(the whole file)",
    ],
    ["a string without end", { "tokenizer.json": `{"model":"${"[\\".repeat(SIZE / 2)}` }, ""],
    [
      "a very long added token",
      { "tokenizer.json": json({ added_tokens: [{ id: 3, content: "x".repeat(SIZE) }] }) },
      "added_tokens.0.content",
    ],
    [
      "a very long token",
      { "tokenizer.json": json({ model: { type: "Unigram", unk_id: 0, vocab: [["x".repeat(SIZE), 0]] } }) },
      "model.vocab.0",
    ],
    [
      "a template of a million tokens",
      {
        "tokenizer.json": json({
          post_processor: {
            type: "TemplateProcessing",
            single: Array(1000).fill({ SpecialToken: { id: "a", type_id: 0 } }),
            pair: [],
            special_tokens: { a: { id: "a", ids: Array(1000).fill(0), tokens: Array(1000).fill("a") } },
          },
        }),
      },
      "post_processor.special_tokens",
    ],
    [
      "more merges than tokens allow",
      { "tokenizer.json": json({ model: { ...bpe, merges: Array(90_000).fill("a b") } }) },
      "model.merges",
    ],
    [
      "more lines of merges",
      { "vocab.json": '{"a":0,"b":1,"ab":2}', "merges.txt": "a b\n".repeat(SIZE / 4) },
      "merges",
    ],
    ["more lines of a vocabulary", { "vocab.txt": "[UNK]\n".repeat(1_100_000) }, "line 1048577"],
    [
      "replacements of replacements",
      { "tokenizer.json": json({ normalizer: { type: "Sequence", normalizers: Array(12).fill(replace) } }) },
      "Replace",
    ],
    [
      "replacements of replacements, when decoding",
      { "tokenizer.json": json({ decoder: { type: "Sequence", decoders: Array(12).fill(replace) } }) },
      "Replace",
    ],
    [
      "an exponential regular expression",
      {
        "tokenizer.json": json({
          pre_tokenizer: { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated" },
        }),
      },
      "pre_tokenizer.pattern.Regex",
    ],
  ])("%s", async (_, files, field) => {
    const error = await errorOf(files);
    if (field !== "") expect(error.field).toBe(field);
  });

  it("a map of characters that is damaged never reads on and on", async () => {
    const normalizer = { type: "Precompiled", precompiled_charsmap: endless };
    const files: Record<string, string> = { "tokenizer.json": json({ normalizer }) };
    const tokenizer = await AutoTokenizer.fromPretrained("folder", { readFile: async (name) => files[name] });
    for (let code = 1; code < 128; code++) {
      try {
        expect(tokenizer.wordsOf(String.fromCharCode(code)).normalized.length).toBeLessThan(1024);
      } catch (error) {
        expect(error).toBeInstanceOf(TokenizerError);
      }
    }
  });

  it("a hundred thousand added tokens are found as fast as a few", async () => {
    const added = Array.from({ length: 100_000 }, (_, index) => ({ id: 3 + index, content: `<${index}>` }));
    const files: Record<string, string> = { "tokenizer.json": json({ added_tokens: added }) };
    const tokenizer = await AutoTokenizer.fromPretrained("folder", { readFile: async (name) => files[name] });
    const start = performance.now();
    const { inputIds } = tokenizer("a<7><99999>b<100000>ab<12>".repeat(1000), { returnTensors: false });
    expect(performance.now() - start).toBeLessThan(1000);
    expect(inputIds.slice(0, 5)).toEqual([0, 10, 100_002, 1, 2]);
  });
});

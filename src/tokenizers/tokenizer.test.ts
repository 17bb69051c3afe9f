import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ConfigurationError, TokenizerError } from "../errors.ts";
import { AutoTokenizer, type Tokenizer } from "./index.ts";

const BERT = {
  "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\nboat\n##s\nsail\n##ed\n.\n'\ns\n",
  "tokenizer_config.json": JSON.stringify({
    tokenizer_class: "BertTokenizer",
    do_lower_case: true,
    model_max_length: 8,
    name: "kept",
  }),
};
const GPT2 = {
  "vocab.json": JSON.stringify({ a: 0, b: 1, ab: 2, Ġ: 3, Ġa: 4, "<|endoftext|>": 5 }),
  "merges.txt": "#version: 0.2\na b\nĠ a\n",
};

function load(files: Record<string, string>): Promise<Tokenizer> {
  return AutoTokenizer.fromPretrained("folder", { readFile: async (name) => files[name] });
}

describe("a tokenizer from vocab.txt", () => {
  let tokenizer: Tokenizer;
  beforeAll(async () => {
    tokenizer = await load(BERT);
  });

  it("is a function with a vocabulary", () => {
    expect(typeof tokenizer).toBe("function");
    expect([tokenizer.length, tokenizer.vocabSize, tokenizer.modelMaxLength]).toEqual([13, 13, 8]);
    expect(tokenizer.getVocab().get("##ed")).toBe(9);
  });

  it("gives a batch as tensors for the model", () => {
    const encoded = tokenizer(["The boats sailed.", "Boat"], { padding: true });
    expect(Object.keys(encoded)).toEqual(["inputIds", "tokenTypeIds", "attentionMask"]);
    expect(encoded.inputIds).toMatchObject({ type: "int64", dims: [2, 8] });
    expect(encoded.inputIds.data).toBeInstanceOf(BigInt64Array);
    expect(encoded.inputIds.tolist()).toEqual([
      [2n, 5n, 6n, 7n, 8n, 9n, 10n, 3n],
      [2n, 6n, 3n, 0n, 0n, 0n, 0n, 0n],
    ]);
    expect(JSON.stringify(encoded.attentionMask)).toBe("[[1,1,1,1,1,1,1,1],[1,1,1,0,0,0,0,0]]");
  });

  it("gives one text as a batch of one", () => {
    expect(tokenizer("boat").inputIds.dims).toEqual([1, 3]);
    expect(tokenizer([]).inputIds.dims).toEqual([0, 0]);
    expect(tokenizer([]).inputIds.tolist()).toEqual([]);
  });

  it("gives plain arrays, flat for one text and nested for several", () => {
    const one = tokenizer("The boat", { textPair: "sailed", returnTensors: false });
    expect(one).toEqual({
      inputIds: [2, 5, 6, 3, 8, 9, 3],
      tokenTypeIds: [0, 0, 0, 0, 1, 1, 1],
      attentionMask: [1, 1, 1, 1, 1, 1, 1],
      specialTokensMask: [1, 0, 0, 1, 0, 0, 1],
      offsetMapping: [
        ...[
          [0, 0],
          [0, 3],
          [4, 8],
          [0, 0],
        ],
        ...[
          [0, 4],
          [4, 6],
          [0, 0],
        ],
      ],
      wordIds: [null, 0, 1, null, 0, 0, null],
      sequenceIds: [null, 0, 0, null, 1, 1, null],
      tokens: ["[CLS]", "the", "boat", "[SEP]", "sail", "##ed", "[SEP]"],
    });
    const several = tokenizer(["boat", "boats"], { returnTensors: false });
    expect(several.inputIds).toEqual([
      [2, 6, 3],
      [2, 6, 7, 3],
    ]);
  });

  it("takes words, for one text and for several", () => {
    const one = tokenizer(["boats", "sail"], { isSplitIntoWords: true, returnTensors: false });
    expect([one.wordIds, one.offsetMapping?.[2]]).toEqual([
      [null, 0, 0, 1, null],
      [4, 5],
    ]);
    const several = tokenizer([["boats"], ["sail", "."]], { isSplitIntoWords: true, returnTensors: false });
    expect(several.inputIds).toEqual([
      [2, 6, 7, 3],
      [2, 8, 10, 3],
    ]);
  });

  it("cuts to the model's length, and keeps the rest as windows", () => {
    const text = "the boats sailed the boats sailed";
    expect(tokenizer(text, { truncation: true }).inputIds.dims).toEqual([1, 8]);
    const options = { truncation: true, maxLength: 6, stride: 1, returnOverflowingTokens: true } as const;
    const { tokens, overflowing } = tokenizer(text, { ...options, returnTensors: false });
    expect([tokens, ...overflowing!.map((window) => window.tokens)].map((window) => window.slice(1, -1))).toEqual([
      ["the", "boat", "##s", "sail"],
      ["sail", "##ed", "the", "boat"],
      ["boat", "##s", "sail", "##ed"],
    ]);
    const rows = tokenizer([text, "the"], { ...options, padding: true });
    expect(rows.inputIds.dims).toEqual([4, 6]);
    expect(rows.overflowToSampleMapping).toEqual([0, 0, 0, 1]);
  });

  it("decodes", () => {
    const ids = [2, 5, 6, 7, 8, 9, 10, 3];
    expect(tokenizer.decode(ids)).toBe("[CLS] the boats sailed. [SEP]");
    expect(tokenizer.decode(BigInt64Array.from(ids.map(BigInt)), { skipSpecialTokens: true })).toBe(
      "the boats sailed.",
    );
    expect(tokenizer.batchDecode([[5], [6, 7]])).toEqual(["the", "boats"]);
    expect(tokenizer.decode([5, 11, 12], { cleanUpTokenizationSpaces: true })).toBe("the's");
    expect(tokenizer.decode([5, 99])).toBe("the");
  });

  it("converts tokens and ids", () => {
    expect(tokenizer.tokenize("The boats, sailed")).toEqual(["the", "boat", "##s", "[UNK]", "sail", "##ed"]);
    expect(tokenizer.convertTokensToIds(["boat", "ship"])).toEqual([6, 1]);
    expect(tokenizer.convertTokensToIds("[MASK]")).toBe(4);
    expect(tokenizer.convertIdsToTokens([6, 7n, 3])).toEqual(["boat", "##s", "[SEP]"]);
    expect(tokenizer.convertIdsToTokens([6, 3], { skipSpecialTokens: true })).toEqual(["boat"]);
    expect(tokenizer.convertIdsToTokens(99)).toBeUndefined();
    expect(Array.from(tokenizer.encodeIds("The boats [MASK] sailed"))).toEqual([5, 6, 7, 4, 8, 9]);
  });

  it("names its special tokens", () => {
    expect([tokenizer.maskToken, tokenizer.maskTokenId]).toEqual(["[MASK]", 4]);
    expect([tokenizer.clsTokenId, tokenizer.sepTokenId, tokenizer.padTokenId, tokenizer.unkTokenId]).toEqual([
      2, 3, 0, 1,
    ]);
    expect([tokenizer.bosToken, tokenizer.bosTokenId]).toEqual([undefined, undefined]);
    expect(tokenizer.allSpecialIds).toEqual([1, 3, 0, 2, 4]);
  });

  it("refuses what it cannot do, saying how it could", () => {
    expect(() => tokenizer(["boat", "boats"])).toThrow(
      expect.objectContaining({ hint: expect.stringMatching("padding: true") }),
    );
    expect(() => tokenizer("boat", { paddng: true } as object)).toThrow(
      expect.objectContaining({ kind: "configuration", hint: "Did you mean padding?" }),
    );
    expect(() => tokenizer("boat", { padding: "most" as "longest" })).toThrow(TokenizerError);
    expect(() => tokenizer("boat", { maxLength: -1 })).toThrow(TokenizerError);
    expect(() => tokenizer(5 as unknown as string)).toThrow(TokenizerError);
    expect(() => tokenizer(["a"], { textPair: ["b", "c"] })).toThrow(TokenizerError);
    expect(() => tokenizer(["a", "b"], { textPair: "c" })).toThrow(TokenizerError);
    expect(() => tokenizer("boat", { truncation: true, maxLength: 1 })).toThrow(/leaves no room/);
    expect(() => tokenizer("the boat", { truncation: "only_second", maxLength: 3 })).toThrow(/second text/);
  });
});

describe("a tokenizer from vocab.json and merges.txt", () => {
  it("pads only with a padding token", async () => {
    const tokenizer = await load(GPT2);
    expect(tokenizer.config.tokenizerClass).toBe("GPT2Tokenizer");
    expect(() => tokenizer(["ab", "a a"], { padding: true })).toThrow(/no padding token/);
    tokenizer.padToken = tokenizer.eosToken;
    expect(tokenizer(["ab", "a a"], { padding: true }).inputIds.tolist()).toEqual([
      [2n, 5n],
      [0n, 4n],
    ]);
    expect(Object.keys(tokenizer("ab"))).toEqual(["inputIds", "attentionMask"]);
  });

  it("puts a space before the text if asked", async () => {
    const tokenizer = await load(GPT2);
    expect(tokenizer.tokenize("ab a")).toEqual(["ab", "Ġa"]);
    expect(tokenizer("a", { addPrefixSpace: true, returnTensors: false }).tokens).toEqual(["Ġa"]);
    const spaced = await AutoTokenizer.fromPretrained("folder", {
      readFile: async (name) => (GPT2 as Record<string, string>)[name],
      addPrefixSpace: true,
    });
    expect(spaced.tokenize("a")).toEqual(["Ġa"]);
  });

  it("decodes broken bytes as replacement characters", async () => {
    const files = { ...GPT2, "vocab.json": JSON.stringify({ a: 0, b: 1, ab: 2, Ġ: 3, Ġa: 4, Ã: 5, "©": 6 }) };
    const tokenizer = await load(files);
    expect([tokenizer.decode([5, 6]), tokenizer.decode([5]), tokenizer.decode([0, 5, 4])]).toEqual([
      "é",
      "\ufffd",
      "a\ufffd a",
    ]);
  });
});

describe("adding tokens", () => {
  it("gives new ones new ids and finds them in texts", async () => {
    const tokenizer = await load(BERT);
    expect(tokenizer.addTokens(["harbour", "boat"])).toBe(1);
    expect([tokenizer.length, tokenizer.vocabSize, tokenizer.convertTokensToIds("harbour")]).toEqual([14, 13, 13]);
    expect(tokenizer.tokenize("theHarbourboats")).toEqual(["the", "harbour", "boat", "s"]);
    tokenizer.maskToken = "<mask>";
    expect([tokenizer.maskTokenId, tokenizer.tokenize("the<mask>")]).toEqual([14, ["the", "<mask>"]]);
  });
});

describe("savePretrained", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "cloze-tokenizer-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("writes a folder that reads back as the same tokenizer", async () => {
    const tokenizer = await load(BERT);
    tokenizer.addTokens(["harbour"]);
    const path = join(folder, "bert");
    await tokenizer.savePretrained(path);
    expect((await readdir(path)).sort()).toEqual([
      ...["special_tokens_map.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt"],
    ]);
    const again = await AutoTokenizer.fromPretrained(path);
    const text = "The boats [MASK] harbour.";
    expect(again(text, { returnTensors: false })).toEqual(tokenizer(text, { returnTensors: false }));
    expect(again.config).toEqual({ ...tokenizer.config, addedTokens: expect.any(Map) });
    expect(again.config.rest.name).toBe("kept");
  });

  it("keeps tokens that look like numbers in the order of their ids", async () => {
    const tokenizer = await load({
      ...GPT2,
      "vocab.json": JSON.stringify({ a: 0, "1": 1, b: 2, ab: 3, "0": 4, Ġ: 5, Ġa: 6 }),
    });
    const path = join(folder, "numbers");
    await tokenizer.savePretrained(path);
    const again = await AutoTokenizer.fromPretrained(path);
    expect(again.pipeline.model.vocabulary.tokens).toEqual(["a", "1", "b", "ab", "0", "Ġ", "Ġa"]);
  });

  it("refuses options that it does not know", async () => {
    await expect(AutoTokenizer.fromPretrained(folder, { padtoken: "x" } as object)).rejects.toBeInstanceOf(
      ConfigurationError,
    );
  });
});

/** Broken files end in typed errors that name file and field; nothing else may escape. */
import { describe, expect, it } from "vitest";
import { ClozeError, TokenizerError } from "../errors.ts";
import { AutoTokenizer, type Tokenizer } from "./index.ts";

type Json = Record<string, unknown>;

/** A small tokenizer.json of BERT's kind, with every kind of part. */
function bertJson(): Json {
  return {
    version: "1.0",
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"].map((content, id) => addedToken(id, content)),
    normalizer: { type: "Sequence", normalizers: [{ type: "BertNormalizer", lowercase: true }, { type: "Lowercase" }] },
    pre_tokenizer: { type: "Sequence", pretokenizers: [{ type: "WhitespaceSplit" }, { type: "BertPreTokenizer" }] },
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "[CLS]", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] } },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, a: 5, "##b": 6 },
    },
  };
}

/** A small tokenizer.json of RoBERTa's kind. */
function robertaJson(): Json {
  return {
    version: "1.0",
    added_tokens: [addedToken(0, "<s>"), addedToken(1, "</s>"), { ...addedToken(6, " extra"), normalized: true }],
    normalizer: null,
    pre_tokenizer: { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: { type: "RobertaProcessing", sep: ["</s>", 1], cls: ["<s>", 0], trim_offsets: true },
    decoder: { type: "Sequence", decoders: [{ type: "ByteLevel" }] },
    model: {
      type: "BPE",
      dropout: null,
      vocab: { "<s>": 0, "</s>": 1, a: 2, b: 3, ab: 4, aba: 5 },
      merges: [["a", "b"], "ab a"],
    },
  };
}

/** A small tokenizer.json of SentencePiece's kind, with the rest of the parts. */
function unigramJson(): Json {
  return {
    version: "1.0",
    added_tokens: [addedToken(0, "<unk>")],
    normalizer: {
      type: "Sequence",
      normalizers: [
        ...[{ type: "Nmt" }, { type: "NFKC" }, { type: "StripAccents" }, { type: "Strip", strip_left: true }],
        { type: "Replace", pattern: { String: "`" }, content: "'" },
        { type: "Replace", pattern: { Regex: " {2,}" }, content: " " },
        { type: "Precompiled", precompiled_charsmap: btoa("\x08\0\0\0\x61\x04\0\0\x62\x05\0\0x\0") },
        { type: "Prepend", prepend: "-" },
      ],
    },
    pre_tokenizer: { type: "Metaspace", replacement: "▁", prepend_scheme: "always", split: true },
    post_processor: { type: "BertProcessing", sep: ["a", 1], cls: ["b", 2] },
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        ...[{ type: "ByteFallback" }, { type: "Fuse" }, { type: "Strip", content: " ", start: 1, stop: 0 }],
      ],
    },
    model: {
      type: "Unigram",
      unk_id: 0,
      byte_fallback: true,
      vocab: [
        ["<unk>", 0],
        ["a", -1],
        ["b", -2],
        ["ab", -1.5],
      ],
    },
  };
}

function addedToken(id: number, content: string): Json {
  return { id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
}

function load(files: Record<string, unknown>): Promise<Tokenizer> {
  const texts = new Map(
    Object.entries(files).map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  );
  return AutoTokenizer.fromPretrained("folder", { readFile: async (name) => texts.get(name) });
}

async function errorOf(files: Record<string, unknown>): Promise<TokenizerError> {
  const error = await load(files).then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(TokenizerError);
  return error as TokenizerError;
}

/** The file with one change at a path such as `model.vocab`. */
function changed(base: Json, path: string, value: unknown): Json {
  const copy = structuredClone(base);
  const names = path.split(".");
  const last = names.pop()!;
  const parent = names.reduce<Json>((object, name) => object[name] as Json, copy);
  parent[last] = value;
  return copy;
}

function pathsOf(value: unknown, path = ""): string[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, item]) => pathsOf(item, path === "" ? name : `${path}.${name}`));
  return path === "" ? inner : [path, ...inner];
}

describe("malformed tokenizer.json", () => {
  const cases: [string, Json, string][] = [
    ["a hole in the vocabulary", changed(bertJson(), "model.vocab.b", 8), "model.vocab"],
    ["an id twice", changed(bertJson(), "model.vocab", { "[UNK]": 0, a: 1, b: 1 }), 'model.vocab."b"'],
    ["an id that is no number", changed(bertJson(), "model.vocab", { "[UNK]": 0, a: "1" }), 'model.vocab."a"'],
    ["an id far beyond the others", changed(bertJson(), "model.vocab", { "[UNK]": 0, a: 2 ** 40 }), 'model.vocab."a"'],
    ["a vocabulary that is a list", changed(bertJson(), "model.vocab", ["a"]), "model.vocab"],
    ["no unknown token", changed(bertJson(), "model.unk_token", "[NONE]"), "vocab"],
    ["a merge of unknown tokens", changed(robertaJson(), "model.merges", [["a", "z"]]), "merges.0"],
    ["a merge into nothing", changed(robertaJson(), "model.merges", [["b", "a"]]), "merges.0"],
    ["a merge of three", changed(robertaJson(), "model.merges", ["a b c"]), "model.merges.0"],
    ["a score that is no number", changed(unigramJson(), "model.vocab.1", ["a", "-1"]), "model.vocab.1"],
    ["an unknown id beyond the vocabulary", changed(unigramJson(), "model.unk_id", 4), "model.unk_id"],
    [
      "a map that is no map",
      changed(unigramJson(), "normalizer.normalizers.6.precompiled_charsmap", "!"),
      "normalizer.normalizers.6.precompiled_charsmap",
    ],
    [
      "a regular expression of its own",
      changed(unigramJson(), "normalizer.normalizers.5.pattern.Regex", "(a+)+$"),
      "normalizer.normalizers.5.pattern.Regex",
    ],
    ["dropout", changed(robertaJson(), "model.dropout", 0.1), "model.dropout"],
    ["an unknown normalizer", changed(bertJson(), "normalizer", { type: "Nothing" }), "normalizer.type"],
    ["an unknown model", changed(bertJson(), "model.type", "Oracle"), "model.type"],
    [
      "a template token without ids",
      changed(bertJson(), "post_processor.special_tokens", {}),
      "post_processor.single.0.SpecialToken.id",
    ],
    [
      "a template token that is not there",
      changed(bertJson(), "post_processor.special_tokens.[CLS].ids", [9]),
      "post_processor",
    ],
    ["an added token with another id", changed(bertJson(), "added_tokens.0.id", 5), "added_tokens"],
    ["an empty added token", changed(bertJson(), "added_tokens.0.content", ""), "added_tokens.0.content"],
    ["no model", changed(bertJson(), "model", undefined), "model"],
  ];

  it.each(cases)("%s", async (_, json, field) => {
    expect(await errorOf({ "tokenizer.json": json })).toMatchObject({
      kind: "tokenizer",
      file: "folder/tokenizer.json",
      field,
      hint: expect.stringMatching(/\.$/),
    });
  });

  it("is no JSON", async () => {
    expect((await errorOf({ "tokenizer.json": '{"model": ' })).file).toBe("folder/tokenizer.json");
  });

  it("is nested without end", async () => {
    let normalizer: Json = { type: "Lowercase" };
    for (let depth = 0; depth < 1000; depth++) normalizer = { type: "Sequence", normalizers: [normalizer] };
    expect((await errorOf({ "tokenizer.json": changed(bertJson(), "normalizer", normalizer) })).expected).toContain(
      "nested",
    );
  });

  const values = [null, -1, 0.5, 1e99, "x", "", true, [], [[]], {}, { type: "Sequence" }, Number.MAX_SAFE_INTEGER];
  it.each([
    ["BERT", bertJson()],
    ["RoBERTa", robertaJson()],
    ["Unigram", unigramJson()],
  ])("any other value anywhere gives a tokenizer or a typed error (%s)", async (_, base) => {
    for (const path of pathsOf(base)) {
      for (const value of values) {
        try {
          const tokenizer = await load({ "tokenizer.json": changed(base, path, value) });
          const { inputIds } = tokenizer("A text [MASK] <s> ab", { textPair: "aba", returnTensors: false });
          tokenizer.decode(inputIds);
        } catch (error) {
          expect(error, `${path} = ${JSON.stringify(value)}`).toBeInstanceOf(ClozeError);
        }
      }
    }
  });
});

describe("malformed files beside it", () => {
  const bert = bertJson();

  it.each([
    [{ model_max_length: "long" }, "model_max_length"],
    [{ padding_side: "up" }, "padding_side"],
    [{ mask_token: 5 }, "mask_token"],
    [{ added_tokens_decoder: { one: { content: "x" } } }, "added_tokens_decoder.one"],
    [{ added_tokens_decoder: { "99": { content: "x" } } }, "99"],
    [{ model_input_names: [1] }, "model_input_names"],
  ])("tokenizer_config.json: %j", async (config, field) => {
    const error = await errorOf({ "tokenizer.json": bert, "tokenizer_config.json": config });
    expect(error).toMatchObject({ file: "folder/tokenizer_config.json", field });
  });

  it("any other value in tokenizer_config.json gives a tokenizer or a typed error", async () => {
    const config: Json = {
      tokenizer_class: "BertTokenizer",
      mask_token: { content: "[MASK]", lstrip: false },
      additional_special_tokens: ["[X]"],
      added_tokens_decoder: { "0": addedToken(0, "[PAD]") },
      model_max_length: 512,
      do_lower_case: true,
      strip_accents: null,
      padding_side: "right",
    };
    for (const path of pathsOf(config)) {
      for (const value of [null, -1, 0.5, 1e99, "x", "", true, [], {}]) {
        const files = { "tokenizer.json": bert, "tokenizer_config.json": changed(config, path, value) };
        const error = await load(files).catch((cause: unknown) => cause);
        if (error instanceof Error) expect(error, path).toBeInstanceOf(ClozeError);
      }
    }
  });

  it("vocab.txt with a token twice", async () => {
    const error = await errorOf({ "vocab.txt": "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\na\n" });
    expect(error).toMatchObject({ file: "folder/vocab.txt", field: "line 7" });
  });

  it("merges.txt with a line of three", async () => {
    const error = await errorOf({ "vocab.json": { a: 0, b: 1, ab: 2 }, "merges.txt": "#version: 0.2\na b\na b c\n" });
    expect(error).toMatchObject({ file: "folder/merges.txt", field: "merges.2" });
  });

  it("nothing at all", async () => {
    expect((await errorOf({})).expected).toContain("vocab.txt");
  });
});

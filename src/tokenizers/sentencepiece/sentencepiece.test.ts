/** SentencePiece's files against SentencePiece; the values were made by test/golden/tokenizers/make_sentencepiece_cases.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { TokenizerError } from "../../errors.ts";
import { Random } from "../../random.ts";
import { AutoTokenizer, type Tokenizer, writeTokenizerJson } from "../index.ts";

interface GoldenModel {
  name: string;
  file: string;
  cases: { text: string; ids: number[]; pieces: string[]; decoded: string }[];
}

interface GoldenClass {
  config: { tokenizer_class: string };
  /** A SentencePiece file and which of the models is in it, or the texts of other files. */
  file?: string;
  model?: string;
  texts?: Record<string, string>;
  length: number;
  cases: { text: string; ids: number[] }[];
  pair: { ids: number[]; types: number[] | null };
}

const golden: { models: GoldenModel[]; published: GoldenClass[] } = JSON.parse(
  readFileSync(new URL("../../../test/golden/tokenizers/sentencepiece.json", import.meta.url), "utf8"),
);

function bytesOf(name: string): Uint8Array {
  return new Uint8Array(Buffer.from(golden.models.find((model) => model.name === name)!.file, "base64"));
}

function load(files: Record<string, string | Uint8Array>): Promise<Tokenizer> {
  return AutoTokenizer.fromPretrained("folder", { readFile: async (name) => files[name] });
}

describe.each(golden.models)("$name", ({ name, cases }) => {
  it("encodes and decodes as SentencePiece does", async () => {
    const tokenizer = await load({ "tokenizer.model": bytesOf(name) });
    for (const { text, ids, pieces, decoded } of cases) {
      const { inputIds } = tokenizer(text, { returnTensors: false });
      expect({ text, ids: inputIds, pieces: tokenizer.convertIdsToTokens(inputIds) }).toEqual({ text, ids, pieces });
      expect({ text, decoded: tokenizer.decode(ids) }).toEqual({ text, decoded });
      expect(Array.from(tokenizer.encodeIds(text))).toEqual(ids);
    }
  });

  it("is the same from the tokenizer.json that is written", async () => {
    const tokenizer = await load({ "tokenizer.model": bytesOf(name) });
    const again = await load({ "tokenizer.json": writeTokenizerJson(tokenizer.pipeline) });
    const text = "The keeper's lamp ① and the sea";
    expect(again(text, { returnTensors: false })).toEqual(tokenizer(text, { returnTensors: false }));
  });
});

describe.each(golden.published)("$config", ({ config, file, model, texts, length, cases, pair }) => {
  const files = { ...texts, ...(file && model && { [file]: bytesOf(model) }) };

  it("encodes as the published class does", async () => {
    const tokenizer = await load({ ...files, "tokenizer_config.json": JSON.stringify(config) });
    expect(tokenizer.length).toBe(length);
    for (const { text, ids } of cases) {
      expect({ text, ids: tokenizer(text, { returnTensors: false }).inputIds }).toEqual({ text, ids });
    }
    const both = tokenizer("The boat", { textPair: "the sea", returnTensors: false });
    expect(both.inputIds).toEqual(pair.ids);
    if (pair.types) expect(both.tokenTypeIds).toEqual(pair.types);
  });
});

it("refuses a file of a class that makes something else of it, and says what to do", async () => {
  const config = JSON.stringify({ tokenizer_class: "MBartTokenizer" });
  const files = { "sentencepiece.bpe.model": bytesOf("unigram"), "tokenizer_config.json": config };
  await expect(load(files)).rejects.toMatchObject({
    kind: "tokenizer",
    file: "folder/sentencepiece.bpe.model",
    field: "tokenizer_class",
    received: "MBartTokenizer",
    hint: expect.stringContaining("tokenizer.json"),
  });
});

describe("hostile files", () => {
  const errorOf = async (bytes: Uint8Array): Promise<TokenizerError> => {
    const error = await load({ "spiece.model": bytes }).then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(TokenizerError);
    expect((error as TokenizerError).file).toBe("folder/spiece.model");
    expect((error as TokenizerError).field).toBeTruthy();
    return error as TokenizerError;
  };
  const piece = (...body: number[]): number[] => [0x0a, body.length, ...body];
  const unknown = piece(0x0a, 1, 0x75, 0x18, 2);

  it.each<[string, number[], string]>([
    ["nothing", [], "pieces"],
    ["an empty piece", piece(), "pieces.0.piece"],
    ["no unknown piece", piece(0x0a, 1, 0x61), "pieces"],
    ["a piece twice", [...unknown, ...unknown], "pieces.1"],
    ["a piece that is no UTF-8", piece(0x0a, 1, 0xff), "pieces.0.piece"],
    ["an unknown type of piece", piece(0x0a, 1, 0x61, 0x18, 9), "pieces.0.type"],
    ["a score that is no number", piece(0x0a, 1, 0x61, 0x15, 0, 0, 0xc0, 0x7f), "pieces.0.score"],
    ["a length beyond the end", [0x0a, 0x7f, 0x61], "(the whole file)"],
    ["a length of ten bytes", [0x0a, ...Array(9).fill(0xff), 0x7f], "(the whole file)"],
    ["an unknown kind of model", [...unknown, 0x12, 2, 0x18, 3], "trainer_spec.model_type"],
    ["marks at the end of words", [...unknown, 0x12, 3, 0xc0, 1, 1], "trainer_spec.treat_whitespace_as_suffix"],
    ["a map that is none", [...unknown, 0x1a, 4, 0x12, 2, 1, 2], "normalizer_spec.precompiled_charsmap"],
    ["text instead of bytes", [...new TextEncoder().encode("[PAD]\n[UNK]\n")], "(the whole file)"],
    ["groups without end", Array(100_000).fill(0x4b), "(the whole file)"],
  ])("%s", async (_, bytes, field) => {
    expect((await errorOf(Uint8Array.from(bytes))).field).toBe(field);
  });

  it("a very long piece", async () => {
    const long = new Uint8Array(1_000_000).fill(0x61);
    // The lengths of the message and of its text, of three bytes each.
    long.set([0x0a, 0xbc, 0x84, 0x3d, 0x0a, 0xb8, 0x84, 0x3d]);
    expect((await errorOf(long)).field).toBe("pieces.0.piece");
  });

  it("any changed or missing bytes give a tokenizer or a typed error, soon", async () => {
    const random = new Random(3);
    const whole = bytesOf("unigram");
    const start = performance.now();
    for (let round = 0; round < 400; round++) {
      const bytes = whole.slice(0, random.integer(3) === 0 ? random.integer(whole.length) : whole.length);
      for (let change = random.integer(4); change >= 0; change--)
        bytes[random.integer(bytes.length)] = random.integer(256);
      try {
        const tokenizer = await load({ "spiece.model": bytes });
        tokenizer.decode(tokenizer("The boat ①", { returnTensors: false }).inputIds);
      } catch (error) {
        expect(error).toBeInstanceOf(TokenizerError);
      }
    }
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

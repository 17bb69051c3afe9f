/** Corpora as people have them, through the command line: the right thing or a typed error, never a bug. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCloze } from "../../test/support/fake-terminal.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-corpora-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const output = (): string => join(folder, "out");

async function pretrain(corpus: string, ...words: string[]) {
  const sizes = ["--vocab-size", "300", "--batch-size", "2", "--sequence-length", "8", "--steps", "2"];
  const folders = ["--corpus", corpus, "--output", output(), "--overwrite"];
  return runCloze(["pretrain", ...folders, ...sizes, "--json", ...words]);
}

const kinds: Readonly<Record<string, readonly string[]>> = {
  "running text": [],
  "whole sentences": ["--rows", "full-sentences"],
  "a causal model": ["--architecture", "gpt2"],
};

const sentences = "The cat sat on the mat.\nA bird flew over the house.\n\nThe dog ran.\nIt rained all day.\n";

describe("the same text in other clothes", () => {
  const weightsOf = async (content: string | Uint8Array, name = "same.txt"): Promise<string> => {
    expect((await pretrain(write(name, content))).exitCode).toBe(0);
    return readFileSync(join(output(), "model.safetensors"), "base64");
  };

  it("gives the same model", async () => {
    const weights = await weightsOf(sentences);
    const records = sentences.split("\n\n").map((text) => JSON.stringify({ text }));
    expect({
      withoutLastEnd: await weightsOf(sentences.trimEnd()),
      windows: await weightsOf(sentences.replaceAll("\n", "\r\n")),
      oldMac: await weightsOf(sentences.replaceAll("\n", "\r")),
      byteOrderMark: await weightsOf(`\uFEFF${sentences}`),
      emptyDocuments: await weightsOf(`\n\n \n${sentences.replace("\n\n", "\n\n\n\u3000\n\t\n\n")}\n\n\n`),
      packed: await weightsOf(gzipSync(sentences), "same.txt.gz"),
      records: await weightsOf(`{"text":""}\n\n${records.join("\r\n")}`, "same.jsonl"),
    }).toEqual({
      ...{ withoutLastEnd: weights, windows: weights, oldMac: weights, byteOrderMark: weights },
      ...{ emptyDocuments: weights, packed: weights, records: weights },
    });
    expect(await weightsOf(sentences.replace("cat", "dog"))).not.toBe(weights);
  });
});

describe.each(Object.entries(kinds))("strange but text, for %s", (_, words) => {
  it.each([
    ["one token", "a"],
    ["one word of 100,000 letters", "x".repeat(100_000)],
    ["emoji alone", "😀😃😄\n😁😆\n\n😅🤣👩‍👩‍👧‍👦"],
    ["signs alone", "!!!???...,,,;;;"],
    ["text from right to left", "\u202eمرحبا بالعالم\n\nשלום"],
    ["names of special tokens", "[MASK] [CLS] [SEP] [PAD] [UNK] <|endoftext|>\n\n[MASK]"],
    ["a million spaces", `a${" ".repeat(1 << 20)}b`],
    ["a million blank lines", `${"\n".repeat(1 << 20)}a b c`],
    ["a long line without an end", "it rains and it pours ".repeat(100_000)],
  ])("%s", async (_name, text) => {
    const { exitCode, lines } = await pretrain(write("strange.txt", text), ...words);
    expect(exitCode).toBe(0);
    expect(lines.at(-1)).toMatchObject({ event: "done", step: 2 });
  });
});

it("reads a folder of mixed files and passes over what is not text, with a warning", async () => {
  write("mixed/a.txt", "The cat sat.");
  write("mixed/b/c.jsonl", '{"text":"A bird flew."}');
  write("mixed/d.md.gz", gzipSync("The dog ran."));
  write("mixed/picture.png", Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0));
  write("mixed/binary", Uint8Array.of(0, 1, 2));
  write("mixed/.hidden.txt", Uint8Array.of(0xff));
  write("mixed/empty.txt", "");
  const { exitCode, stderr } = await pretrain(join(folder, "mixed"));
  expect(exitCode).toBe(0);
  expect(stderr.match(/warning:.*/g)).toEqual([expect.stringMatching(/binary, picture\.png/)]);
});

it("replaces rare bytes that are not UTF-8, with a warning that says where", async () => {
  const text = Buffer.from(sentences.repeat(20));
  text[400] = 0xff;
  const { exitCode, stderr } = await pretrain(write("rare.txt", text));
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/warning:.*rare\.txt.*byte 400/);
});

describe.each([...Object.entries(kinds), ["pairs", ["--objective", "next-sentence-prediction"]] as const])(
  "nothing to learn from, for %s",
  (_, words) => {
    it.each<[string, string, string | Uint8Array]>([
      ["an empty file", "x.txt", ""],
      ["blank lines", "x.txt", "\n\n  \n\t\n\u3000\n"],
      ["a byte order mark", "x.txt", "\uFEFF"],
      ["Latin-1", "x.txt", Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x0a)],
      ["UTF-16", "x.txt", Buffer.from("\uFEFFhello", "utf16le")],
      ["binary", "x.txt", Uint8Array.of(0x50, 0x4b, 3, 4, 0, 0)],
      ["a broken archive", "x.txt.gz", gzipSync("text ".repeat(1000)).subarray(0, 30)],
      ["text that is called an archive", "x.txt.gz", "text"],
      ["a record without text", "x.jsonl", '{"text":"a b c"}\n{"texts":1}'],
      ["records with a comma behind", "x.jsonl", '{"text":"a b c"},\n{"text":"d e f"}'],
      ["empty records", "x.jsonl", '{"text":""}\n{"text":" "}'],
      ["a list", "x.jsonl", '[{"text":"a"}]'],
      ["a folder without text", "folder/x.png", Uint8Array.of(1)],
    ])("%s", async (_name, name, content) => {
      const file = write(name, content);
      const corpus = name.startsWith("folder/") ? dirname(file) : file;
      const { exitCode, error } = await pretrain(corpus, ...words);
      expect(exitCode).toBe(2);
      expect(error).toMatchObject({ kind: "data", file: corpus, hint: expect.any(String) });
    });
  },
);

it.each([
  ["no such file", "nowhere.txt"],
  ["no name at all", ""],
])("refuses %s", async (_, name) => {
  const { exitCode, error } = await pretrain(name);
  expect({ exitCode, kind: error.kind }).toEqual({ exitCode: 2, kind: "data" });
});

it("says what pairs need, when there is one sentence", async () => {
  const { exitCode, error } = await pretrain(write("one.txt", "a b c"), "--objective", "next-sentence-prediction");
  expect({ exitCode, kind: error.kind }).toEqual({ exitCode: 2, kind: "data" });
  expect(error.hint).toContain("two documents");
});

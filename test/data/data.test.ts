/** Corpora of the world: reading, cutting and packing real text. */
import { once } from "node:events";
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  CorpusBatches,
  causalPacking,
  contiguousPacking,
  fullSentencePacking,
  openCorpus,
  type SpecialTokens,
  splitHeldOut,
  splitSentences,
  type TokenizedCorpus,
  tokenizeCorpus,
} from "../../src/data/index.ts";
import { Random } from "../../src/random.ts";

const folder = fileURLToPath(new URL("../../../shared/data/", import.meta.url));
const present = existsSync(folder);
if (!present) console.log("skipped: no corpora beside the repository");

/** A token a character, by its number of appearance. */
function characterEncoder() {
  const ids = new Map<string, number>();
  return (text: string) =>
    Array.from(text, (character) => {
      const id = ids.get(character) ?? 10 + ids.size;
      ids.set(character, id);
      return id;
    });
}

const vocabSize = 10_000;
const tokens: SpecialTokens = { vocabSize, padTokenId: 0, clsTokenId: 1, sepTokenId: 2, maskTokenId: 3, eosTokenId: 4 };

async function tokenized(name: string, lineEnd: "" | "\n" = ""): Promise<TokenizedCorpus> {
  return await tokenizeCorpus(await openCorpus(join(folder, name)), { encode: characterEncoder(), vocabSize, lineEnd });
}

describe.runIf(present)("sentence boundaries", () => {
  const sentencesOf = (name: string) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("# text = "))
      .map((line) => line.slice(9));

  /** Shares of the boundaries found that are right, and of the right ones that are found. */
  function scores(sentences: readonly string[], separator: string): { precision: number; recall: number } {
    let [right, found, all] = [0, 0, 0];
    const ends = (parts: readonly string[]) => {
      let end = 0;
      return parts.slice(0, -1).map((part) => {
        end += part.replace(/\s/g, "").length;
        return end;
      });
    };
    for (let i = 0; i < sentences.length; i += 8) {
      const group = sentences.slice(i, i + 8);
      const expected = new Set(ends(group));
      const actual = ends(splitSentences(group.join(separator)));
      right += actual.filter((end) => expected.has(end)).length;
      found += actual.length;
      all += expected.size;
    }
    return { precision: right / found, recall: right / all };
  }

  // Web text breaks off without a full stop, which no rule can see.
  const ends = (sentence: string) => /[.!?]["')]*$/.test(sentence);
  it.each<[string, string, (sentence: string) => boolean, number, number]>([
    ["lm/multi/pud/en_pud-ud-test.conllu", " ", () => true, 0.995, 0.995],
    ["tok/ud_ewt/dev.conllu", " ", ends, 0.98, 0.88],
    ["lm/multi/pud/zh_pud-ud-test.conllu", "", () => true, 0.99, 0.99],
    ["tok/ud_zh_gsdsimp/dev.conllu", "", () => true, 0.99, 0.99],
  ])("%s", (name, separator, keep, precision, recall) => {
    const found = scores(sentencesOf(name).filter(keep), separator);
    expect(found.precision).toBeGreaterThan(precision);
    expect(found.recall).toBeGreaterThan(recall);
  });
});

describe.runIf(present)("reading", () => {
  it.each(["lm/en/tinyshakespeare.txt", "lm/en/wikitext2.valid.txt", "lm/zh/CLUECorpusSmall_bert_sampled.txt"])(
    "%s: all of its lines and nothing else",
    async (name) => {
      const lines = readFileSync(join(folder, name), "utf8")
        .split("\n")
        .filter((line) => line.trim() !== "");
      const read: string[] = [];
      for await (const document of (await openCorpus(join(folder, name))).documents()) read.push(...document);
      expect(read).toEqual(lines);
    },
  );

  it("reads a folder of mixed files", async () => {
    const warnings: string[] = [];
    const corpus = await openCorpus(join(folder, "chat"), { onWarning: (warning) => warnings.push(warning) });
    let documents = 0;
    const failure = await (async () => {
      for await (const _ of corpus.documents()) documents++;
      return undefined;
    })().catch((error: unknown) => error);
    // Records of chat data have no `text`: a typed error names the line.
    expect(documents > 0 || (failure as { kind?: string }).kind === "data").toBe(true);
    expect(warnings.length).toBeLessThanOrEqual(1);
    expect(readdirSync(join(folder, "chat")).length).toBeGreaterThan(1);
  });
});

describe.runIf(present)("packing", () => {
  it.each([
    ["contiguous", () => contiguousPacking(tokens, { sequenceLength: 64, shift: false, tail: "pad" }), ""],
    ["full sentences", () => fullSentencePacking(tokens, { sequenceLength: 64, shift: false }), ""],
    ["causal", () => causalPacking(tokens, { sequenceLength: 64, shift: false, tail: "pad" }), "\n"],
  ] as const)("%s rows hold the whole text, once and in order", async (_, packing, lineEnd) => {
    const corpus = await tokenized("lm/zh/CLUECorpusSmall_bert_sampled.txt", lineEnd);
    const options = { corpus, packing: packing(), batchSize: 32, random: new Random(1), shuffle: false };
    const text: number[] = [];
    for await (const batch of new CorpusBatches({ ...options, bucketByLength: false, keepIncomplete: true }).pass()) {
      for (const id of batch.inputIds) if (id >= 10) text.push(id);
    }
    const shard = await corpus.shard(0);
    expect(text.length).toBe(shard.tokens.length);
    expect(text.every((id, i) => id === shard.tokens[i])).toBe(true);
  });

  it("never joins documents where it should not", async () => {
    const corpus = await tokenized("lm/en/tinyshakespeare.txt");
    const shard = await corpus.shard(0);
    const starts = new Set<number>();
    for (const sentence of shard.documentStarts) starts.add(shard.sentenceStarts[sentence] as number);
    const packing = contiguousPacking(tokens, { sequenceLength: 32, join: "sentences", shift: false });
    const plan = packing.plan(shard, new Random(1));
    let at = 0;
    for (let example = 0; example < plan.exampleCount; example++) {
      const length = plan.lengthOf(example) - 2;
      for (let inside = at + 1; inside < at + length; inside++) if (starts.has(inside)) throw new Error(`at ${inside}`);
      at += length;
    }
    expect(at).toBe(shard.tokens.length);
  });

  it("holds out a twentieth, and none of it is trained on", async () => {
    const corpus = await tokenized("lm/zh/CLUECorpusSmall_bert_sampled.txt");
    const { training, heldOut } = await splitHeldOut(corpus);
    expect((heldOut as TokenizedCorpus).counts.documents / corpus.counts.documents).toBeCloseTo(0.05, 2);
    for (const count of ["documents", "sentences", "tokens", "bytes"] as const) {
      expect(training.counts[count] + (heldOut as TokenizedCorpus).counts[count]).toBe(corpus.counts[count]);
    }
    expect((await training.shard(0)).tokens.length).toBe(training.counts.tokens);
  });
});

describe("corpora from hell", () => {
  let scratch: string;
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "cloze-hell-"));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  async function write(name: string, pieces: Iterable<string>): Promise<string> {
    const path = join(scratch, name);
    const stream = createWriteStream(path);
    for (const piece of pieces) if (!stream.write(piece)) await once(stream, "drain");
    stream.end();
    await once(stream, "finish");
    return path;
  }

  it("reads a line of 50 MB whole, in pieces", async () => {
    const sentence = "今天天气很好。It rains. ";
    const copies = Math.ceil(50e6 / new TextEncoder().encode(sentence).length);
    const path = await write(
      "line.txt",
      Array.from({ length: 100 }, () => sentence.repeat(Math.ceil(copies / 100))),
    );
    let [lines, characters, longest] = [0, 0, 0];
    for await (const document of (await openCorpus(path)).documents()) {
      lines += document.length;
      for (const line of document) {
        characters += line.length;
        longest = Math.max(longest, line.length);
      }
    }
    expect(characters).toBe(Math.ceil(copies / 100) * 100 * sentence.length);
    expect(longest).toBeLessThanOrEqual(1 << 20);
    expect(lines).toBeGreaterThan(25);
  });

  it("reads a record of 50 MB", async () => {
    const path = await write("line.jsonl", [
      '{"text":"',
      ..."x"
        .repeat(50)
        .split("")
        .map((x) => x.repeat(1e6)),
      '"}\n',
    ]);
    let characters = 0;
    for await (const document of (await openCorpus(path)).documents()) characters += document.join("").length;
    expect(characters).toBe(50e6);
  });

  it("keeps memory bounded on 200 MB", async () => {
    const line = `${"The quick brown fox jumps over the lazy dog. ".repeat(20)}\n`;
    const piece = `${line.repeat(100)}\n`;
    const path = await write(
      "big.txt",
      (function* () {
        for (let written = 0; written < 200e6; written += piece.length) yield piece;
      })(),
    );
    const encode = (text: string) => new Uint8Array(Math.ceil(text.length / 4)).fill(7);
    const corpus = await tokenizeCorpus(await openCorpus(path), {
      encode,
      vocabSize: 100,
      shardTokens: 1 << 22,
      residentTokens: 1 << 22,
      cacheFolder: join(scratch, "cache"),
    });
    const before = process.memoryUsage().rss;
    expect(corpus.counts.tokens).toBeGreaterThan(45e6);
    const packing = contiguousPacking(tokens, { sequenceLength: 128 });
    let batches = 0;
    for await (const batch of new CorpusBatches({ corpus, packing, batchSize: 64, random: new Random(1) }).pass()) {
      batches += batch.batchSize > 0 ? 1 : 0;
    }
    expect(batches).toBeGreaterThan(5000);
    expect(process.memoryUsage().rss - before).toBeLessThan(300e6);
  });
});

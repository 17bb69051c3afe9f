/** Files made to take all time or memory end in typed errors, soon, and within twice their size and 64 MiB. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { LoadReport } from "../../test/support/load-tokenizer.ts";
import { TokenizerError } from "../errors.ts";
import { AutoTokenizer } from "./index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SIZE = 12_000_000;
/** As many as the largest published vocabularies of our models have. */
const MANY = 120_000;
/** As many as the readers take, and what comes before them is right, so that all of it is read. */
const MOST = { tokens: 1 << 19, pieces: 300_000, added: 1 << 16 };

type Files = Readonly<Record<string, string | Uint8Array>>;

const bpe = { type: "BPE", vocab: { a: 0, b: 1, ab: 2 }, merges: [["a", "b"]] };
const json = (parts: object): string => JSON.stringify({ model: bpe, ...parts });
const replace = { type: "Replace", pattern: { String: "a" }, content: "a".repeat(10) };
/** A map whose only key, "a", has a replacement that no zero byte ends. */
const endless = btoa(`\x90\x01\0\0${"\0".repeat(0x190)}${"x".repeat(3000)}`);

const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, i) => item(i)).join(",");
const word = (index: number): string => `${String.fromCharCode(0x4e00 + (index % 20_000))}${index.toString(36)}`;
const bpeText = (vocab: string, merges: string): string =>
  `{"model":{"type":"BPE","vocab":{${vocab}},"merges":[${merges}]}}`;
const unigramText = (vocab: string): string => `{"model":{"type":"Unigram","unk_id":0,"vocab":[${vocab}]}}`;

/** A SentencePiece file of pieces, each of them a field of the length that it says. */
function pieces(count: number, text: (index: number) => string, rest: readonly number[] = []): Uint8Array {
  const parts = Array.from({ length: count }, (_, index) => {
    const body = [...new TextEncoder().encode(text(index))];
    return [0x0a, body.length + 4, 0x0a, body.length, ...body, 0x18, index === 0 ? 2 : 1];
  });
  return Uint8Array.from([...parts.flat(), ...rest]);
}

/** Pairs of 512 characters: a vocabulary of all, and the merges that make them. */
const pairs = (() => {
  const count = 262_144;
  const letter = (index: number): string => String.fromCharCode(0x4e00 + (index % 512));
  const merges = Array.from({ length: count }, (_, i) => [letter(i), letter(Math.floor(i / 512))] as const);
  const letters = list(512, (i) => `"${letter(i)}":${i}`);
  return { merges, vocab: `${letters},${list(count, (i) => `"${merges[i]!.join("")}":${512 + i}`)}` };
})();

/** Files, and the field that the error names; the file is the last one. */
const kinds: readonly (readonly [string, Files, string])[] = [
  ["brackets in brackets", { "tokenizer.json": "[".repeat(SIZE) }, "(the whole file)"],
  ["objects in objects", { "tokenizer.json": '{"model":'.repeat(SIZE / 9) }, "(the whole file)"],
  ["nothing but arrays", { "tokenizer.json": unigramText(`${"[],".repeat(SIZE / 3)}[]`) }, "model.vocab"],
  ["nothing but numbers", { "tokenizer.json": unigramText(`${"1,".repeat(SIZE / 2)}1`) }, "model.vocab"],
  [
    "nothing but strings",
    {
      "tokenizer.json": bpeText(
        "",
        list(SIZE / 9, (i) => `"${i}"`),
      ),
    },
    "model.merges",
  ],
  [
    "nothing but keys",
    {
      "tokenizer.json": bpeText(
        list(SIZE / 16, (i) => `"${i}":${i}`),
        "",
      ),
    },
    "model.vocab",
  ],
  ["a string without end", { "tokenizer.json": `{"model":"${"[\\".repeat(SIZE / 2)}` }, "(the whole file)"],
  ["more than any published file", { "tokenizer.json": " ".repeat(50 << 20) }, "(the whole file)"],
  [
    "a small file that unpacks to such a one",
    { "tokenizer.json.gz": gzipSync(Buffer.alloc(50 << 20)) },
    "(the whole file)",
  ],
  [
    "a vocabulary with a hole",
    {
      "tokenizer.json": bpeText(
        list(MANY, (i) => `"${word(i)}":${i + 1}`),
        "",
      ),
    },
    "model.vocab",
  ],
  [
    "a token twice",
    { "tokenizer.json": bpeText(`${list(MANY, (i) => `"${word(i)}":${i}`)},"${word(7)}":${MANY}`, "") },
    "model.vocab",
  ],
  [
    "an id twice",
    { "tokenizer.json": bpeText(`${list(MANY, (i) => `"${word(i)}":${i}`)},"x":7`, "") },
    'model.vocab."x"',
  ],
  [
    "a piece without a score",
    { "tokenizer.json": unigramText(`${list(MANY, (i) => `["${word(i)}",-1.5]`)},["x"]`) },
    `model.vocab.${MANY}`,
  ],
  [
    "merges that name no token",
    {
      "tokenizer.json": bpeText(
        list(MANY, (i) => `"${word(i)}":${i}`),
        list(MANY, (i) => `["${word(i)}","x"]`),
      ),
    },
    "merges.0",
  ],
  [
    "more merges than tokens allow",
    { "tokenizer.json": json({ model: { ...bpe, merges: Array(90_000).fill("a b") } }) },
    "model.merges",
  ],
  ["more lines of merges", { "vocab.json": '{"a":0,"b":1,"ab":2}', "merges.txt": "a b\n".repeat(SIZE / 4) }, "merges"],
  [
    "a line of merges without end",
    { "vocab.json": '{"a":0,"b":1,"ab":2}', "merges.txt": "a ".repeat(SIZE / 2) },
    "merges.0",
  ],
  ["more lines of a vocabulary", { "vocab.txt": "[UNK]\n".repeat(SIZE / 6) }, "line 524289"],
  [
    "a line of a vocabulary twice",
    { "vocab.txt": `${Array.from({ length: 500_000 }, (_, i) => i).join("\n")}\n7\n` },
    "line 500001",
  ],
  [
    "a very long added token",
    { "tokenizer.json": json({ added_tokens: [{ id: 3, content: "x".repeat(SIZE) }] }) },
    "added_tokens.0.content",
  ],
  [
    "an added token's id twice",
    {
      "tokenizer.json": json({
        added_tokens: Array.from({ length: 30_001 }, (_, id) => ({ id: 3 + (id % 30_000), content: `<${id}>` })),
      }),
    },
    "added_tokens.30000.id",
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
      "tokenizer.json": json({ pre_tokenizer: { type: "Split", pattern: { Regex: "(a+)+$" }, behavior: "Isolated" } }),
    },
    "pre_tokenizer.pattern.Regex",
  ],
  [
    "settings without end",
    { "tokenizer.json": json({}), "tokenizer_config.json": `{${list(SIZE / 12, (i) => `"${i}":0`)}}` },
    "(the whole file)",
  ],
  ["empty fields without end", { "spiece.model": new Uint8Array(SIZE) }, "(the whole file)"],
  ["groups in groups", { "spiece.model": new Uint8Array(SIZE).fill(0x4b) }, "(the whole file)"],
  ["more pieces than any model has", { "spiece.model": pieces(550_000, (i) => i.toString(36)) }, "pieces"],
  [
    "the most pieces, and a wrong part behind the model",
    {
      "tokenizer.json": `{"model":{"type":"Unigram","unk_id":0,"vocab":[${list(MOST.tokens, (i) => `["${word(i)}",-${i % 20}.5]`)}]},"decoder":{"type":"none"}}`,
    },
    "decoder.type",
  ],
  [
    "the most characters in pieces",
    { "tokenizer.json": unigramText(list(MOST.tokens, (i) => `["${word(i)}${"y".repeat(50)}",-3.5]`)) },
    "model.vocab",
  ],
  [
    "the most words, and a wrong part behind the model",
    {
      "tokenizer.json": `{"model":{"type":"WordLevel","unk_token":"x","vocab":{${list(MOST.tokens, (i) => `"${word(i)}":${i}`)}}},"decoder":{"type":"none"}}`,
    },
    "decoder.type",
  ],
  [
    "the most word pieces, none of them the unknown one",
    {
      "tokenizer.json": `{"model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{${list(MOST.tokens, (i) => `"${word(i)}":${i}`)}}}}`,
    },
    "vocab",
  ],
  [
    "a merge for each pair, the last of no tokens",
    {
      "tokenizer.json": bpeText(
        pairs.vocab,
        `${pairs.merges.map((pair) => `["${pair.join('","')}"]`).join(",")},["zz","zz"]`,
      ),
    },
    `merges.${pairs.merges.length}`,
  ],
  [
    "the same as texts, and a wrong part behind the model",
    {
      "tokenizer.json": `${bpeText(pairs.vocab, pairs.merges.map((pair) => `"${pair.join(" ")}"`).join(",")).slice(0, -1)},"decoder":{"type":"none"}}`,
    },
    "decoder.type",
  ],
  [
    "the same as lines, nearly three times",
    {
      "vocab.json": `{${pairs.vocab}}`,
      "merges.txt": `${`${pairs.merges.map((pair) => pair.join(" ")).join("\n")}\n`.repeat(2)}zz zz\n`,
    },
    `merges.${2 * pairs.merges.length}`,
  ],
  [
    "the most added tokens, and one more with the id of another",
    {
      "tokenizer.json": json({
        added_tokens: Array.from({ length: MOST.added - 1 }, (_, id) => ({ id: 3 + id, content: `<${id}>` })),
      }),
      "added_tokens.json": '{"zzz":7}',
    },
    "7",
  ],
  [
    "values in values",
    { "tokenizer.json": `{"x":[${list(100, () => `[${list(200, () => `[${list(200, String)}]`)}]`)}]}` },
    "(the whole file)",
  ],
  [
    "a map of characters without end",
    { "tokenizer.json": json({ normalizer: { type: "Precompiled", precompiled_charsmap: "QUJD".repeat(4_100_000) } }) },
    "normalizer.precompiled_charsmap",
  ],
  [
    "the most pieces of a file, and a map that is none",
    { "spiece.model": pieces(MOST.pieces, word, [0x1a, 4, 0x12, 2, 1, 2]) },
    "normalizer_spec.precompiled_charsmap",
  ],
  [
    "pieces that imply more merges than any model has",
    {
      "spiece.model": pieces(
        MOST.pieces,
        (i) => String.fromCharCode(0x4e00 + Math.floor(i / 40)).repeat(1 + (i % 40)),
        [0x12, 2, 0x18, 2],
      ),
    },
    "pieces",
  ],
  ["a piece twice", { "spiece.model": pieces(MANY + 1, (i) => (i % MANY).toString(36)) }, `pieces.${MANY}`],
];

let folder: string;
let program: string;

beforeAll(async () => {
  folder = mkdtempSync(join(root, "node_modules", ".hostile-"));
  program = join(folder, "load.mjs");
  await build({
    entryPoints: [join(root, "test/support/load-tokenizer.ts")],
    outfile: program,
    ...{ bundle: true, platform: "node", format: "esm", target: "es2022", packages: "external", logLevel: "warning" },
    conditions: ["@cloze/source"],
  });
}, 60_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("hostile files", () => {
  it.each(kinds)(
    "%s",
    async (name, files, field) => {
      const place = join(folder, name.replaceAll(" ", "-"));
      mkdirSync(place);
      for (const [file, content] of Object.entries(files)) writeFileSync(join(place, file), content);
      const { stdout } = await promisify(execFile)(process.execPath, [program, place, "aaaa ab"]);
      rmSync(place, { recursive: true });
      const { error, cpuMs, grownMiB } = JSON.parse(stdout) as LoadReport;
      expect(error).toMatchObject({ isTyped: true, field });
      // What goes wrong only in use is nobody's but the rules', and no file is at hand any more.
      if (field !== "Replace") expect(error?.file).toBe(join(place, Object.keys(files).at(-1)!));
      expect(cpuMs).toBeLessThan(1000);
      const bytes = Object.values(files).reduce((sum, content) => sum + Buffer.byteLength(content), 0);
      if (grownMiB !== undefined) expect(grownMiB).toBeLessThan((2 * bytes) / 2 ** 20 + 64);
    },
    20_000,
  );

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

  it("fifty thousand added tokens are found as fast as a few", async () => {
    const added = Array.from({ length: 50_000 }, (_, index) => ({ id: 3 + index, content: `<${index}>` }));
    const files: Record<string, string> = { "tokenizer.json": json({ added_tokens: added }) };
    const tokenizer = await AutoTokenizer.fromPretrained("folder", { readFile: async (name) => files[name] });
    const start = performance.now();
    const { inputIds } = tokenizer("a<7><49999>b<50000>ab<12>".repeat(1000), { returnTensors: false });
    expect(performance.now() - start).toBeLessThan(1000);
    expect(inputIds.slice(0, 5)).toEqual([0, 10, 50_002, 1, 2]);
  });
});

/**
 * Tokenizers in a browser give what they give in Node, where the same cases are compared with the reference: those of
 * test/golden/tokenizers, and of the published tokenizers where `../shared` lies beside the repository.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TokenizerCallOptions } from "../../src/tokenizers/index.ts";
import { bundlePage } from "./bundle-page.ts";
import { runTokenizer, type TokenizerRequest } from "./tokenizers-page.ts";

const executablePath = process.env.CLOZE_CHROMIUM ?? "/usr/bin/chromium";
const shared = fileURLToPath(new URL("../../../shared/golden/tokenizers", import.meta.url));

interface GoldenCase {
  text: string | string[];
  pair: string | null;
  options: TokenizerCallOptions;
  lang: string;
}

function golden<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../golden/tokenizers/${name}`, import.meta.url), "utf8"));
}

function ownRequests(): [string, TokenizerRequest][] {
  const small = golden<{ name: string; tokenizer: object; padToken: string; cases: GoldenCase[] }[]>(
    "encodings.json",
  ).map(({ name, tokenizer, padToken, cases }): [string, TokenizerRequest] => [
    name,
    {
      files: { "tokenizer.json": JSON.stringify(tokenizer) },
      padToken,
      calls: cases.map(({ text, pair, options }) => [
        text,
        {
          ...options,
          textPair: pair ?? undefined,
          isSplitIntoWords: Array.isArray(text),
          returnOverflowingTokens: true,
        },
      ]),
    },
  ]);
  const pieces = golden<{ models: { name: string; file: string; cases: GoldenCase[] }[] }>(
    "sentencepiece.json",
  ).models.map(({ name, file, cases }): [string, TokenizerRequest] => [
    name,
    { files: { "tokenizer.model": file }, calls: cases.map(({ text }) => [text, {}]) },
  ]);
  const { vocabulary, merges, groups } = golden<{
    vocabulary: string[];
    merges: string[];
    groups: [{ cases: GoldenCase[] }];
  }>("xlm.json");
  const xlm: TokenizerRequest = {
    files: {
      "vocab.json": JSON.stringify(Object.fromEntries(vocabulary.map((token, id) => [token, id]))),
      "merges.txt": merges.map((merge) => `${merge}\n`).join(""),
      "tokenizer_config.json": JSON.stringify({ tokenizer_class: "XLMTokenizer" }),
    },
    calls: groups[0].cases.map(({ text, lang }) => [text, { lang }]),
  };
  return [...small, ...pieces, ["xlm", xlm]];
}

const PUBLISHED = [
  ...["bert-base-uncased", "bert-base-cased", "bert-base-chinese", "bert-base-multilingual-cased", "roberta-base"],
  ...["gpt2", "openai-gpt", "albert-base-v1", "xlnet-base-cased", "t5-base", "xlm-small"],
];
const PAD_TOKENS: Readonly<Record<string, string>> = { gpt2: "<|endoftext|>", "openai-gpt": "<unk>" };

function publishedRequest(name: string): TokenizerRequest {
  const read = (file: string): string | undefined => {
    const path = join(shared, name, file);
    if (existsSync(path)) return readFileSync(path, "utf8");
    return existsSync(`${path}.gz`) ? gunzipSync(readFileSync(`${path}.gz`)).toString("utf8") : undefined;
  };
  const names = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt"];
  const files = names.flatMap((file) => {
    const text = read(file);
    return text === undefined ? [] : [[file, text] as const];
  });
  const cases = (read("cases.jsonl") ?? "").split("\n").filter((line) => line !== "");
  const calls = cases.map((line) => {
    const { text, pair, options = {}, lang } = JSON.parse(line);
    const { return_overflowing_tokens: windows, ...rest } = options;
    const camel = Object.entries(rest).map(([key, value]) => [
      key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      value,
    ]);
    return [text, { ...Object.fromEntries(camel), textPair: pair, lang, returnOverflowingTokens: windows }] as const;
  });
  return { files: Object.fromEntries(files), padToken: PAD_TOKENS[name], calls };
}

describe("tokenizers in a browser", () => {
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, headless: true, args: ["--no-sandbox", "--disable-gpu"] });
    page = await browser.newPage();
    await page.setContent("<!doctype html><title>cloze</title>");
    await page.addScriptTag({ type: "module", content: await bundlePage("tokenizers-page.ts") });
    await page.waitForFunction(() => globalThis.runTokenizerInPage !== undefined);
  });
  afterAll(() => browser?.close());

  async function compare(request: TokenizerRequest): Promise<void> {
    const inPage = await page.evaluate((asked) => globalThis.runTokenizerInPage!(asked), request);
    const inNode = await runTokenizer(request);
    expect(inPage).toHaveLength(request.calls.length);
    inPage.forEach((result, index) => {
      expect({ call: request.calls[index], result }).toEqual({ call: request.calls[index], result: inNode[index] });
    });
  }

  it.each(ownRequests())("%s", async (_, request) => compare(request));

  for (const name of PUBLISHED) {
    it.skipIf(!existsSync(shared))(`${name} (skipped without ../shared/golden)`, () => compare(publishedRequest(name)));
  }
});

/** XLM's tokenizer against the reference; the values were made by test/golden/tokenizers/make_xlm_cases.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AlignedText } from "../aligned-text.ts";
import { AutoTokenizer, type Tokenizer } from "../index.ts";
import { WordList } from "../pre-tokenizers/pre-tokenizer.ts";
import { MosesPreTokenizer } from "./moses-pre-tokenizer.ts";

interface GoldenCase {
  text: string;
  lang: string;
  normalized: string;
  words: string[];
  tokens?: string[];
  input_ids?: number[];
  decoded?: string;
}

interface Golden {
  vocabulary: string[];
  merges: string[];
  groups: { lowercase: boolean; cases: GoldenCase[] }[];
  pair: { texts: [string, string]; input_ids: number[]; token_type_ids: number[] };
}

const golden: Golden = JSON.parse(
  readFileSync(new URL("../../../test/golden/tokenizers/xlm.json", import.meta.url), "utf8"),
);

function load(settings: Record<string, unknown> = {}): Promise<Tokenizer> {
  const files: Record<string, string> = {
    "vocab.json": JSON.stringify(Object.fromEntries(golden.vocabulary.map((token, id) => [token, id]))),
    "merges.txt": golden.merges.map((merge) => `${merge} 7\n`).join(""),
    "tokenizer_config.json": JSON.stringify({ tokenizer_class: "XLMTokenizer", ...settings }),
  };
  return AutoTokenizer.fromPretrained("xlm", { readFile: async (name) => files[name] });
}

describe("XLM", () => {
  it.each(golden.groups)("cuts words by language (lowercase: $lowercase)", async ({ lowercase, cases }) => {
    const tokenizer = await load({ do_lowercase_and_remove_accent: lowercase });
    for (const { text, lang, normalized, words } of cases) {
      expect({ text, lang, ...tokenizer.wordsOf(text, { lang }) }).toEqual({ text, lang, normalized, words });
    }
  });

  it.each(golden.groups)("tokens, ids and decoded text (lowercase: $lowercase)", async ({ lowercase, cases }) => {
    const tokenizer = await load({ do_lowercase_and_remove_accent: lowercase });
    for (const { text, tokens, input_ids, decoded } of cases) {
      if (!tokens) continue;
      const encoded = tokenizer(text, { returnTensors: false });
      const actual = {
        tokens: tokenizer.tokenize(text),
        input_ids: encoded.inputIds,
        decoded: tokenizer.decode(encoded.inputIds, { skipSpecialTokens: true, cleanUpTokenizationSpaces: false }),
      };
      expect({ text, ...actual }).toEqual({ text, tokens, input_ids, decoded });
    }
  });

  it("joins pairs", async () => {
    const [text, textPair] = golden.pair.texts;
    const { inputIds, tokenTypeIds } = (await load())(text, { textPair, returnTensors: false });
    expect(inputIds).toEqual(golden.pair.input_ids);
    expect(tokenTypeIds).toEqual(golden.pair.token_type_ids);
  });

  it("finds words in the original text, whatever became of it", () => {
    const text = "“Été” , 「ΣΑΣ」 wait… 1’000";
    const list = new WordList();
    const moses = new MosesPreTokenizer({ language: "en", lowercaseAndRemoveAccents: true });
    moses.preTokenize(new AlignedText(text, true), list);
    const found = list.words.map((word) => [word.text, text.slice(word.startOf(0), word.endOf(word.text.length - 1))]);
    expect(found).toContainEqual(["ete", "Été"]);
    expect(found).toContainEqual(["σας", "ΣΑΣ"]);
    expect(found).toContainEqual(["...", "…"]);
  });

  it("has a language of its own for each call", async () => {
    const tokenizer = await load();
    const tokens = (lang?: string): string[] =>
      tokenizer("l'an", { lang, addSpecialTokens: false, returnTensors: false }).tokens;
    expect(tokens("fr")).toEqual(["l", "'</w>", "a", "n</w>"]);
    expect(tokens()).toEqual(["l</w>", "'", "a", "n</w>"]);
    expect(() => tokens("zh")).toThrow(expect.objectContaining({ kind: "tokenizer", field: "lang" }));
  });

  it("takes long runs in linear time", async () => {
    const tokenizer = await load();
    for (const [character, lang] of [
      [".", "de"],
      [" ", "en"],
      ["'", "fr"],
      ['"', "de"],
      ["a.", "en"],
    ] as const) {
      const start = performance.now();
      tokenizer.wordsOf(character.repeat(100_000), { lang });
      expect(performance.now() - start, character).toBeLessThan(3000);
    }
  });
});

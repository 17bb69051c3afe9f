/**
 * Small tokenizers against the reference library: every field of awkward inputs, and learnt merges.
 * The values were made by test/golden/tokenizers/make_cases.py.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  AutoTokenizer,
  type EncodedArrays,
  type Tokenizer,
  type TokenizerCallOptions,
  trainByteLevelBpe,
} from "./index.ts";

interface GoldenCase {
  text: string | string[];
  pair: string | null;
  options: TokenizerCallOptions;
  error?: string;
  decoded: string;
  overflowing: Record<string, unknown>[];
}

interface GoldenTokenizer {
  name: string;
  padToken: string;
  tokenizer: unknown;
  cases: GoldenCase[];
}

interface GoldenMerges {
  lines: string[];
  vocabSize: number;
  minFrequency: number;
  specialTokens: string[];
  tokens: string[];
  merges: [string, string][];
}

function golden<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../../test/golden/tokenizers/${name}`, import.meta.url), "utf8"));
}

function load({ tokenizer, padToken }: GoldenTokenizer): Promise<Tokenizer> {
  const files: Record<string, string> = { "tokenizer.json": JSON.stringify(tokenizer) };
  return AutoTokenizer.fromPretrained("golden", { padToken, readFile: async (name) => files[name] });
}

/** Our encoding without what the reference has no field for. */
function comparable({ sequenceIds: _, overflowing, ...fields }: EncodedArrays): Record<string, unknown> {
  return { ...fields, ...(overflowing && { overflowing: overflowing.map(comparable) }) };
}

describe.each(golden<GoldenTokenizer>("encodings.json"))("$name", (made) => {
  it("encodes and decodes as the reference does", async () => {
    const tokenizer = await load(made);
    for (const { text, pair, options, error, decoded, ...expected } of made.cases) {
      const call = (): EncodedArrays =>
        tokenizer(text as string, {
          ...options,
          textPair: pair ?? undefined,
          isSplitIntoWords: Array.isArray(text),
          returnOverflowingTokens: true,
          returnTensors: false,
        });
      if (error !== undefined) {
        expect(call, error).toThrow(expect.objectContaining({ kind: "tokenizer" }));
        continue;
      }
      const encoded = call();
      expect({ text, pair, options, ...comparable(encoded) }).toEqual({ text, pair, options, ...expected });
      expect(tokenizer.decode(encoded.inputIds, { cleanUpTokenizationSpaces: false })).toBe(decoded);
    }
  });

  it("gives corpora the same ids, without offsets", async () => {
    const tokenizer = await load(made);
    for (const { text } of made.cases) {
      if (typeof text !== "string") continue;
      const { inputIds } = tokenizer(text, { addSpecialTokens: false, returnTensors: false });
      expect(Array.from(tokenizer.encodeIds(text))).toEqual(inputIds);
    }
  });
});

interface GoldenAdded {
  base: string;
  addedTokens: { content: string }[];
  cases: { text: string; kept: string; skipped: string }[];
}

describe("added tokens", () => {
  const bases = new Map(golden<GoldenTokenizer>("encodings.json").map((each) => [each.name, each]));

  it.each(golden<GoldenAdded>("added.json").map((each, index) => ({ index, ...each })))(
    "$index: $base, as the reference finds them (made by make_added_cases.py)",
    async ({ base, addedTokens, cases }) => {
      const made = bases.get(base)!;
      const tokenizer = await load({
        ...made,
        tokenizer: { ...(made.tokenizer as object), added_tokens: addedTokens },
      });
      for (const { text, kept, skipped, ...expected } of cases) {
        const encoded = tokenizer(text, { addSpecialTokens: false, returnTensors: false });
        const { inputIds, tokens, offsetMapping, wordIds } = encoded;
        expect({ text, inputIds, tokens, offsetMapping, wordIds }).toEqual({ text, ...expected });
        expect(Array.from(tokenizer.encodeIds(text))).toEqual(inputIds);
        const decode = (skipSpecialTokens: boolean): string =>
          tokenizer.decode(inputIds, { skipSpecialTokens, cleanUpTokenizationSpaces: false });
        expect([decode(false), decode(true)]).toEqual([kept, skipped]);
      }
    },
  );
});

describe("merges", () => {
  it.each(golden<GoldenMerges>("merges.json").map((merges, index) => ({ index, ...merges })))(
    "learns those of the reference, corpus $index",
    async ({ lines, vocabSize, minFrequency, specialTokens, tokens, merges }) => {
      const tokenizer = await trainByteLevelBpe(lines, { vocabSize, minFrequency, specialTokens });
      const { model } = tokenizer.pipeline;
      expect(model.vocabulary.tokens.slice(256 + specialTokens.length)).toEqual(tokens);
      expect(JSON.parse(model.toJSONText()).merges).toEqual(merges);
    },
  );
});

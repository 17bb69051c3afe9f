/** What must hold for any text, Unicode of all planes: nothing lost, offsets in place, parts as the whole. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AutoTokenizer, type Tokenizer } from "./index.ts";

const golden: { name: string; tokenizer: unknown; padToken: string }[] = JSON.parse(
  readFileSync(new URL("../../test/golden/tokenizers/encodings.json", import.meta.url), "utf8"),
);

/** Words that the vocabularies know, marks that rules look at, special tokens, and characters of all planes. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "the",
        "keeper's",
        " ",
        "  ",
        "\n",
        ", ",
        ".",
        "n't",
        "小船",
        "<mask>",
        "[MASK]",
        "[SEP]",
        "<s>",
        "é",
      ),
      fc.constantFrom("e\u0301", "\u200d", "\ufeff", "\0", "\ufffd", "ß", "İ", "ﬁ", "👩‍👧", "quay", "ΑΣ", "▁", "##s"),
      fc.string({ unit: "binary", maxLength: 6 }),
      fc.string({ unit: "grapheme", maxLength: 6 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""))
  // Halves of surrogate pairs stand for no character: the reference cannot be given them.
  .map((whole) => whole.replace(/[\ud800-\udfff]/gu, ""));

const runs = { numRuns: 300, seed: 11 };

describe.each(golden)("$name", ({ tokenizer: json }) => {
  const load = (): Promise<Tokenizer> =>
    AutoTokenizer.fromPretrained("golden", {
      readFile: async (name) => (name === "tokenizer.json" ? JSON.stringify(json) : undefined),
    });

  it("offsets lie in the text, in order of its words, and hold its known tokens", async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(text, (input) => {
        const encoded = tokenizer(input, { addSpecialTokens: false, returnTensors: false });
        encoded.offsetMapping!.forEach(([start, end], index) => {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(start).toBeLessThanOrEqual(end);
          expect(end).toBeLessThanOrEqual(input.length);
          if (index > 0) expect(encoded.wordIds[index]).toBeGreaterThanOrEqual(encoded.wordIds[index - 1]!);
        });
        expect(Array.from(tokenizer.encodeIds(input))).toEqual(encoded.inputIds);
        expect(encoded.tokens).toHaveLength(encoded.inputIds.length);
      }),
      runs,
    );
  });

  it("no visible character is lost: each lies in a token, or is one that normalization deletes", async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz.,'!小船 ") }), (input) => {
        const encoded = tokenizer(input, { addSpecialTokens: false, returnTensors: false });
        const covered = new Set(
          encoded.offsetMapping!.flatMap(([start, end]) => Array.from({ length: end - start }, (_, at) => start + at)),
        );
        const lost = Array.from(input, (character, at) => [character, at] as const).filter(
          ([character, at]) => character !== " " && !covered.has(at),
        );
        expect(lost).toEqual([]);
      }),
      runs,
    );
  });

  it("streams encode and decode as the whole", async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (pieces) => {
        const whole = pieces.join("");
        const stream = tokenizer.encodeStream();
        const ids = [...pieces.flatMap((piece) => Array.from(stream.push(piece))), ...stream.end()];
        expect(ids).toEqual(Array.from(tokenizer.encodeIds(whole)));
        for (const cleanUpTokenizationSpaces of [false, true]) {
          const decoder = tokenizer.decodeStream({ cleanUpTokenizationSpaces });
          const shown = [...ids.map((id) => decoder.push(id)), decoder.end()];
          expect(shown.join("")).toBe(tokenizer.decode(ids, { cleanUpTokenizationSpaces }));
        }
      }),
      runs,
    );
  });

  it("windows with a stride hold every token, in order", async () => {
    const tokenizer = await load();
    fc.assert(
      fc.property(text, fc.integer({ min: 4, max: 9 }), fc.integer({ min: 0, max: 3 }), (input, maxLength, stride) => {
        const options = { addSpecialTokens: false, returnTensors: false } as const;
        const all = tokenizer(input, options).inputIds;
        const cut = { ...options, truncation: true, maxLength, stride, returnOverflowingTokens: true };
        fc.pre(stride <= maxLength - (tokenizer("", { returnTensors: false }).inputIds.length || 0));
        const { inputIds, overflowing } = tokenizer(input, cut);
        const windows = [inputIds, ...(overflowing ?? []).map((window) => window.inputIds)];
        expect(windows.flatMap((window, index) => window.slice(index === 0 ? 0 : stride))).toEqual(all);
      }),
      runs,
    );
  });
});

describe("byte-level", () => {
  it("decodes to the very text that was encoded", async () => {
    const { tokenizer: json } = golden.find(({ name }) => /byte|gpt2|roberta/i.test(name))!;
    const bare = { ...(json as Record<string, unknown>), added_tokens: [] };
    const tokenizer = await AutoTokenizer.fromPretrained("golden", {
      addPrefixSpace: false,
      readFile: async (name) => (name === "tokenizer.json" ? JSON.stringify(bare) : undefined),
    });
    fc.assert(
      fc.property(text, fc.string({ unit: "binary" }), (first, second) => {
        const input = `${first} ${second}`.replace(/[\ud800-\udfff]/gu, "");
        const options = { cleanUpTokenizationSpaces: false };
        expect(tokenizer.decode(tokenizer.encodeIds(input), options)).toBe(input);
      }),
      { ...runs, numRuns: 1000 },
    );
  });
});

/** Trainers with the reference's options, against what it learned. Made by test/golden/tokenizers/make_trained.py. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tokenizer } from "../tokenizer.ts";
import { trainByteLevelBpe, trainCharacterBpe, trainUnigram, trainWordPiece } from "./index.ts";
import type { TokenizerPart } from "./text-options.ts";

interface Trained {
  readonly kind: "characterBpe" | "byteLevelBpe" | "wordPiece" | "unigram";
  readonly options: Readonly<Record<string, never>>;
  readonly normalizer: TokenizerPart | null;
  readonly preTokenizer: TokenizerPart;
  readonly vocab: readonly string[] | readonly (readonly [string, number])[];
  readonly merges: readonly (readonly [string, string])[] | null;
}

const file = new URL("../../../test/golden/tokenizers/trained.json", import.meta.url);
const { lines, trained } = JSON.parse(readFileSync(file, "utf8")) as { lines: string[]; trained: Trained[] };

function train({ kind, options, normalizer, preTokenizer }: Trained): Promise<Tokenizer> {
  const { n_sub_iterations: subIterations, ...rest } = options;
  const named = Object.fromEntries(
    Object.entries(rest).map(([name, value]) => [name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase()), value]),
  );
  const all = { ...named, ...(subIterations !== undefined && { subIterations }), normalizer, preTokenizer };
  if (kind === "characterBpe") return trainCharacterBpe(lines, { endOfWordSuffix: "", ...all });
  if (kind === "byteLevelBpe") return trainByteLevelBpe(lines, { ...all, addPrefixSpace: true });
  if (kind === "wordPiece") return trainWordPiece(lines, all);
  return trainUnigram(lines, all);
}

describe.each(trained)("$kind $options", (reference) => {
  it("learns what the reference learned", async () => {
    const tokenizer = await train(reference);
    const { vocab, merges = [] } = JSON.parse(tokenizer.pipeline.model.toJSONText());
    const { options } = reference;
    if (reference.kind === "unigram") {
      const scores = new Map(vocab as [string, number][]);
      const expected = reference.vocab as [string, number][];
      const common = expected.filter(([piece]) => scores.has(piece));
      expect(common.length / expected.length).toBeGreaterThanOrEqual(0.95);
      expect(Math.abs(scores.size - expected.length)).toBeLessThan(3);
      return;
    }
    const hasAffix = "continuing_subword_prefix" in options || "end_of_word_suffix" in options;
    const inOrder = (list: readonly unknown[]): unknown[] =>
      hasAffix ? list.map((each) => JSON.stringify(each)).sort() : [...list];
    expect(inOrder(tokenizer.pipeline.model.vocabulary.tokens)).toEqual(inOrder(reference.vocab));
    if (reference.kind !== "wordPiece") expect(inOrder(merges)).toEqual(inOrder(reference.merges ?? []));
  });
});

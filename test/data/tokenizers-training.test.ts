/**
 * Trainers against the reference library's, on the same lines: byte-level pairs exactly; others as far as the
 * reference agrees with itself, since it numbers `##x` in the order of a hash table, which decides between equal counts.
 * The data lies beside the repository, in `../shared`; without it the suite is skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import {
  AutoTokenizer,
  type Tokenizer,
  trainByteLevelBpe,
  trainCharacterBpe,
  trainUnigram,
  trainWordPiece,
} from "../../src/tokenizers/index.ts";

const SHARED = fileURLToPath(new URL("../../../shared", import.meta.url));
const TRAINED = join(SHARED, "golden/tokenizers/trained");

interface Corpus {
  file: string;
  train_lines: [number, number];
}

interface TrainerCase {
  corpus: string;
  model: string;
  size: number;
  lower?: boolean;
  min_frequency: number;
  limit_alphabet?: number;
  tokens_per_line: number[];
}

/** Lines of a corpus, blank ones dropped after slicing. */
function linesOf({ file, train_lines: [start, end] }: Corpus): string[] {
  const lines = readFileSync(join(SHARED, "..", file), "utf8")
    .split("\n")
    .slice(start, end);
  return lines.filter((line) => line.trim() !== "");
}

function encodedTexts(name: string): string[] {
  const lines = readFileSync(join(TRAINED, name, "encodings.jsonl"), "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line).text);
}

function tokensPerLine(tokenizer: Tokenizer, texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + tokenizer.encodeIds(text).length, 0) / texts.length;
}

describe.skipIf(!existsSync(TRAINED))("training (skipped without ../shared)", () => {
  let corpora: Record<string, Corpus>;
  let trainers: Record<string, TrainerCase>;

  beforeAll(() => {
    ({ corpora, trainers } = JSON.parse(readFileSync(join(TRAINED, "trainers.json"), "utf8")));
  });

  for (const name of ["bpe-byte-1000", "bpe-byte-5000", "bpe-byte-zh-5000"]) {
    it(`${name}: the same ids and merges`, async () => {
      const { corpus, size, min_frequency } = trainers[name]!;
      const reference = JSON.parse(readFileSync(join(TRAINED, name, "tokenizer.json"), "utf8"));
      const specialTokens = reference.added_tokens.map((token: { content: string }) => token.content);
      const lines = linesOf(corpora[corpus]!);
      const tokenizer = await trainByteLevelBpe(lines, { vocabSize: size, minFrequency: min_frequency, specialTokens });
      expect(Object.fromEntries(tokenizer.getVocab())).toEqual(reference.model.vocab);
      expect(JSON.parse(tokenizer.pipeline.model.toJSONText()).merges).toEqual(reference.model.merges);
    });
  }

  for (const name of ["bpe-char-1000", "bpe-char-zh-9000"]) {
    it(`${name}: the same tokens and merges, as sets`, async () => {
      const { corpus, size, min_frequency } = trainers[name]!;
      const reference = JSON.parse(readFileSync(join(TRAINED, name, "tokenizer.json"), "utf8"));
      const options = {
        vocabSize: size,
        minFrequency: min_frequency,
        normalization: "nfkc",
        lowercase: false,
      } as const;
      const tokenizer = await trainCharacterBpe(linesOf(corpora[corpus]!), options);
      expect([...tokenizer.getVocab().keys()].sort()).toEqual(Object.keys(reference.model.vocab).sort());
      const { merges } = JSON.parse(tokenizer.pipeline.model.toJSONText());
      const asSet = (list: readonly unknown[]): string[] => list.map((merge) => JSON.stringify(merge)).sort();
      expect(asSet(merges)).toEqual(asSet(reference.model.merges));
    });
  }

  for (const name of ["unigram-1000", "unigram-2000", "unigram-zh-8000"]) {
    it(`${name}: nearly the same pieces`, async () => {
      const { corpus, size, tokens_per_line } = trainers[name]!;
      const tokenizer = await trainUnigram(linesOf(corpora[corpus]!), { vocabSize: size });
      const reference = await AutoTokenizer.fromPretrained(join(TRAINED, name));
      const [ours, theirs] = [tokenizer.getVocab(), reference.getVocab()];
      const common = [...theirs.keys()].filter((token) => ours.has(token)).length;
      expect(common / theirs.size).toBeGreaterThanOrEqual(0.95);
      const texts = encodedTexts(name);
      expect(Math.abs(tokensPerLine(tokenizer, texts) / tokens_per_line[0]! - 1)).toBeLessThan(0.02);
    });
  }

  const wordPiece = [
    { name: "wordpiece-lower-1000", overlap: 0.995 },
    { name: "wordpiece-cased-4000", overlap: 0.995 },
    { name: "wordpiece-zh-4000", overlap: 0.98 },
    { name: "wordpiece-zh-4000-limit1000", overlap: 0.98 },
  ];
  for (const { name, overlap } of wordPiece) {
    it(`${name}: the same vocabulary but for ties`, async () => {
      const { corpus, size, min_frequency, lower, limit_alphabet, tokens_per_line } = trainers[name]!;
      const tokenizer = await trainWordPiece(linesOf(corpora[corpus]!), {
        vocabSize: size,
        minFrequency: min_frequency,
        lowercase: lower,
        limitAlphabet: limit_alphabet,
      });
      const reference = await AutoTokenizer.fromPretrained(join(TRAINED, name));
      const [ours, theirs] = [tokenizer.getVocab(), reference.getVocab()];
      const common = [...theirs.keys()].filter((token) => ours.has(token)).length;
      expect(common / theirs.size).toBeGreaterThanOrEqual(overlap);
      expect(Math.abs(ours.size - theirs.size) / theirs.size).toBeLessThan(0.02);
      const texts = encodedTexts(name);
      expect(Math.abs(tokensPerLine(tokenizer, texts) / tokens_per_line[0]! - 1)).toBeLessThan(0.005);
    });
  }
});

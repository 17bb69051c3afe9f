/**
 * Sentences of words as the windows that a model reads, and what it says of each word.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §5.3: a word is judged by its first token; the other
 * tokens count for nothing. Long texts are read in overlapping windows: of a word that several show, the one counts in which
 * it stands farthest from the borders.
 */
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import type { Features, TaskOptions } from "./task.ts";
import { textWindows, tokenRow } from "./token-rows.ts";

/** A window of a sentence. */
export interface WordFeatures extends Features {
  /** The place of each word's first token, and the word's number. */
  readonly words: readonly { readonly place: number; readonly word: number }[];
}

const longestStride = 32;

/** Tokens that windows share: as the options say, or a quarter of a window, 32 at most. */
export function usualStride({ sequenceLength, stride }: Pick<TaskOptions, "sequenceLength" | "stride">): number {
  return stride ?? Math.min(longestStride, sequenceLength >> 2);
}

/** The windows of a sentence, example number `example`. */
export function wordWindows(
  tokenizer: Tokenizer,
  tokens: readonly string[],
  example: number,
  options: Pick<TaskOptions, "sequenceLength" | "stride">,
): WordFeatures[] {
  const { sequenceLength } = options;
  return textWindows(tokenizer, tokens, undefined, { sequenceLength, stride: usualStride(options) }).map(
    (window, index, all) => ({
      example,
      rows: [tokenRow(window)],
      words: wordsOf(window, all[index - 1]),
    }),
  );
}

function wordsOf({ wordIds }: EncodedArrays, before: EncodedArrays | undefined): WordFeatures["words"] {
  // A further window may begin inside a word.
  const first = wordIds.find((word) => word !== null) ?? null;
  const begun = before?.wordIds.includes(first) ? first : null;
  return wordIds.flatMap((word, place) =>
    word === null || word === begun || word === wordIds[place - 1] ? [] : [{ place, word }],
  );
}

/** [T]: a label at the first token of each word, −100 elsewhere; `labels` are those of the example's words. */
export function labelsOfWindow({ rows, words }: WordFeatures, labels: readonly number[]): number[] {
  const all = new Array<number>(rows[0]?.inputIds.length ?? 0).fill(-100);
  for (const { place, word } of words) all[place] = labels[word] as number;
  return all;
}

/** logits [B, T, C] of a batch of windows → [C] of each word. Rows of an array that stays. */
export function wordLogits(
  logits: Float32Array,
  dims: readonly number[],
  features: readonly WordFeatures[],
): Float32Array[][] {
  const [rows = 0, length = 0] = dims;
  const width = logits.length / (rows * length);
  return features.map(({ words }, row) =>
    words.map(({ place }) => {
      const start = (row * length + place) * width;
      return logits.subarray(start, start + width);
    }),
  );
}

/** What is said of each example's words; nothing of a word without tokens, such as a lone control character. */
export function byWord<Said>(
  features: readonly WordFeatures[],
  results: readonly (readonly Said[])[],
  wordCounts: readonly number[],
): (Said | undefined)[][] {
  const said = wordCounts.map((count) => new Array<Said | undefined>(count).fill(undefined));
  const contexts = wordCounts.map((count) => new Int32Array(count).fill(-1));
  features.forEach(({ example, rows, words }, index) => {
    const length = rows[0]?.inputIds.length ?? 0;
    words.forEach(({ place, word }, at) => {
      const context = Math.min(place, length - place);
      const known = contexts[example] as Int32Array;
      if (context <= (known[word] as number)) return;
      known[word] = context;
      (said[example] as (Said | undefined)[])[word] = results[index]?.[at];
    });
  });
  return said;
}

/** Processors that look at which tokens have been said, here or in the source. */
import { forbidden, type LogitsProcessor } from "./logits-processor.ts";

/**
 * Makes tokens that occur in the row less likely, above 1, or likelier, below (Keskar et al. 2019,
 * https://arxiv.org/abs/1909.05858). Padding does not count.
 */
export function repetitionPenalty(penalty: number): LogitsProcessor {
  return (scores, { ids, padding }) => penalize(scores, ids.slice(padding), penalty);
}

/** Makes tokens that occur in the source likelier, above 1. */
export function sourceRepetitionPenalty(penalty: number, source: readonly number[]): LogitsProcessor {
  return (scores) => penalize(scores, source, 1 / penalty);
}

function penalize(scores: Float32Array, ids: readonly number[], penalty: number): void {
  for (const id of new Set(ids)) {
    const score = scores[id];
    if (score !== undefined) scores[id] = score < 0 ? score * penalty : score / penalty;
  }
}

/** Forbids a token that would complete a run of `size` tokens that the row has already. */
export function noRepeatNgram(size: number): LogitsProcessor {
  return (scores, { ids }) => forbidNgrams(scores, ids, ids, size);
}

/** Forbids a token that would complete a run of `size` tokens that the source has. */
export function noSourceNgram(size: number, source: readonly number[]): LogitsProcessor {
  return (scores, { ids }) => forbidNgrams(scores, ids, source, size);
}

function forbidNgrams(scores: Float32Array, ids: readonly number[], said: readonly number[], size: number): void {
  const start = ids.length - (size - 1);
  if (start < 0) return;
  for (let at = 0; at + size <= said.length; at++) {
    let fits = true;
    for (let i = 0; i < size - 1 && fits; i++) fits = said[at + i] === ids[start + i];
    if (fits) scores[said[at + size - 1] as number] = forbidden;
  }
}

/** A sequence of tokens, and what is added to the score of its last one where the others stand before. */
export type SequenceBias = readonly [sequence: readonly number[], bias: number];

/** Makes sequences likelier or less likely. */
export function sequenceBias(biases: readonly SequenceBias[]): LogitsProcessor {
  return (scores, { ids }) => {
    for (const [sequence, bias] of biases) {
      const before = sequence.slice(0, -1);
      const start = ids.length - before.length;
      const token = sequence.at(-1) as number;
      if (start < 0 || before.some((id, i) => ids[start + i] !== id) || scores[token] === undefined) continue;
      scores[token] = scores[token] + bias;
    }
  };
}

/** Forbids sequences; those that are nothing but an end of text stay allowed. */
export function badWords(words: readonly (readonly number[])[], endTokens: readonly number[]): LogitsProcessor {
  const others = words.filter((word) => !(word.length === 1 && endTokens.includes(word[0] as number)));
  return sequenceBias(others.map((word) => [word, forbidden] as const));
}

/**
 * Makes each token less likely by `penalty` for every time that an earlier group of beams says it at this step
 * (Vijayakumar et al. 2018, https://arxiv.org/abs/1610.02424, §3).
 */
export function hammingDiversity(penalty: number): LogitsProcessor {
  return (scores, { saidBeside = [] }) => {
    for (const id of saidBeside) if (id < scores.length) scores[id] = (scores[id] as number) - penalty;
  };
}

/**
 * From where an answer begins and ends, as scores of tokens, to answers: stretches of the context. Equal to the
 * question-answering pipeline of transformers 4, without the stretches of probability 0 that it gives when it finds
 * nothing better.
 */
import { largest, softmax } from "../generation/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { answerableTokens } from "./question-windows.ts";

/** An answer as a stretch of its context; an empty one stands for "not in this text". */
export interface ExtractedAnswer {
  /**
   * Probability of the stretch within its window, from 0 to 1; the sum over all stretches with this text, so that overlapping
   * windows can make it greater than 1.
   */
  score: number;
  /** UTF-16 units of the context: the first, and the one after the last. */
  start: number;
  end: number;
  answer: string;
}

/** What a model says of one window of T tokens. */
export interface AnsweredWindow {
  readonly window: EncodedArrays;
  /** [T] */
  readonly startLogits: Float32Array;
  /** [T] */
  readonly endLogits: Float32Array;
}

export interface ExtractionOptions {
  /** How many answers, the best first; there may be fewer. */
  readonly topK: number;
  /** Most tokens of an answer. */
  readonly maxAnswerLen: number;
  /** Whether "no answer" is one of the answers: its score is that of the first token, where it is least likely. */
  readonly handleImpossibleAnswer: boolean;
  /** Whether answers grow to whole words, as the tokenizer knows them. */
  readonly alignToWords: boolean;
  /** Its token may hold the answer "none". */
  readonly clsTokenId: number | undefined;
}

/** The best answers that the windows of one context give. */
export function extractAnswers(
  context: string,
  windows: readonly AnsweredWindow[],
  options: ExtractionOptions,
): ExtractedAnswer[] {
  const { topK, handleImpossibleAnswer, alignToWords } = options;
  // Growing to words makes some stretches one.
  const candidates = alignToWords ? 2 * topK + 10 : topK;
  const answers = new Map<string, ExtractedAnswer>();
  let impossible = Number.POSITIVE_INFINITY;
  for (const each of windows) {
    const { starts, ends } = spanProbabilities(each, options.clsTokenId);
    impossible = Math.min(impossible, (starts[0] ?? 0) * (ends[0] ?? 0));
    starts[0] = 0;
    ends[0] = 0;
    for (const span of bestSpans(starts, ends, candidates, options.maxAnswerLen)) {
      const [start, end] = charactersOf(span, each.window, alignToWords);
      const answer = context.slice(start, end);
      const known = answers.get(answer.toLowerCase());
      if (known === undefined) answers.set(answer.toLowerCase(), { score: span.score, start, end, answer });
      else known.score += span.score;
    }
  }
  const all = [...answers.values()];
  if (handleImpossibleAnswer) all.push({ score: impossible, start: 0, end: 0, answer: "" });
  return all.sort((a, b) => b.score - a.score).slice(0, topK);
}

/** Probabilities of being the first and the last token of the answer, [T] each; 0 where no answer can lie. */
function spanProbabilities({ window, startLogits, endLogits }: AnsweredWindow, clsTokenId: number | undefined) {
  const isPossible = answerableTokens(window, clsTokenId);
  const masked = (logits: Float32Array): Float32Array =>
    logits.map((logit, place) => (isPossible[place] ? logit : -10_000));
  const shares = (logits: Float32Array): Float64Array =>
    softmax(masked(logits)).map((share, place) => (isPossible[place] ? share : 0));
  return { starts: shares(startLogits), ends: shares(endLogits) };
}

/** First and last token of a stretch, with its probability. */
interface TokenSpan {
  readonly first: number;
  readonly last: number;
  readonly score: number;
}

/** The likeliest stretches of at most so many tokens; none of probability 0. */
function bestSpans(starts: Float64Array, ends: Float64Array, count: number, longest: number): TokenSpan[] {
  const spans: TokenSpan[] = [];
  starts.forEach((start, first) => {
    if (start === 0) return;
    for (let last = first; last < Math.min(ends.length, first + longest); last++) {
      const score = start * (ends[last] as number);
      if (score > 0) spans.push({ first, last, score });
    }
  });
  const scores = spans.map(({ score }) => score);
  return largest(scores, count).map((index) => spans[index] as TokenSpan);
}

/** Where a stretch of tokens lies in the context, in UTF-16 units. */
function charactersOf({ first, last }: TokenSpan, window: EncodedArrays, alignToWords: boolean): [number, number] {
  const { offsetMapping = [], sequenceIds, wordIds } = window;
  const [firstWord, lastWord] = [wordIds[first], wordIds[last]];
  const isOf = (word: number | null | undefined) => (id: number | null, place: number) =>
    id === word && sequenceIds[place] === 1;
  const isWhole = alignToWords && firstWord != null && lastWord != null;
  const from = isWhole ? wordIds.findIndex(isOf(firstWord)) : first;
  const to = isWhole ? wordIds.findLastIndex(isOf(lastWord)) : last;
  return [offsetMapping[from]?.[0] ?? 0, offsetMapping[to]?.[1] ?? 0];
}

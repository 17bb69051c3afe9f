/**
 * Exact match and F1 of answers, as the official scripts of SQuAD count them: without case, punctuation, articles and
 * spacing. Percent.
 *
 * Papers: Rajpurkar et al. 2016 (1.1), 2018 (2.0, with questions that have no answer).
 */
import { harmonicMean } from "./precision-recall.ts";
import { occurrences, overlap, splitWords } from "./words.ts";

export interface AnswerScores {
  /** 100 if the answer is one of the gold ones, else 0. */
  readonly exactMatch: number;
  /** Of the words that it shares with the nearest gold one. */
  readonly f1: number;
}

const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const ARTICLES = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;

/** What is compared. */
export function normalizeAnswer(answer: string): string {
  return splitWords(answer.toLowerCase().replace(PUNCTUATION, "").replace(ARTICLES, " ")).join(" ");
}

function wordF1(prediction: string, answer: string): number {
  const [given, wanted] = [splitWords(prediction), splitWords(answer)];
  const shared = overlap(occurrences(given), occurrences(wanted));
  return shared === 0 ? 0 : harmonicMean(shared / given.length, shared / wanted.length);
}

/** The best over the gold answers, by the formulas of SQuAD 1.1: two empty answers share no word and score 0 in F1. */
export function squadScore(answers: readonly string[], prediction: string): AnswerScores {
  const given = normalizeAnswer(prediction);
  const wanted = answers.map(normalizeAnswer);
  return {
    exactMatch: wanted.includes(given) ? 100 : 0,
    f1: 100 * Math.max(0, ...wanted.map((answer) => wordF1(given, answer))),
  };
}

/** The same by the formulas of SQuAD 2.0: without gold answers, saying nothing is right. */
export function squad2Score(answers: readonly string[], prediction: string): AnswerScores {
  const given = normalizeAnswer(prediction);
  const named = answers.map(normalizeAnswer).filter((answer) => answer !== "");
  const wanted = named.length === 0 ? [""] : named;
  const f1 = (answer: string): number =>
    given === "" || answer === "" ? Number(given === answer) : wordF1(given, answer);
  return { exactMatch: wanted.includes(given) ? 100 : 0, f1: 100 * Math.max(...wanted.map(f1)) };
}

export interface AnsweredQuestion {
  /** None: the question has no answer. */
  readonly answers: readonly string[];
  /** Empty: the model says that there is none. */
  readonly prediction: string;
  /** How sure the model is that there is none, for the best threshold. */
  readonly noAnswerScore?: number | undefined;
}

export interface SquadScores extends AnswerScores {
  readonly total: number;
  /** Of the questions that have an answer. */
  readonly hasAnswer: AnswerScores & { readonly total: number };
  readonly noAnswer: AnswerScores & { readonly total: number };
  /** What saying nothing above the best threshold of `noAnswerScore` would give; absent without such scores. */
  readonly best?: AnswerScores & { readonly exactMatchThreshold: number; readonly f1Threshold: number };
}

/** Means over questions, by SQuAD 2.0's formulas, which are 1.1's where every question has an answer. */
export function squadScores(questions: readonly AnsweredQuestion[]): SquadScores {
  const scored = questions.map((question) => ({
    ...question,
    ...squad2Score(question.answers, question.prediction),
    answerable: question.answers.length > 0,
  }));
  const mean = (rows: readonly AnswerScores[]): AnswerScores & { readonly total: number } => {
    const of = (key: keyof AnswerScores): number =>
      rows.reduce((sum, row) => sum + row[key], 0) / Math.max(1, rows.length);
    return { exactMatch: of("exactMatch"), f1: of("f1"), total: rows.length };
  };
  const scores = {
    ...mean(scored),
    hasAnswer: mean(scored.filter(({ answerable }) => answerable)),
    noAnswer: mean(scored.filter(({ answerable }) => !answerable)),
  };
  if (questions.length === 0 || questions.some(({ noAnswerScore }) => noAnswerScore === undefined)) return scores;
  const [exactMatch, f1] = [bestThreshold(scored, "exactMatch"), bestThreshold(scored, "f1")];
  return {
    ...scores,
    best: {
      exactMatch: exactMatch.score,
      exactMatchThreshold: exactMatch.threshold,
      f1: f1.score,
      f1Threshold: f1.threshold,
    },
  };
}

type ScoredQuestion = AnsweredQuestion & AnswerScores & { readonly answerable: boolean };

/** Answers are given up to a threshold of the no-answer score: from none of them on, the best sum that is reached. */
function bestThreshold(questions: readonly ScoredQuestion[], key: keyof AnswerScores) {
  let sum = questions.filter(({ answerable }) => !answerable).length;
  let [best, threshold] = [sum, 0];
  const order = [...questions].sort((a, b) => (a.noAnswerScore ?? 0) - (b.noAnswerScore ?? 0));
  for (const question of order) {
    if (question.answerable) sum += question[key] / 100;
    else if (question.prediction !== "") sum -= 1;
    if (sum <= best) continue;
    best = sum;
    threshold = question.noAnswerScore ?? 0;
  }
  return { score: (100 * best) / questions.length, threshold };
}

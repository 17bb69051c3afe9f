/**
 * Exact match and F1 of Chinese answers, as the official script of CMRC 2018 counts them: Chinese characters one by one,
 * other words whole; what is shared is the longest run. Percent.
 *
 * Paper: Cui et al. 2019, "A Span-Extraction Dataset for Chinese Machine Reading Comprehension".
 */
import { harmonicMean } from "./precision-recall.ts";
import type { AnswerScores } from "./squad.ts";
import { treebankWords } from "./treebank-words.ts";
import { occurrences, overlap } from "./words.ts";

const MARKS = new Set("-:_*^/\\~`+=，。：？！“”；’《》·、「」（）－～『』");

/** The best over the gold answers. */
export function cmrcScore(answers: readonly string[], prediction: string): AnswerScores {
  const given = withoutMarks(prediction);
  const segments = chineseSegments(prediction);
  return {
    exactMatch: answers.some((answer) => withoutMarks(answer) === given) ? 100 : 0,
    f1: 100 * Math.max(0, ...answers.map((answer) => runF1(chineseSegments(answer), segments))),
  };
}

function withoutMarks(text: string): string {
  return [...text.toLowerCase().trim()].filter((character) => !MARKS.has(character)).join("");
}

/** Chinese characters one by one, what stands between them as English words; marks are left out. */
export function chineseSegments(text: string): string[] {
  const segments: string[] = [];
  let word = "";
  for (const character of [...text.toLowerCase().trim(), ""]) {
    if (MARKS.has(character)) continue;
    const isChinese = /[\u4e00-\u9fa5]/.test(character);
    if (!isChinese && character !== "") {
      word += character;
      continue;
    }
    if (word !== "") segments.push(...treebankWords(word));
    word = "";
    if (isChinese) segments.push(character);
  }
  return segments;
}

function runF1(answer: readonly string[], prediction: readonly string[]): number {
  const run = longestRun(answer, prediction);
  return run === 0 ? 0 : harmonicMean(run / prediction.length, run / answer.length);
}

/** Length of the longest stretch that both hold. */
function longestRun(a: readonly string[], b: readonly string[]): number {
  let longest = 0;
  let previous: number[] = [];
  for (const item of a) {
    const row = b.map((other, at) => (item === other ? (previous[at - 1] ?? 0) + 1 : 0));
    for (const length of row) longest = Math.max(longest, length);
    previous = row;
  }
  return longest;
}

/** F1 of the letters and digits that two answers share in whatever order, the best over the gold ones. Percent. */
export function characterF1(answers: readonly string[], prediction: string): number {
  const bag = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]/gu) ?? [];
  const given = bag(prediction);
  const scores = answers.map((answer) => {
    const wanted = bag(answer);
    const shared = overlap(occurrences(wanted), occurrences(given));
    return shared === 0 ? 0 : (2 * shared) / (wanted.length + given.length);
  });
  return 100 * Math.max(0, ...scores);
}

/**
 * ROUGE: what a text shares with the one it should say, as the rouge-score package computes it.
 *
 * Paper: Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries".
 */
import { DataError } from "../errors.ts";
import { porterStem } from "./porter-stemmer.ts";
import { type PrecisionRecallF1, precisionRecallF1 } from "./precision-recall.ts";
import { ngrams, occurrences, overlap } from "./words.ts";

/** Of n-grams; of the longest common subsequence of the whole; and of the same line by line, lines being sentences. */
export type RougeType = `rouge${1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9}` | "rougeL" | "rougeLsum";

export interface RougeOptions<Type extends RougeType = RougeType> {
  /** rouge1, rouge2, rougeL and rougeLsum when left out. */
  readonly types?: readonly Type[] | undefined;
  /** Compares the stems of words of more than three letters. */
  readonly stem?: boolean | undefined;
  /** In place of words of a–z and digits in lower case, for other scripts. */
  readonly tokenize?: ((text: string) => string[]) | undefined;
}

const standardTypes = ["rouge1", "rouge2", "rougeL", "rougeLsum"] as const;

/** Shares in [0, 1] for each type; of several targets those of the one with the best F1. */
export function rouge<Type extends RougeType = (typeof standardTypes)[number]>(
  targets: string | readonly string[],
  prediction: string,
  options: RougeOptions<Type> = {},
): Record<Type, PrecisionRecallF1> {
  const list = typeof targets === "string" ? [targets] : targets;
  if (list.length === 0)
    throw new DataError("There is no target.", { field: "targets", expected: "at least one text" });
  const { types = standardTypes as readonly RougeType[] } = options;
  const tokenize = options.tokenize ?? ((text: string) => rougeWords(text, options.stem ?? false));
  const scores = types.map((type): [RougeType, PrecisionRecallF1] => {
    const each = list.map((target) => scoreOf(type, target, prediction, tokenize));
    return [type, each.reduce((best, score) => (score.f1 > best.f1 ? score : best))];
  });
  return Object.fromEntries(scores) as Record<Type, PrecisionRecallF1>;
}

/** Words of a–z and digits in lower case, stemmed if they are longer than three letters. */
function rougeWords(text: string, stem: boolean): string[] {
  const words = text.toLowerCase().match(/[a-z0-9]+/g) ?? [];
  return stem ? words.map((word) => (word.length > 3 ? porterStem(word) : word)) : words;
}

type Tokenize = (text: string) => string[];

function scoreOf(type: RougeType, target: string, prediction: string, tokenize: Tokenize): PrecisionRecallF1 {
  if (type === "rougeLsum") return summaryScore(sentences(target, tokenize), sentences(prediction, tokenize));
  const [wanted, given] = [tokenize(target), tokenize(prediction)];
  if (type === "rougeL") {
    const correct = commonSubsequence(wanted, given).length;
    return precisionRecallF1({ correct, predicted: given.length, gold: wanted.length });
  }
  const n = Number(type.slice("rouge".length));
  if (!(n >= 1 && n <= 9)) {
    throw new DataError(`${type} is no type of ROUGE.`, {
      field: "types",
      expected: "rouge1 to rouge9, rougeL or rougeLsum",
      received: type,
    });
  }
  const [wantedGrams, givenGrams] = [ngrams(wanted, n), ngrams(given, n)];
  const correct = overlap(occurrences(wantedGrams), occurrences(givenGrams));
  return precisionRecallF1({ correct, predicted: givenGrams.length, gold: wantedGrams.length });
}

function sentences(text: string, tokenize: Tokenize): string[][] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map(tokenize);
}

/** Each sentence of the target beside all of the prediction together; no word counts more often than both hold it. */
function summaryScore(wanted: readonly string[][], given: readonly string[][]): PrecisionRecallF1 {
  const left = { wanted: occurrences(wanted.flat()), given: occurrences(given.flat()) };
  let hits = 0;
  for (const sentence of wanted) {
    const places = new Set(given.flatMap((other) => commonSubsequence(sentence, other)));
    for (const place of [...places].sort((a, b) => a - b)) {
      const word = sentence[place] ?? "";
      const [target, own] = [left.wanted.get(word) ?? 0, left.given.get(word) ?? 0];
      if (target === 0 || own === 0) continue;
      hits++;
      left.wanted.set(word, target - 1);
      left.given.set(word, own - 1);
    }
  }
  return precisionRecallF1({ correct: hits, predicted: given.flat().length, gold: wanted.flat().length });
}

/** The places in `a` of a longest common subsequence; of equally long ones the one that ends first. */
function commonSubsequence(a: readonly string[], b: readonly string[]): number[] {
  const lengths = [new Array<number>(b.length + 1).fill(0)];
  for (const [row, item] of a.entries()) {
    const above = lengths[row] as number[];
    const next = [0];
    for (const [column, other] of b.entries()) {
      const [left, up, diagonal] = [next[column] ?? 0, above[column + 1] ?? 0, above[column] ?? 0];
      next.push(item === other ? diagonal + 1 : Math.max(left, up));
    }
    lengths.push(next);
  }
  const places: number[] = [];
  let [row, column] = [a.length, b.length];
  while (row > 0 && column > 0) {
    if (a[row - 1] === b[column - 1]) {
      places.push(row - 1);
      row--;
      column--;
    } else if ((lengths[row]?.[column - 1] ?? 0) > (lengths[row - 1]?.[column] ?? 0)) column--;
    else row--;
  }
  return places.reverse();
}

/**
 * Detection and correction of wrong characters. Shares in [0, 1].
 *
 * Of whole sentences there are two conventions. SIGHAN 2015's own (Tseng et al. 2015) takes a wrong sentence that is not
 * wholly put right as missed, whatever was done to it. The one of later papers (SpellGCN, Cheng et al. 2020) takes
 * precision over all sentences that were changed.
 */
import { DataError } from "../errors.ts";
import { harmonicMean, type PrecisionRecallF1, precisionRecallF1, ratio } from "./precision-recall.ts";

/** Three texts of the same number of characters, or of other units, such as words, in their place. */
export interface SpellingTriple {
  readonly source: string | readonly string[];
  readonly gold: string | readonly string[];
  readonly predicted: string | readonly string[];
}

export interface SentenceSpellingScores extends PrecisionRecallF1 {
  readonly accuracy: number;
}

export interface SpellingScores {
  readonly official: SentenceSpellingScores & {
    /** Share of the right sentences that were changed. */
    readonly falsePositiveRate: number;
  };
  readonly common: SentenceSpellingScores;
  /** Of single characters. */
  readonly character: PrecisionRecallF1;
}

/** Whether the right places were found, and whether the right characters were put there. */
export function spellingCorrectionScores(triples: readonly SpellingTriple[]): {
  readonly detection: SpellingScores;
  readonly correction: SpellingScores;
} {
  const sentences = triples.map(compared);
  return { detection: scoresOf(sentences, "detected"), correction: scoresOf(sentences, "corrected") };
}

interface ComparedSentence {
  /** How many characters are wrong, and how many were changed. */
  readonly wrong: number;
  readonly changed: number;
  /** Whether the changed places are the wrong ones; whether the outcome is right. */
  readonly whole: Readonly<Record<"detected" | "corrected", boolean>>;
  /** How many of the wrong characters were changed; and to the right one. */
  readonly characters: Readonly<Record<"detected" | "corrected", number>>;
}

function compared({ source, gold, predicted }: SpellingTriple): ComparedSentence {
  const [from, to, given] = [[...source], [...gold], [...predicted]];
  if (to.length !== from.length || given.length !== from.length) {
    throw new DataError("The three texts of a spelling correction differ in length.", {
      field: "predicted",
      expected: `${from.length} characters, as in the source`,
      received: `gold ${to.length}, predicted ${given.length}`,
      hint: "These scores are for corrections that neither add nor remove characters.",
    });
  }
  const places = Array.from(from.keys());
  const wrong = places.filter((at) => from[at] !== to[at]);
  const changed = places.filter((at) => from[at] !== given[at]);
  const detected = wrong.filter((at) => from[at] !== given[at]);
  return {
    wrong: wrong.length,
    changed: changed.length,
    whole: {
      detected: wrong.length === changed.length && detected.length === wrong.length,
      corrected: places.every((at) => to[at] === given[at]),
    },
    characters: { detected: detected.length, corrected: detected.filter((at) => to[at] === given[at]).length },
  };
}

function scoresOf(sentences: readonly ComparedSentence[], level: "detected" | "corrected"): SpellingScores {
  const count = (test: (sentence: ComparedSentence) => boolean): number => sentences.filter(test).length;
  const sum = (value: (sentence: ComparedSentence) => number): number =>
    sentences.reduce((all, sentence) => all + value(sentence), 0);
  const erroneous = count(({ wrong }) => wrong > 0);
  const truePositives = count(({ wrong, whole }) => wrong > 0 && whole[level]);
  const trueNegatives = count(({ wrong, changed }) => wrong === 0 && changed === 0);
  const falsePositives = count(({ wrong, changed }) => wrong === 0 && changed > 0);
  const accuracy = ratio(truePositives + trueNegatives, sentences.length);
  const [precision, recall] = [ratio(truePositives, truePositives + falsePositives), ratio(truePositives, erroneous)];
  const right = { correct: truePositives, predicted: count(({ changed }) => changed > 0), gold: erroneous };
  return {
    official: {
      falsePositiveRate: ratio(falsePositives, falsePositives + trueNegatives),
      accuracy,
      precision,
      recall,
      f1: harmonicMean(precision, recall),
    },
    common: { accuracy, ...precisionRecallF1(right) },
    character: precisionRecallF1({
      correct: sum(({ characters }) => characters[level]),
      predicted: sum(({ changed }) => changed),
      gold: sum(({ wrong }) => wrong),
    }),
  };
}

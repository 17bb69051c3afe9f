/** The figures that tasks report, from the metrics. */
import {
  accuracy,
  type ClassificationScores,
  classificationScores,
  confusionMatrix,
  matthewsCorrelation,
  meanAbsoluteError,
  multiLabelScores,
  pearson,
  type RankedQuery,
  retrievalScores,
  type SpellingTriple,
  spanScores,
  spearman,
  spellingCorrectionScores,
} from "../metrics/index.ts";
import type { ClassFigures, TaskEvaluation } from "./task.ts";

/** Of one class an example: accuracy, F1 averaged over classes, and the correlation of Matthews. */
export function classFigures(gold: readonly string[], predicted: readonly string[]): TaskEvaluation {
  const scores = classificationScores(gold, predicted);
  return {
    metrics: {
      accuracy: accuracy(gold, predicted),
      macroF1: scores.macro.f1,
      matthewsCorrelation: matthewsCorrelation(gold, predicted),
    },
    classes: figuresOf(scores),
    confusion: confusionMatrix(gold, predicted).counts,
  };
}

/** Classes that say that there is no relation, as data sets call them: TACRED, SemEval 2010, NYT, DuIE and others. */
const noRelation = /^(no[ _-]?relation|other|na|n\/a|none|null|unrelated|无关系?|未知)$/i;

/**
 * Of one relation an example: accuracy, and F1 over all examples and averaged over relations, as TACRED and SemEval 2010
 * score them: "no relation", where a class is called so, is none of the relations that are to be found.
 */
export function relationFigures(gold: readonly string[], predicted: readonly string[]): TaskEvaluation {
  const none = [...new Set([...gold, ...predicted])].filter((name) => noRelation.test(name));
  const { micro, macro } = classificationScores(gold, predicted, none);
  return {
    metrics: {
      accuracy: accuracy(gold, predicted),
      ...{ microF1: micro.f1, microPrecision: micro.precision, microRecall: micro.recall, macroF1: macro.f1 },
    },
    classes: figuresOf(classificationScores(gold, predicted)),
    confusion: confusionMatrix(gold, predicted).counts,
  };
}

/** Of several classes an example: F1 over all labels, F1 averaged over classes, and the share of examples without a fault. */
export function classSetFigures(
  gold: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
): TaskEvaluation {
  const scores = multiLabelScores(gold, predicted);
  const { micro, macro, exactMatch } = scores;
  return { metrics: { microF1: micro.f1, macroF1: macro.f1, exactMatch }, classes: figuresOf(scores) };
}

/** Of blanks: the place of each answer, from 1, among choices or among all words. */
export function clozeFigures(
  ranks: readonly { readonly rank: number; readonly isChosen: boolean }[],
): TaskEvaluation["metrics"] {
  const share = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const free = ranks.filter(({ isChosen }) => !isChosen);
  return {
    accuracy: share(ranks.map(({ rank }) => Number(rank === 1))),
    meanReciprocalRank: share(ranks.map(({ rank }) => 1 / rank)),
    // With a handful of choices the first five say nothing.
    ...(free.length > 0 && { top5Accuracy: share(free.map(({ rank }) => Number(rank <= 5))) }),
  };
}

/**
 * Of corrected texts: whole sentences by the convention of later papers and by that of SIGHAN, single words or characters, and
 * the share of the wrong sentences that could have been put right at all.
 */
export function spellingFigures(
  triples: readonly SpellingTriple[],
  areWithinReach: readonly boolean[],
): TaskEvaluation["metrics"] {
  const { detection, correction } = spellingCorrectionScores(triples);
  const isWrong = triples.map(({ source, gold }) => [...source].some((unit, at) => unit !== gold[at]));
  const wrong = isWrong.filter(Boolean).length;
  const reached = isWrong.filter((each, index) => each && areWithinReach[index]).length;
  return {
    detectionPrecision: detection.common.precision,
    detectionRecall: detection.common.recall,
    detectionF1: detection.common.f1,
    correctionPrecision: correction.common.precision,
    correctionRecall: correction.common.recall,
    correctionF1: correction.common.f1,
    sentenceAccuracy: correction.common.accuracy,
    unitDetectionF1: detection.character.f1,
    unitCorrectionF1: correction.character.f1,
    sighanDetectionF1: detection.official.f1,
    sighanCorrectionF1: correction.official.f1,
    falsePositiveRate: correction.official.falsePositiveRate,
    withinReach: wrong === 0 ? 1 : reached / wrong,
  };
}

/** Of numbers: both correlations and the mean absolute error. */
export function numberFigures(gold: readonly number[], predicted: readonly number[]): TaskEvaluation {
  return {
    metrics: {
      pearson: pearson(gold, predicted),
      spearman: spearman(gold, predicted),
      meanAbsoluteError: meanAbsoluteError(gold, predicted),
    },
  };
}

/** Of labels of words that mark entities: the entities as conlleval counts them, and the share of right labels. */
export function entityFigures(
  gold: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
): TaskEvaluation {
  const { micro, perType, accuracy: share } = spanScores(gold, predicted);
  const { precision, recall, f1 } = micro;
  return {
    metrics: { f1, precision, recall, accuracy: share },
    classes: perType.map(({ type: name, ...rest }) => ({ name, ...rest })),
  };
}

/** The longest beginning of a list that `rankingFigures` looks at, but for the first answer, wherever it is. */
export const deepestCut = 10;

/** Of lists of documents: MRR over all that is ranked, the share of what is relevant among the first, and nDCG of ten. */
export function rankingFigures(queries: readonly RankedQuery[]): TaskEvaluation {
  const longest = Math.max(1, ...queries.map(({ ranked }) => ranked.length));
  const [first, five, ten] = [1, 5, deepestCut].map((cut) => retrievalScores(queries, cut));
  return {
    metrics: {
      mrr: retrievalScores(queries, longest).mrr,
      recallAt1: first?.recall ?? 0,
      recallAt5: five?.recall ?? 0,
      recallAt10: ten?.recall ?? 0,
      ndcgAt10: ten?.ndcg ?? 0,
    },
  };
}

/**
 * Of utterances with an intent: the share of right intents, and of utterances whose intent and labels are all right (Goo et
 * al. 2018; Chen et al. 2019). Nothing where no utterance has one.
 */
export function jointFigures(
  gold: readonly (string | undefined)[],
  predicted: readonly (string | undefined)[],
  areLabelsRight: readonly boolean[],
): TaskEvaluation["metrics"] {
  const known = [...gold.keys()].filter((at) => gold[at] !== undefined);
  if (known.length === 0) return {};
  const right = known.filter((at) => gold[at] === predicted[at]);
  const allRight = right.filter((at) => areLabelsRight[at]);
  return { intentAccuracy: right.length / known.length, sentenceAccuracy: allRight.length / known.length };
}

function figuresOf({ perClass }: ClassificationScores): ClassFigures[] {
  return perClass.map(({ label, ...rest }) => ({ name: String(label), ...rest }));
}

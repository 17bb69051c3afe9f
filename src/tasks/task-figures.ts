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
  spanScores,
  spearman,
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

/** What a recorded case of a metric is computed with, and its results under the names that the reference gives them. */
import {
  accuracy,
  areaUnderRocCurve,
  averagePrecision,
  balancedAccuracy,
  binaryScores,
  type ClassLabel,
  characterF1,
  chineseSegments,
  classificationScores,
  cmrcScore,
  cohenKappa,
  confusionMatrix,
  cosineSimilarity,
  distinctNgrams,
  dotProduct,
  euclideanDistance,
  kendallTau,
  manhattanDistance,
  matthewsCorrelation,
  meanAbsoluteError,
  meanSquaredError,
  ndcgOfScores,
  pearson,
  perplexityScores,
  type RankedQuery,
  retrievalScores,
  type SentenceSpellingScores,
  type SpanScheme,
  spanScores,
  spearman,
  spellingCorrectionScores,
  squad2Score,
  squadScore,
  squadScores,
} from "../metrics/index.ts";
import type { MetricComputation, MetricOptions } from "./recorded-metric.ts";
import { bleuCase, chrfCase, editRateCase, rougeCase } from "./text-metric-computations.ts";
import { ndcgOverTieOrders } from "./tied-orders.ts";

/** Which family a case is of shows in its options. */
export function metricComputation(options: MetricOptions): MetricComputation | undefined {
  if (typeof options.task === "string") return Object.hasOwn(byTask, options.task) ? byTask[options.task] : undefined;
  if ("scheme" in options) return seqeval;
  if ("use_stemmer" in options || options.level === "stemmer") return rougeCase;
  if ("tokenize" in options) return bleuCase;
  if ("word_order" in options) return chrfCase;
  return "level" in options ? editRateCase : undefined;
}

const byTask: Record<string, MetricComputation> = {
  classification: ({ true: gold, predicted }) => classification(gold as ClassLabel[], predicted as ClassLabel[]),
  regression: ({ x, y }) => regression(x as number[], y as number[]),
  binary_scores: ({ true: gold, scores }) => ({
    roc_auc: areaUnderRocCurve(gold as number[], scores as number[]),
    average_precision: averagePrecision(gold as number[], scores as number[]),
  }),
  squad_v1: ({ answers, prediction }) => {
    const { exactMatch, f1 } = squadScore(answers as string[], prediction as string);
    return { exact_match: exactMatch, f1 };
  },
  squad_v2: ({ answers, prediction }) => {
    const { exactMatch, f1 } = squad2Score(answers as string[], prediction as string);
    return { exact: exactMatch, f1 };
  },
  squad_v2_set: ({ questions }) => squadSet(questions as Record<string, RecordedQuestion>),
  cmrc2018: ({ answers, prediction }) => {
    const { exactMatch, f1 } = cmrcScore(answers as string[], prediction as string);
    return {
      cmrc_em: exactMatch,
      cmrc_f1: f1,
      segments: chineseSegments(prediction as string),
      bag_of_characters_f1: characterF1(answers as string[], prediction as string),
    };
  },
  perplexity: ({ losses, bytes }) => {
    const scores = perplexityScores(losses as number[][], bytes as number[]);
    return {
      cross_entropy: scores.crossEntropy,
      perplexity: scores.perplexity,
      bits_per_token: scores.bitsPerToken,
      bits_per_byte: scores.bitsPerByte,
      byte_perplexity: scores.bytePerplexity,
      mean_of_document_perplexities: scores.meanOfDocumentPerplexities,
    };
  },
  distinct: ({ texts }) =>
    Object.fromEntries(
      [1, 2, 3].flatMap((n) => {
        const { corpus, sentence } = distinctNgrams(texts as string[][], n);
        return [
          [`distinct_${n}`, corpus],
          [`distinct_${n}_sentence`, sentence],
        ];
      }),
    ),
  retrieval: ({ queries }) =>
    Object.fromEntries([1, 3, 5, 10].map((cut) => [`@${cut}`, retrieval(queries as RankedQuery[], cut)])),
  ndcg_scores: ({ relevance, scores }) => {
    const [gains, own] = [relevance as number[][], scores as number[][]];
    return {
      ndcg: ndcgOfScores(gains, own),
      "ndcg@3": ndcgOfScores(gains, own, { cut: 3 }),
      ndcg_ignore_ties: ndcgOverTieOrders(gains, own),
    };
  },
  sts: ({ a, b, gold }) => similarity(a as number[][], b as number[][], gold as number[]),
  spelling: ({ source_gold_predicted: triples }) => spelling(triples as [string, string, string][]),
};

function classification(gold: ClassLabel[], predicted: ClassLabel[]): object {
  const { labels, counts } = confusionMatrix(gold, predicted);
  const { perClass, macro, micro, weighted } = classificationScores(gold, predicted);
  return {
    accuracy: accuracy(gold, predicted),
    labels,
    confusion: counts,
    matthews: matthewsCorrelation(gold, predicted),
    cohen_kappa: cohenKappa(gold, predicted),
    balanced_accuracy: balancedAccuracy(gold, predicted),
    macro,
    micro,
    weighted,
    per_class: perClass,
    binary_f1: binaryScores(gold, predicted).f1,
  };
}

function regression(x: number[], y: number[]): object {
  return {
    pearson: pearson(x, y),
    spearman: spearman(x, y),
    kendall_tau_b: kendallTau(x, y),
    mse: meanSquaredError(x, y),
    mae: meanAbsoluteError(x, y),
  };
}

interface RecordedQuestion {
  readonly answers: string[];
  readonly prediction: string;
  readonly no_answer_probability: number;
}

function squadSet(questions: Record<string, RecordedQuestion>): object {
  const { exactMatch, f1, total, hasAnswer, noAnswer, best } = squadScores(
    Object.values(questions).map(({ answers, prediction, no_answer_probability: noAnswerScore }) => ({
      answers,
      prediction,
      noAnswerScore,
    })),
  );
  return {
    exact: exactMatch,
    f1,
    total,
    HasAns_exact: hasAnswer.exactMatch,
    HasAns_f1: hasAnswer.f1,
    NoAns_exact: noAnswer.exactMatch,
    NoAns_f1: noAnswer.f1,
    best_exact: best?.exactMatch,
    best_exact_thresh: best?.exactMatchThreshold,
    best_f1: best?.f1,
    best_f1_thresh: best?.f1Threshold,
  };
}

function retrieval(queries: RankedQuery[], cut: number): object {
  const { hitRate, ndcgExponential, ...scores } = retrievalScores(queries, cut);
  return { ...scores, hit_rate: hitRate, ndcg_exponential: ndcgExponential };
}

function similarity(a: number[][], b: number[][], gold: number[]): object {
  const each = (measure: (x: number[], y: number[]) => number): number[] =>
    a.map((vector, at) => measure(vector, b[at] ?? []));
  // The reference rounds before it ranks, so that what differs by rounding alone is a tie.
  const rankCorrelation = (values: number[]): number =>
    spearman(
      values.map((value) => Number(value.toFixed(10))),
      gold,
    );
  const cosine = each(cosineSimilarity);
  return {
    cosine,
    cosine_pearson: pearson(cosine, gold),
    cosine_spearman: rankCorrelation(cosine),
    euclidean_spearman: rankCorrelation(each((x, y) => -euclideanDistance(x, y))),
    manhattan_spearman: rankCorrelation(each((x, y) => -manhattanDistance(x, y))),
    dot_spearman: rankCorrelation(each(dotProduct)),
  };
}

function spelling(triples: [string, string, string][]): object {
  const levels = spellingCorrectionScores(triples.map(([source, gold, predicted]) => ({ source, gold, predicted })));
  const official = ({
    falsePositiveRate,
    ...rest
  }: SentenceSpellingScores & { falsePositiveRate: number }): object => ({
    false_positive_rate: falsePositiveRate,
    ...rest,
  });
  return Object.fromEntries(
    Object.entries(levels).flatMap(([level, scores]) => [
      [`official_${level}`, official(scores.official)],
      [`common_${level}`, scores.common],
      [`character_${level}`, scores.character],
    ]),
  );
}

const seqeval: MetricComputation = ({ true: gold, predicted }, { scheme, mode }) => {
  const strict = mode === "strict" ? (scheme as SpanScheme) : undefined;
  const { perType, macro, micro, weighted, accuracy } = spanScores(gold as string[][], predicted as string[][], strict);
  const types = perType.map(({ type, precision, recall, f1, support }) => [
    type,
    { precision, recall, "f1-score": f1, support },
  ]);
  return { macro, micro, weighted, accuracy, types: Object.fromEntries(types) };
};

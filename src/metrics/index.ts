/** Metrics over plain arrays; every one says its unit. */
export { accuracy, balancedAccuracy } from "./accuracy.ts";
export { type AttachmentScores, attachmentScores, type DependencyParse } from "./attachment-scores.ts";
export { areaUnderRocCurve, averagePrecision } from "./binary-ranking.ts";
export { type BleuOptions, type BleuScore, bleu } from "./bleu.ts";
export { type BleuTokenizer, bleuTokenizers, bleuTokens } from "./bleu-tokenizers.ts";
export {
  type BootstrapInterval,
  type BootstrapOptions,
  bootstrapInterval,
  bootstrapIntervals,
  bootstrapSettings,
} from "./bootstrap.ts";
export { type ChrfOptions, chrf } from "./chrf.ts";
export {
  binaryScores,
  type ClassificationScores,
  type ClassScores,
  classificationScores,
  multiLabelScores,
} from "./classification-scores.ts";
export { characterF1, chineseSegments, cmrcScore } from "./cmrc.ts";
export { cohenKappa } from "./cohen-kappa.ts";
export { type ClassLabel, type ConfusionMatrix, confusionMatrix, sortedLabels } from "./confusion-matrix.ts";
export { kendallTau, pearson, spearman } from "./correlation.ts";
export { type DistinctNgrams, distinctNgrams } from "./distinct-ngrams.ts";
export { type LabelledSpan, lenientSpans, type SpanScheme, spanSchemes, strictSpans } from "./labelled-spans.ts";
export { matthewsCorrelation } from "./matthews-correlation.ts";
export { deviationOf, meanOf } from "./mean-and-deviation.ts";
export { type PerplexityScores, perplexityScores } from "./perplexity.ts";
export { porterStem } from "./porter-stemmer.ts";
export { type AveragedScores, type PrecisionRecallF1, precisionRecallF1 } from "./precision-recall.ts";
export {
  type NdcgOptions,
  ndcgOfScores,
  type RankedQuery,
  type RetrievalScores,
  retrievalScores,
} from "./ranked-retrieval.ts";
export { meanAbsoluteError, meanSquaredError } from "./regression-errors.ts";
export { type RougeOptions, type RougeType, rouge } from "./rouge.ts";
export { type SpanScores, type SpanTypeScores, scoresOfSpans, spanScores } from "./span-scores.ts";
export {
  type SentenceSpellingScores,
  type SpellingScores,
  type SpellingTriple,
  spellingCorrectionScores,
} from "./spelling-correction-scores.ts";
export {
  type AnsweredQuestion,
  type AnswerScores,
  normalizeAnswer,
  type SquadScores,
  squad2Score,
  squadScore,
  squadScores,
} from "./squad.ts";
export {
  type TranslationEditRate,
  type TranslationEditRateOptions,
  translationEditRate,
} from "./translation-edit-rate.ts";
export type { ReferenceLists } from "./translation-references.ts";
export { cosineSimilarity, dotProduct, euclideanDistance, manhattanDistance } from "./vector-similarity.ts";

/** Recorded cases of BLEU, chrF, TER and ROUGE, whose options are the reference's own. */
import {
  type BleuTokenizer,
  bleu,
  bleuTokens,
  chrf,
  porterStem,
  rouge,
  translationEditRate,
} from "../metrics/index.ts";
import { renamedSettings } from "./optimizer-checks.ts";
import type { MetricComputation, MetricOptions } from "./recorded-metric.ts";

/** Settings under our names, without what only says what the case is. */
function optionsOf(options: MetricOptions, names: Readonly<Record<string, string>>): object {
  const { level: _level, ...settings } = options;
  return renamedSettings(settings, names);
}

export const bleuCase: MetricComputation = (input, options) => {
  if (options.level === "tokenizer") {
    return { tokens: bleuTokens(input.text as string, options.tokenize as BleuTokenizer) };
  }
  const { hypotheses, references } = input as unknown as TranslationInput;
  const settings = optionsOf(options, {
    tokenize: "tokenize",
    lowercase: "lowercase",
    smooth_method: "smoothMethod",
    smooth_value: "smoothValue",
    max_ngram_order: "maxNgramOrder",
    effective_order: "effectiveOrder",
  });
  const { brevityPenalty, hypothesisLength, referenceLength, ...score } = bleu(hypotheses, references, settings);
  return { ...score, bp: brevityPenalty, sys_len: hypothesisLength, ref_len: referenceLength };
};

interface TranslationInput {
  readonly hypotheses: string[];
  readonly references: (string | null)[][];
}

export const chrfCase: MetricComputation = (input, options) => {
  const { hypotheses, references } = input as unknown as TranslationInput;
  const settings = optionsOf(options, {
    char_order: "charOrder",
    word_order: "wordOrder",
    beta: "beta",
    lowercase: "lowercase",
    whitespace: "whitespace",
    eps_smoothing: "epsSmoothing",
  });
  return { score: chrf(hypotheses, references, settings) };
};

export const editRateCase: MetricComputation = (input, options) => {
  const { hypotheses, references } = input as unknown as TranslationInput;
  const settings = optionsOf(options, {
    normalized: "normalized",
    no_punct: "noPunct",
    asian_support: "asianSupport",
    case_sensitive: "caseSensitive",
  });
  const { score, edits, referenceLength } = translationEditRate(hypotheses, references, settings);
  return { score, num_edits: edits, ref_length: referenceLength };
};

export const rougeCase: MetricComputation = ({ words, target, targets = target, prediction }, options) => {
  if (options.level === "stemmer") {
    return { stems: (words as string[]).map((word) => (word.length > 3 ? porterStem(word) : word)) };
  }
  const settings = {
    ...optionsOf(options, { use_stemmer: "stem" }),
    types: ["rouge1", "rouge2", "rouge3", "rougeL", "rougeLsum"] as const,
  };
  const scores = Object.entries(rouge(targets as string | string[], prediction as string, settings));
  return Object.fromEntries(scores.map(([type, { f1, ...score }]) => [type, { ...score, fmeasure: f1 }]));
};

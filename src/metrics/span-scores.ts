/**
 * Precision, recall and F1 of the spans that token labels mark, as seqeval and conlleval count them: a span is right if
 * its type and both its ends are.
 *
 * Paper: Tjong Kim Sang and De Meulder 2003, "Introduction to the CoNLL-2003 Shared Task".
 */
import { sortedLabels } from "./confusion-matrix.ts";
import { type LabelledSpan, lenientSpans, type SpanScheme, strictSpans } from "./labelled-spans.ts";
import {
  type AveragedScores,
  averagedScores,
  type PrecisionRecallF1,
  precisionRecallF1,
  ratio,
} from "./precision-recall.ts";
import { checkSameLength } from "./same-length.ts";

export interface SpanTypeScores extends PrecisionRecallF1 {
  readonly type: string;
  /** How often the type is in the gold labels. */
  readonly support: number;
}

export interface SpanScores extends AveragedScores {
  readonly perType: readonly SpanTypeScores[];
  /** Share of the tokens whose label is right. */
  readonly accuracy: number;
}

/**
 * Scores of sentences of labels, shares in [0, 1]. With a scheme only spans that are written exactly so count; without
 * one, conlleval's rules apply.
 */
export function spanScores(
  gold: readonly (readonly string[])[],
  predicted: readonly (readonly string[])[],
  scheme?: SpanScheme,
): SpanScores {
  checkSameLength(gold, predicted);
  const spansOf = (labels: readonly string[]): LabelledSpan[] =>
    scheme === undefined ? lenientSpans(labels) : strictSpans(labels, scheme);
  let [right, tokens] = [0, 0];
  for (const [at, labels] of gold.entries()) {
    checkSameLength(labels, predicted[at] ?? [], "labels");
    right += labels.filter((label, token) => label === predicted[at]?.[token]).length;
    tokens += labels.length;
  }
  return { ...scoresOfSpans(gold.map(spansOf), predicted.map(spansOf)), accuracy: ratio(right, tokens) };
}

/** The same of spans themselves: of each sentence or text those that are there and those that were found. */
export function scoresOfSpans(
  gold: readonly (readonly LabelledSpan[])[],
  predicted: readonly (readonly LabelledSpan[])[],
): AveragedScores & { readonly perType: readonly SpanTypeScores[] } {
  checkSameLength(gold, predicted);
  const counts = new Map<string, { correct: number; predicted: number; gold: number }>();
  const countsOf = (type: string) => {
    const entry = counts.get(type) ?? { correct: 0, predicted: 0, gold: 0 };
    counts.set(type, entry);
    return entry;
  };
  for (const [at, spans] of gold.entries()) {
    const wanted = new Map(spans.map((span) => [keyOf(span), span]));
    const found = new Map((predicted[at] ?? []).map((span) => [keyOf(span), span]));
    for (const { type } of wanted.values()) countsOf(type).gold++;
    for (const [key, { type }] of found) {
      countsOf(type).predicted++;
      if (wanted.has(key)) countsOf(type).correct++;
    }
  }
  const types = sortedLabels(counts.keys()) as string[];
  const classes = types.map(countsOf);
  const perType = classes.map((entry, at) => ({
    type: types[at] ?? "",
    ...precisionRecallF1(entry),
    support: entry.gold,
  }));
  return { perType, ...averagedScores(classes) };
}

function keyOf({ type, start, end }: LabelledSpan): string {
  return `${start} ${end} ${type}`;
}

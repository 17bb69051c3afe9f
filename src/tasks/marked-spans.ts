/**
 * Entities as the tokens that they begin and end with: two questions for each type and token.
 *
 * Paper: Li et al. 2020, "A Unified MRC Framework for Named Entity Recognition", https://arxiv.org/abs/1910.11476, §3.3: a
 * classifier of beginnings and one of ends, and each beginning goes with the nearest end. Departures: types are classes and
 * no questions in words, as in what Chinese benchmarks call BERT-Span; there is no third classifier for pairs.
 */
import { DataError } from "../errors.ts";
import type { PreTrainedConfig } from "../models/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { ClassNames } from "./class-names.ts";
import { sigmoid } from "./yes-or-no.ts";

/** A stretch of a text, in JavaScript string indices, the end not included. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
  readonly label: string;
}

/** One that a model found. */
export interface FoundSpan extends TextSpan {
  /** Probability of its beginning times that of its end, from 0 to 1. */
  readonly score: number;
}

const [begins, ends] = ["start:", "end:"];

/** The names of the classes for these types. */
export function spanClasses(types: Iterable<string>): string[] {
  return [...new Set(types)].flatMap((type) => [begins + type, ends + type]);
}

/** The types that a model knows, with the places of their two classes. Throws a DataError for a model of something else. */
export function spanTypes(config: PreTrainedConfig): readonly { type: string; start: number; end: number }[] {
  const { names } = new ClassNames(config);
  const types = names.filter((name) => name.startsWith(begins as string)).map((name) => name.slice(begins?.length));
  const found = types.map((type) => ({ type, start: names.indexOf(begins + type), end: names.indexOf(ends + type) }));
  if (found.length > 0 && 2 * found.length === names.length && found.every(({ end }) => end >= 0)) return found;
  throw new DataError("The model was not trained for span-extraction.", {
    field: "id2label",
    expected: "classes such as start:PER and end:PER",
    received: names.slice(0, 3).join(", "),
    hint: "Fine-tune a model for it first: cloze finetune span-extraction.",
  });
}

/** A stretch without the spaces at its ends. */
export function trimmed<S extends { readonly start: number; readonly end: number }>(text: string, span: S): S {
  const inside = text.slice(span.start, span.end);
  const start = span.start + (inside.length - inside.trimStart().length);
  return { ...span, start, end: Math.max(start, span.start + inside.trimEnd().length) };
}

/** Places of the first and last token of a stretch; undefined where the window does not hold all of it. */
export function tokensOf(
  { offsetMapping = [] }: Pick<EncodedArrays, "offsetMapping">,
  { start, end }: { readonly start: number; readonly end: number },
): { readonly first: number; readonly last: number } | undefined {
  const holds = (character: number) => (offsets: readonly number[]) =>
    (offsets[0] as number) <= character && character < (offsets[1] as number);
  const [first, last] = [offsetMapping.findIndex(holds(start)), offsetMapping.findLastIndex(holds(end - 1))];
  return first < 0 || last < first ? undefined : { first, last };
}

/** logits [T, C] of a window → its stretches, each beginning with the nearest end. */
export function spansOfWindow(
  { offsetMapping = [] }: Pick<EncodedArrays, "offsetMapping">,
  logits: Float32Array,
  config: Pick<PreTrainedConfig, "numLabels">,
  types: ReturnType<typeof spanTypes>,
): FoundSpan[] {
  const share = (place: number, id: number): number => sigmoid(logits[place * config.numLabels + id] as number);
  const isText = offsetMapping.map(([from = 0, to = 0]) => to > from);
  return types.flatMap(({ type, start, end }) =>
    offsetMapping.flatMap(([from = 0], first) => {
      if (!isText[first] || share(first, start) <= 0.5) return [];
      const last = offsetMapping.findIndex((_, at) => at >= first && isText[at] && share(at, end) > 0.5);
      if (last < 0) return [];
      const to = offsetMapping[last]?.[1] ?? from;
      return [{ start: from, end: to, label: type, score: share(first, start) * share(last, end) }];
    }),
  );
}

/** The stretches of a text's windows in their order, without spaces at their ends; of overlapping ones of a type the surest. */
export function mergedSpans(text: string, windows: readonly (readonly FoundSpan[])[]): FoundSpan[] {
  const all = windows.flatMap((spans) => spans.map((span) => trimmed(text, span))).sort((a, b) => b.score - a.score);
  const kept: FoundSpan[] = [];
  for (const span of all) {
    const overlaps = (other: FoundSpan): boolean =>
      other.label === span.label && other.start < span.end && span.start < other.end;
    if (span.end > span.start && !kept.some(overlaps)) kept.push(span);
  }
  return kept.sort((a, b) => a.start - b.start || a.end - b.end || (a.label < b.label ? -1 : 1));
}

/** The entities of a text, each with its place; those of different types may overlap. */
import { AutoModelForTokenClassification } from "../models/index.ts";
import { type FoundSpan, mergedSpans, spansOfWindow, spanTypes } from "../tasks/marked-spans.ts";
import { spanWindows } from "../tasks/span-extraction.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import { type CallOptions, checkCallOptions, checkTexts } from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, windowBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

/** Options of a call. */
export type SpanExtractionOptions = CallOptions;

export interface ExtractedSpan extends FoundSpan {
  /** `text.slice(start, end)` */
  readonly text: string;
}

/** Gives the entities of a text in their order. Long texts are read in windows. */
export interface SpanExtractionPipeline {
  <const O extends SpanExtractionOptions>(text: string, options?: O): Promise<Told<O, ExtractedSpan[]>>;
  <const O extends SpanExtractionOptions>(texts: readonly string[], options?: O): Promise<Told<O, ExtractedSpan[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadSpanExtraction(source: string, options: PipelineOptions): Promise<SpanExtractionPipeline> {
  const task = "span-extraction";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForTokenClassification });
  const { model, tokenizer, maximumLength: sequenceLength } = parts;
  const types = spanTypes(model.config);

  async function extract(given: string | readonly string[], callOptions: SpanExtractionOptions = {}) {
    checkCallOptions(callOptions, [], task);
    const { batchSize = 16 } = callOptions;
    const texts = checkTexts(given);
    const windows = texts.map((text) => spanWindows(tokenizer, text, { sequenceLength }));
    const all = windows.flat();
    const batches = windowBatches(all, parts, { batchSize });
    const rows = await readRows(batches, all.length, parts, callOptions, ({ logits }, row, { indices }) =>
      spansOfWindow(all[indices[row] as number] as EncodedArrays, rowOf(logits, row), model.config, types),
    );
    const counts = windows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const text = texts[index] as string;
      const spans = mergedSpans(
        text,
        own.map(({ result }) => result),
      );
      const result = spans.map((span) => ({ ...span, text: text.slice(span.start, span.end) }));
      return told({ result, states: own.flatMap(({ states }) => states) }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(extract, { tokenizer, release: () => model.release() }) as SpanExtractionPipeline;
}

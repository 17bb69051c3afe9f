/**
 * Entities as spans: where in a text entities of each type begin and end. Entities of different types may overlap or lie
 * within each other, which labels of words cannot say. How they are told: `marked-spans.ts`.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { DataError } from "../errors.ts";
import { type SymbolicTensor, shapeOf } from "../graph/index.ts";
import { scoresOfSpans } from "../metrics/index.ts";
import { ignoredLabel } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { namedClasses } from "./class-names.ts";
import { rowsTask, specsBeside } from "./labelled-forward.ts";
import {
  type FoundSpan,
  mergedSpans,
  spanClasses,
  spansOfWindow,
  spanTypes,
  tokensOf,
  trimmed,
} from "./marked-spans.ts";
import type { Features, PreparedTask, Task, TaskOptions } from "./task.ts";
import { inputsOfRows, textWindows, tokenRow } from "./token-rows.ts";
import { usualStride } from "./word-windows.ts";
import { yesOrNoLoss } from "./yes-or-no.ts";

type Example = ReadExample<"span-extraction">;

interface SpanFeatures extends Features {
  readonly window: EncodedArrays;
  /** Places in [T, C] of the questions that are answered with yes. */
  readonly positive: readonly number[];
}

export const spanExtraction: Task<"span-extraction", SpanFeatures, readonly FoundSpan[]> = {
  name: "span-extraction",
  settings: ["stride"],
  modelTasks: ["tokenClassification"],

  configuration(examples, _options, config) {
    const types = examples.flatMap(({ entities }) => entities.map(({ label }) => label));
    if (types.length > 0) return namedClasses(spanClasses(types), config);
    throw new DataError("No example has an entity, so there is nothing to find.", {
      field: "entities",
      expected: "entities {start, end, label} in some of the examples",
      received: "none",
      hint: "Add examples with entities.",
    });
  },

  prepare({ config, tokenizer }, options): PreparedTask<Example, SpanFeatures, readonly FoundSpan[]> {
    const types = spanTypes(config);
    const classes = config.numLabels;
    const lossOf = (logits: SymbolicTensor, { labels }: SymbolicInputs) =>
      yesOrNoLoss(logits, labels as SymbolicTensor);
    return {
      mainMetric: "f1",

      features: (examples) =>
        examples.flatMap(({ text, entities }, example) =>
          spanWindows(tokenizer, text, options).map((window) => ({
            ...{ example, window, rows: [tokenRow(window)] },
            positive: entities.flatMap((entity) => {
              const type = types.find((each) => each.type === entity.label);
              const tokens = tokensOf(window, trimmed(text, entity));
              if (type === undefined || tokens === undefined) return [];
              return [tokens.first * classes + type.start, tokens.last * classes + type.end];
            }),
          })),
        ),

      batch(features) {
        const inputs = inputsOfRows(features, tokenizer);
        const [rows = 0, length = 0] = inputs.inputIds?.dims ?? [];
        const labels = new Int32Array(rows * length * classes).fill(ignoredLabel);
        features.forEach(({ window, positive }, row) => {
          const start = row * length * classes;
          for (const [place, [from = 0, to = 0]] of (window.offsetMapping ?? []).entries()) {
            if (to > from) labels.fill(0, start + place * classes, start + (place + 1) * classes);
          }
          for (const place of positive) labels[start + place] = 1;
        });
        return { ...inputs, labels: int64Array(labels, [rows, length, classes]) };
      },

      inputSpecs: (model, batch) =>
        specsBeside(model, batch, { labels: { type: "int64", shape: shapeOf("B", "T", classes) } }),

      ...rowsTask(lossOf, options),

      results({ logits }, batch, features) {
        const data = logits?.data as Float32Array;
        const size = (batch.inputIds?.dims[1] ?? 0) * classes;
        return features.map(({ window }, row) =>
          spansOfWindow(window, data.subarray(row * size, (row + 1) * size), config, types),
        );
      },

      evaluate(examples, features, results) {
        const windows = examples.map((): (readonly FoundSpan[])[] => []);
        features.forEach(({ example }, index) => {
          windows[example]?.push(results[index] as readonly FoundSpan[]);
        });
        const gold = examples.map(({ text, entities }) =>
          entities.map((entity) => ({ ...trimmed(text, entity), type: entity.label })),
        );
        const found = examples.map(({ text }, index) =>
          mergedSpans(text, windows[index] ?? []).map((span) => ({ ...span, type: span.label })),
        );
        const { micro, macro, perType } = scoresOfSpans(gold, found);
        const { precision, recall, f1 } = micro;
        return {
          metrics: { f1, precision, recall, macroF1: macro.f1 },
          classes: perType.map(({ type: name, ...rest }) => ({ name, ...rest })),
        };
      },
    };
  },
};

/** A text as windows that know where their tokens stand in it. */
export function spanWindows(
  tokenizer: Parameters<typeof textWindows>[0],
  text: string,
  options: Pick<TaskOptions, "sequenceLength" | "stride">,
): EncodedArrays[] {
  return textWindows(tokenizer, text, undefined, { ...options, stride: usualStride(options), offsets: true });
}

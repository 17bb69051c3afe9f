/**
 * Relation extraction: what one entity of a text, the head, is to another, the tail.
 *
 * Paper: Baldini Soares et al. 2019, "Matching the Blanks", https://arxiv.org/abs/1906.03158, §3: both entities stand
 * between markers, tokens that are new to the model. Of its ways to read a marked text the usual one here is that with the
 * head for whole texts (`entity markers – [CLS]`): every architecture has that head, GPT's last token included, and what is
 * saved is a classifier like any other, which opens elsewhere and reads marked texts there. The paper found the states at the
 * two opening markers to be better still (`entity markers – entity start`): `entityStarts`, which no published format has.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { balancedWeights, ClassNames, namedClasses, unknownLabels } from "./class-names.ts";
import { indexOfLargest, rowsOf } from "./classified-rows.ts";
import { type EntityPair, entityMarkers, openingMarkers, withEntityMarkers } from "./entity-markers.ts";
import { classLoss, rowsTask } from "./labelled-forward.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { relationFigures } from "./task-figures.ts";
import { inputsOfRows, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"relation-extraction">;

interface RelationFeatures extends Features {
  /** The number of the relation. */
  readonly label: number;
}

export const relationExtraction: Task<"relation-extraction", RelationFeatures, number> = {
  name: "relation-extraction",
  modelTasks: ["sequenceClassification"],
  settings: ["entityStarts"],
  tokens: entityMarkers,

  configuration: (examples, { entityStarts }, config, _modelTask, tokenizer) => ({
    problemType: "single_label_classification",
    ...(entityStarts && { entityStarts: openingMarkers.map((marker) => tokenizer.convertTokensToIds(marker)) }),
    ...namedClasses(
      examples.map(({ label }) => label),
      config,
    ),
  }),

  classWeights: (examples, config) =>
    balancedWeights(
      examples.map(({ label }) => label),
      config,
    ),

  prepare({ config, tokenizer }, options): PreparedTask<Example, RelationFeatures, number> {
    const classes = new ClassNames(config);
    return {
      mainMetric: "microF1",

      features(examples) {
        classes.requireMostKnown(examples.map(({ line, label }) => ({ line, labels: [label] })));
        return examples.map((example, index) => ({
          example: index,
          rows: [tokenRow(markedWindow(example, tokenizer, options.sequenceLength))],
          label: classes.idOrIgnored(example.label),
        }));
      },

      batch: (features) => ({
        ...inputsOfRows(features, tokenizer),
        labels: int64Array(
          Int32Array.from(features, ({ label }) => label),
          [features.length],
        ),
      }),

      ...rowsTask((logits, { labels }) => classLoss(logits, labels as SymbolicTensor, options.classWeights), options),

      results: (outputs, _batch, features) => rowsOf(outputs, features.length).map(indexOfLargest),

      evaluate(examples, _features, results) {
        const gold = examples.map(({ label }) => classes.nameOf(label));
        const predicted = results.map((id) => classes.names[id] as string);
        return { ...relationFigures(gold, predicted), ...unknownLabels(classes, gold) };
      },
    };
  },
};

/** The tokens of a marked text; of one that is too long, the window that shows most of the markers. */
export function markedWindow(pair: EntityPair, tokenizer: Tokenizer, sequenceLength: number): EncodedArrays {
  const windows = textWindows(tokenizer, withEntityMarkers(pair), undefined, {
    sequenceLength,
    stride: sequenceLength >> 1,
  });
  const markerCount = ({ tokens }: EncodedArrays): number =>
    tokens.filter((token) => (entityMarkers as readonly string[]).includes(token)).length;
  return windows.reduce((best, window) => (markerCount(window) > markerCount(best) ? window : best));
}

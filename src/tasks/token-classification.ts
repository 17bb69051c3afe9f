/**
 * Token classification: a label for each word, such as its part of speech or the entity that it belongs to.
 *
 * Papers: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §5.3; and where examples have intents, Chen et al.
 * 2019, "BERT for Joint Intent Classification and Slot Filling", https://arxiv.org/abs/1902.10909: a second head tells the
 * intent of the whole, both losses are added, and an utterance is right if its intent and all its slots are.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { add, type SymbolicTensor } from "../graph/index.ts";
import type { PreTrainedConfig } from "../models/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import { balancedWeights, ClassNames, namedClasses, unknownLabels } from "./class-names.ts";
import { indexOfLargest, rowsOf } from "./classified-rows.ts";
import { classLoss, forwardRows, type RowOutputs, withLanguageModeling } from "./labelled-forward.ts";
import type { PreparedTask, Task, TaskOptions } from "./task.ts";
import { classFigures, entityFigures, jointFigures } from "./task-figures.ts";
import { inputsOfRows, paddedLabels } from "./token-rows.ts";
import { byWord, labelsOfWindow, type WordFeatures, wordLogits, wordWindows } from "./word-windows.ts";

type Example = ReadExample<"token-classification">;

interface TaggedFeatures extends WordFeatures {
  /** [T]: a class at the first token of each word, −100 elsewhere. */
  readonly labels: readonly number[];
  /** The number of the intent; −100 where there is none, and in all windows but the first. */
  readonly intent: number;
}

interface Tags {
  /** The class of each word of a window. */
  readonly words: readonly number[];
  /** Of models that know intents. */
  readonly intent: number | undefined;
}

export const tokenClassification: Task<"token-classification", TaggedFeatures, Tags> = {
  name: "token-classification",
  settings: ["stride"],
  modelTasks: ["tokenClassification"],

  configuration: (examples, _options, config) => ({
    ...namedClasses(
      examples.flatMap(({ labels }) => labels),
      config,
    ),
    intents: intentNames(examples, config),
  }),

  classWeights: (examples, config) =>
    balancedWeights(
      examples.flatMap(({ labels }) => labels),
      config,
    ),

  prepare({ config, tokenizer }, options): PreparedTask<Example, TaggedFeatures, Tags> {
    const classes = new ClassNames(config);
    // A classifier over chosen layers has no second head.
    const intents = config.featureLayers === null ? config.intents : null;
    const ofTokens = areEntities(classes.names) ? "f1" : "accuracy";
    return {
      mainMetric: intents === null ? ofTokens : "sentenceAccuracy",

      features(examples) {
        classes.requireMostKnown(examples);
        return examples.flatMap(({ tokens, labels, intent }, example) => {
          const ids = labels.map((label) => classes.idOrIgnored(label));
          const intentId = intents?.indexOf(intent ?? "") ?? -1;
          return wordWindows(tokenizer, tokens, example, options).map((window, index) => ({
            ...window,
            labels: labelsOfWindow(window, ids),
            intent: index > 0 || intentId < 0 ? ignoredLabel : intentId,
          }));
        });
      },

      batch(features) {
        const inputs = inputsOfRows(features, tokenizer);
        const dims = inputs.inputIds?.dims as readonly number[];
        const labels = paddedLabels(
          features.map((window) => window.labels),
          dims[1] as number,
        );
        const intentIds = Int32Array.from(features, ({ intent }) => intent);
        return {
          ...{ ...inputs, labels: int64Array(labels, dims) },
          ...(intents !== null && { intentLabels: int64Array(intentIds, [features.length]) }),
        };
      },

      loss(model, inputs) {
        const rows = forwardRows(model, inputs);
        return withLanguageModeling(lossOf(rows, inputs, options), model, rows, options.languageModeling);
      },

      outputs(model, inputs) {
        const rows = forwardRows(model, inputs);
        const { logits, intentLogits } = rows;
        return { logits, ...(intentLogits && { intentLogits }), loss: lossOf(rows, inputs, options) };
      },

      results({ logits, intentLogits }, batch, features) {
        const intentRows = intentLogits && rowsOf({ logits: intentLogits }, features.length);
        const dims = batch.inputIds?.dims as readonly number[];
        return wordLogits(logits?.data as Float32Array, dims, features).map((words, row) => ({
          words: words.map(indexOfLargest),
          intent: intentRows && indexOfLargest(intentRows[row] as Float32Array),
        }));
      },

      evaluate(examples, features, results) {
        const tags = byWord(
          features,
          results.map(({ words }) => words),
          examples.map(({ tokens }) => tokens.length),
        );
        const unseen = Math.max(0, classes.names.indexOf("O"));
        const predicted = tags.map((words) => words.map((tag) => classes.names[tag ?? unseen] as string));
        const gold = examples.map(({ labels }) => labels.map((label) => classes.nameOf(label)));
        const figures = areEntities(classes.names)
          ? entityFigures(gold, predicted)
          : classFigures(gold.flat(), predicted.flat());
        const ofIntents =
          intents === null
            ? {}
            : jointFigures(
                examples.map(({ intent }) => intent),
                firstIntents(features, results, intents, examples.length),
                gold.map((labels, at) => labels.every((label, word) => label === predicted[at]?.[word])),
              );
        return {
          ...{ ...figures, metrics: { ...figures.metrics, ...ofIntents } },
          ...unknownLabels(classes, gold.flat()),
        };
      },
    };
  },
};

/** The intents of the examples in order, or the model's own where it knows them all; null where there are fewer than two. */
function intentNames(examples: readonly Example[], { intents: known }: PreTrainedConfig): readonly string[] | null {
  const found = [...new Set(examples.flatMap(({ intent }) => intent ?? []))].sort();
  if (found.length < 2) return null;
  return known !== null && found.every((name) => known.includes(name)) ? known : found;
}

/** The loss of the words' labels and, where the model knows intents, of these. */
function lossOf({ logits, intentLogits }: RowOutputs, inputs: SymbolicInputs, { classWeights }: TaskOptions) {
  const loss = classLoss(logits, inputs.labels as SymbolicTensor, classWeights);
  return intentLogits === undefined
    ? loss
    : add(loss, crossEntropy(intentLogits, inputs.intentLabels as SymbolicTensor));
}

/** The intent that the first window of each example tells. */
function firstIntents(
  features: readonly TaggedFeatures[],
  results: readonly Tags[],
  names: readonly string[],
  count: number,
): (string | undefined)[] {
  const intents = new Array<string | undefined>(count).fill(undefined);
  features.forEach(({ example }, index) => {
    intents[example] ??= names[results[index]?.intent ?? -1];
  });
  return intents;
}

/** Whether labels mark where entities begin and end: B-PER, I-PER, O. */
function areEntities(names: readonly string[]): boolean {
  return names.includes("O") && names.every((name) => name === "O" || /^[BIESLU]-./.test(name));
}

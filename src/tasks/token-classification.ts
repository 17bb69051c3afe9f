/**
 * Token classification: a label for each word, such as its part of speech or the entity that it belongs to.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §5.3.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import { balancedWeights, ClassNames, namedClasses, unknownLabels } from "./class-names.ts";
import { indexOfLargest } from "./classified-rows.ts";
import { classLoss, forwardRows, withLanguageModeling } from "./labelled-forward.ts";
import type { PreparedTask, Task } from "./task.ts";
import { classFigures, entityFigures } from "./task-figures.ts";
import { inputsOfRows, paddedLabels } from "./token-rows.ts";
import { byWord, labelsOfWindow, type WordFeatures, wordLogits, wordWindows } from "./word-windows.ts";

type Example = ReadExample<"token-classification">;

interface TaggedFeatures extends WordFeatures {
  /** [T]: a class at the first token of each word, −100 elsewhere. */
  readonly labels: readonly number[];
}

/** The class of each word of a window. */
type Tags = readonly number[];

export const tokenClassification: Task<"token-classification", TaggedFeatures, Tags> = {
  name: "token-classification",
  modelTasks: ["tokenClassification"],

  configuration: (examples, _options, config) =>
    namedClasses(
      examples.flatMap(({ labels }) => labels),
      config,
    ),

  classWeights: (examples, config) =>
    balancedWeights(
      examples.flatMap(({ labels }) => labels),
      config,
    ),

  prepare({ config, tokenizer }, options): PreparedTask<Example, TaggedFeatures, Tags> {
    const classes = new ClassNames(config);
    return {
      mainMetric: areEntities(classes.names) ? "f1" : "accuracy",

      features(examples) {
        classes.requireMostKnown(examples);
        return examples.flatMap(({ tokens, labels }, example) => {
          const ids = labels.map((label) => classes.idOrIgnored(label));
          return wordWindows(tokenizer, tokens, example, options).map((window) => ({
            ...window,
            labels: labelsOfWindow(window, ids),
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
        return { ...inputs, labels: int64Array(labels, dims) };
      },

      loss(model, inputs) {
        const rows = forwardRows(model, inputs);
        const loss = classLoss(rows.logits, inputs.labels as SymbolicTensor, options.classWeights);
        return withLanguageModeling(loss, model, rows, options.languageModeling);
      },

      outputs(model, inputs) {
        const { logits } = forwardRows(model, inputs);
        return { logits, loss: classLoss(logits, inputs.labels as SymbolicTensor, options.classWeights) };
      },

      results: ({ logits }, batch, features) =>
        wordLogits(logits?.data as Float32Array, batch.inputIds?.dims as readonly number[], features).map((words) =>
          words.map(indexOfLargest),
        ),

      evaluate(examples, features, results) {
        const tags = byWord(
          features,
          results,
          examples.map(({ tokens }) => tokens.length),
        );
        const unseen = Math.max(0, classes.names.indexOf("O"));
        const predicted = tags.map((words) => words.map((tag) => classes.names[tag ?? unseen] as string));
        const gold = examples.map(({ labels }) => labels.map((label) => classes.nameOf(label)));
        const figures = areEntities(classes.names)
          ? entityFigures(gold, predicted)
          : classFigures(gold.flat(), predicted.flat());
        return { ...figures, ...unknownLabels(classes, gold.flat()) };
      },
    };
  },
};

/** Whether labels mark where entities begin and end: B-PER, I-PER, O. */
function areEntities(names: readonly string[]): boolean {
  return names.includes("O") && names.every((name) => name === "O" || /^[BIESLU]-./.test(name));
}

/**
 * Text classification: a class, several, or a number for a text or a pair of texts.
 *
 * Papers: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §4.1: the first token's vector goes through a
 * classifier; Radford et al. 2018 (GPT), §3.2: the last token's does, and where order says nothing both orders are
 * read (figure 1): GPT adds the vectors before the linear layer, which is the same as adding its logits, for it has no bias.
 * Long texts can be read in windows, whose logits are averaged.
 */
import { int64Array, type NamedArray, type ReadExample } from "../data/index.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import { at, reshape, type SymbolicTensor, sum } from "../graph/index.ts";
import { type PreTrainedConfig, rowLoss } from "../models/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import { balancedWeights, ClassNames, type LabelledLine, namedClasses, unknownLabels } from "./class-names.ts";
import { indexOfLargest, rowsOf } from "./classified-rows.ts";
import { atLine } from "./example-lines.ts";
import { classLoss, type RowOutputs, rowsTask } from "./labelled-forward.ts";
import type { Features, LabelOptions, PreparedTask, ProblemType, Task } from "./task.ts";
import { classFigures, classSetFigures, numberFigures } from "./task-figures.ts";
import { inputsOfChoices, inputsOfRows, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"text-classification">;

interface LabelledFeatures extends Features {
  /** The number of a class, 1 and 0 for each class, or a number to be predicted. */
  readonly label: number | readonly number[];
}

/** [C] logits. */
type Logits = Float32Array;

export const textClassification: Task<"text-classification", LabelledFeatures, Logits> = {
  name: "text-classification",
  settings: ["stride", "problemType", "bothOrders"],
  modelTasks: ["sequenceClassification"],

  configuration(examples, options, config) {
    const problemType = problemTypeOf(examples, options);
    const orders = { bothOrders: (options.bothOrders ?? false) || config.bothOrders };
    if (problemType === "regression") return { problemType, numLabels: 1, ...orders };
    return {
      problemType,
      ...orders,
      ...namedClasses(
        examples.flatMap(({ label }) => [label].flat().map(String)),
        config,
      ),
    };
  },

  classWeights: (examples, config) =>
    balancedWeights(
      examples.flatMap(({ label }) => [label].flat().map(String)),
      config,
    ),

  prepare({ config, tokenizer }, options): PreparedTask<Example, LabelledFeatures, Logits> {
    const problemType = problemTypeOfConfig(config);
    const { bothOrders } = config;
    if (bothOrders && options.stride !== undefined) throw windowsOfBothOrders(options.stride);
    const classes = new ClassNames(config);
    const labelOf = labelReader(problemType, classes);
    const lossOf = (logits: SymbolicTensor, { labels }: SymbolicInputs): SymbolicTensor =>
      problemType === "single_label_classification"
        ? classLoss(logits, labels as SymbolicTensor, options.classWeights)
        : rowLoss(logits, labels as SymbolicTensor, config);
    return {
      mainMetric: mainMetrics[problemType],

      features(examples) {
        if (problemType !== "regression") classes.requireMostKnown(examples.map(labelledLine));
        return examples.flatMap(({ text, textPair, label, line }, example) => {
          const own = { example, label: atLine(line, () => labelOf(label)) };
          const windows = textWindows(tokenizer, text, textPair, options);
          if (!bothOrders) return windows.map((window) => ({ ...own, rows: [tokenRow(window)] }));
          const pair = atLine(line, () => requirePair(textPair));
          const turned = textWindows(tokenizer, pair, text, options);
          return [{ ...own, rows: [...windows, ...turned].map(tokenRow) }];
        });
      },

      batch: (features) => ({
        ...(bothOrders ? inputsOfChoices(features, tokenizer) : inputsOfRows(features, tokenizer)),
        labels: labelArray(features, problemType),
      }),

      ...rowsTask(lossOf, options, logitsOf),

      results: (outputs, batch) => rowsOf(outputs, batch.labels?.dims[0] ?? 0),

      evaluate(examples, features, results) {
        const logits = meanByExample(features, results, examples.length);
        if (problemType === "regression") {
          const gold = examples.map(({ label }) => Number(label));
          return numberFigures(
            gold,
            logits.map(([value]) => value as number),
          );
        }
        const gold = examples.map((example) => labelledLine(example).labels.map((label) => classes.nameOf(label)));
        const predicted = logits.map((values) =>
          problemType === "single_label_classification"
            ? [classes.names[indexOfLargest(values)] as string]
            : classes.names.filter((_, id) => (values[id] as number) > 0),
        );
        const figures =
          problemType === "single_label_classification"
            ? classFigures(gold.flat(), predicted.flat())
            : classSetFigures(gold, predicted);
        return { ...figures, ...unknownLabels(classes, gold.flat()) };
      },
    };
  },
};

/** logits [B, C]; of inputs in both orders, [B, 2, T], the sum of both. */
function logitsOf({ logits }: RowOutputs, { inputIds }: SymbolicInputs): SymbolicTensor {
  if (inputIds?.rank !== 3) return logits;
  const each = reshape(logits, { shape: [at(inputIds.shape, 0), at(inputIds.shape, 1), at(logits.shape, 1)] });
  return sum(each, { axes: [1] });
}

function requirePair(textPair: string | undefined): string {
  if (textPair !== undefined) return textPair;
  throw new DataError("There is one text, which has no order.", {
    field: "textPair",
    expected: "a second text: the model reads pairs in both orders",
    received: "nothing",
    hint: "Give a textPair, or train without --both-orders.",
  });
}

function windowsOfBothOrders(stride: number): ConfigurationError {
  return new ConfigurationError("Pairs that are read in both orders are not read in windows.", {
    field: "stride",
    expected: "no stride: long texts are cut",
    received: String(stride),
    hint: "Leave the stride out.",
  });
}

const mainMetrics: Readonly<Record<ProblemType, string>> = {
  regression: "spearman",
  single_label_classification: "accuracy",
  multi_label_classification: "microF1",
};

/** What the labels are, unless the options say so. */
function problemTypeOf(examples: readonly Example[], { problemType }: LabelOptions): ProblemType {
  const lists = examples.filter(({ label }) => Array.isArray(label)).length;
  const numbers = examples.filter(({ label }) => typeof label === "number").length;
  if (problemType === "regression" || numbers > 0) return "regression";
  if (problemType === "single_label_classification" && lists > 0) {
    throw new DataError("Some examples have several labels.", {
      field: "label",
      expected: "one class",
      received: "a list",
      hint: "Say by --problem-type multi_label_classification that several may hold.",
    });
  }
  return problemType ?? (lists > 0 ? "multi_label_classification" : "single_label_classification");
}

function problemTypeOfConfig({ problemType, numLabels }: PreTrainedConfig): ProblemType {
  return problemType ?? (numLabels === 1 ? "regression" : "single_label_classification");
}

function labelledLine({ line, label }: Example): LabelledLine {
  return { line, labels: [label].flat().map(String) };
}

function labelReader(problemType: ProblemType, classes: ClassNames) {
  return (label: Example["label"]): number | readonly number[] => {
    if (problemType === "regression") return Number(label);
    const ids = [label].flat().map((name) => classes.idOrIgnored(String(name)));
    if (problemType === "multi_label_classification") return classes.names.map((_, id) => Number(ids.includes(id)));
    if (ids.length === 1) return ids[0] as number;
    throw new DataError(`There are ${ids.length} labels for one text.`, {
      field: "label",
      expected: "one class: the model tells one from the others",
      received: JSON.stringify(label),
      hint: "Train a model on examples with lists of labels, or give one label.",
    });
  };
}

function labelArray(features: readonly LabelledFeatures[], problemType: ProblemType): NamedArray {
  const values = features.flatMap(({ label }) => label);
  if (problemType === "single_label_classification") return int64Array(Int32Array.from(values), [values.length]);
  const dims = problemType === "regression" ? [values.length] : [features.length, values.length / features.length];
  return { type: "float32", dims, data: Float32Array.from(values) };
}

/** The mean logits of each example's windows. */
function meanByExample(features: readonly Features[], results: readonly Logits[], count: number): Float32Array[] {
  const width = results[0]?.length ?? 0;
  const sums = Array.from({ length: count }, () => new Float32Array(width));
  const windows = new Float64Array(count);
  features.forEach(({ example }, index) => {
    const sum = sums[example] as Float32Array;
    for (const [at, value] of (results[index] as Logits).entries()) sum[at] = (sum[at] as number) + value;
    windows[example] = (windows[example] as number) + 1;
  });
  return sums.map((sum, example) => sum.map((value) => value / (windows[example] as number)));
}

/**
 * Dependency parsing as sequence labelling: of each word which other one it hangs from, and by which relation.
 *
 * Papers: Strzyz, Vilares and Gómez-Rodríguez 2019, "Viable Dependency Parsing as Sequence Labeling",
 * https://arxiv.org/abs/1902.10505; Vilares et al. 2020, "Parsing as Pretraining", https://arxiv.org/abs/2002.01685, for
 * doing so with one linear layer on a pretrained model. Where the head stands, the relation and the part of speech are
 * groups of the layer's results, each with a softmax of its own, so that a parse needs no other tagger, and the folder is
 * that of a token classifier. Departure: labels are not repaired one by one; the best tree by all of them is taken.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { softmax } from "../generation/index.ts";
import { add, type SymbolicTensor, shapeOf, slice } from "../graph/index.ts";
import { accuracy, attachmentScores } from "../metrics/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import { namedClasses } from "./class-names.ts";
import {
  headLabels,
  type LabelClasses,
  type LabelGroup,
  labelGroups,
  parseLabels,
  readParse,
  type WordScores,
} from "./dependency-labels.ts";
import { rowsTask, specsBeside } from "./labelled-forward.ts";
import type { PreparedTask, Task } from "./task.ts";
import { inputsOfRows, paddedLabels } from "./token-rows.ts";
import { byWord, labelsOfWindow, type WordFeatures, wordLogits, wordWindows } from "./word-windows.ts";

type Example = ReadExample<"dependency-parsing">;

interface ParsedFeatures extends WordFeatures {
  /** Of each group the class at the first token of each word, −100 elsewhere and where the model knows none, [T]. */
  readonly labels: Readonly<Record<LabelGroup, readonly number[]>>;
}

const labelNames = { head: "headLabels", relation: "relationLabels", partOfSpeech: "tagLabels" } as const;
const groupNames = Object.keys(labelNames) as LabelGroup[];

export const dependencyParsing: Task<"dependency-parsing", ParsedFeatures, readonly WordScores[]> = {
  name: "dependency-parsing",
  settings: ["stride"],
  modelTasks: ["tokenClassification"],

  configuration(examples, _options, config) {
    const withTags = examples.every(({ partsOfSpeech }) => partsOfSpeech !== undefined);
    return namedClasses(
      examples.flatMap((example) => parseLabels(example, withTags)),
      config,
    );
  },

  prepare({ config, tokenizer }, options): PreparedTask<Example, ParsedFeatures, readonly WordScores[]> {
    const classes = labelGroups(config);
    const used = groupNames.filter((group) => classes[group].names.length > 0);
    const lossOf = (logits: SymbolicTensor, inputs: SymbolicInputs): SymbolicTensor =>
      used
        .map((group) => {
          const { start, names } = classes[group];
          const own = slice(logits, { axis: 2, start, length: names.length });
          return crossEntropy(own, inputs[labelNames[group]] as SymbolicTensor);
        })
        .reduce((sum, each) => add(sum, each));
    return {
      mainMetric: "las",

      features: (examples) =>
        examples.flatMap((example, index) => {
          const ids = labelIds(example, classes);
          return wordWindows(tokenizer, example.tokens, index, options).map((window) => ({
            ...window,
            labels: {
              head: labelsOfWindow(window, ids.head),
              relation: labelsOfWindow(window, ids.relation),
              partOfSpeech: labelsOfWindow(window, ids.partOfSpeech),
            },
          }));
        }),

      batch(features) {
        const inputs = inputsOfRows(features, tokenizer);
        const dims = inputs.inputIds?.dims as readonly number[];
        const entries = used.map((group) => {
          const labels = features.map((window) => window.labels[group]);
          return [labelNames[group], int64Array(paddedLabels(labels, dims[1] as number), dims)];
        });
        return { ...inputs, ...Object.fromEntries(entries) };
      },

      inputSpecs: (model, batch) =>
        specsBeside(model, batch, Object.fromEntries(used.map((group) => [labelNames[group], perToken]))),

      ...rowsTask(lossOf, options),

      results: ({ logits }, batch, features) =>
        wordLogits(logits?.data as Float32Array, batch.inputIds?.dims as readonly number[], features).map((words) =>
          words.map((values) => wordScores(values, classes)),
        ),

      evaluate(examples, features, results) {
        const counts = examples.map(({ tokens }) => tokens.length);
        const parses = byWord(features, results, counts).map((words) => readParse(words, classes));
        const { uas, las } = attachmentScores(examples, parses);
        const tagged = examples.flatMap(({ partsOfSpeech = [] }, index) =>
          partsOfSpeech.map((gold, word) => ({ gold, predicted: parses[index]?.partsOfSpeech?.[word] })),
        );
        const isTagged = tagged.some(({ predicted }) => predicted !== undefined);
        const tags = accuracy(
          tagged.map(({ gold }) => gold),
          tagged.map(({ predicted }) => predicted ?? ""),
        );
        return { metrics: { uas, las, ...(isTagged && { partOfSpeechAccuracy: tags }) } };
      },
    };
  },
};

const perToken = { type: "int64", shape: shapeOf("B", "T") } as const;

/** The numbers of a parse's classes, −100 for those that the model was not trained on. */
function labelIds(
  { heads, relations, partsOfSpeech }: Example,
  { head, relation, partOfSpeech }: Readonly<Record<LabelGroup, LabelClasses>>,
): Readonly<Record<LabelGroup, readonly number[]>> {
  const isTagged = partOfSpeech.names.length > 0;
  // Where the model tells heads by parts of speech, a sentence without these tells it nothing of heads.
  const encoded =
    isTagged && partsOfSpeech === undefined ? [] : headLabels(heads, isTagged ? partsOfSpeech : undefined);
  const idsOf = (labels: readonly string[], { idOf }: LabelClasses): number[] =>
    heads.map((_, word) => idOf.get(labels[word] ?? "") ?? ignoredLabel);
  return {
    head: idsOf(encoded, head),
    relation: idsOf(relations, relation),
    partOfSpeech: idsOf(partsOfSpeech ?? [], partOfSpeech),
  };
}

/** logits [C] of a word → the logarithms of each group's probabilities. */
export function wordScores(logits: Float32Array, classes: Readonly<Record<LabelGroup, LabelClasses>>): WordScores {
  const scoresOf = ({ start, names }: LabelClasses): Float64Array =>
    softmax(logits.subarray(start, start + names.length)).map((share) => Math.log(Math.max(share, Number.MIN_VALUE)));
  return {
    head: scoresOf(classes.head),
    relation: scoresOf(classes.relation),
    partOfSpeech: scoresOf(classes.partOfSpeech),
  };
}

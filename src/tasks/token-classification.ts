/**
 * Token classification: a label for each word, such as its part of speech or the entity that it belongs to.
 *
 * Paper: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §5.3: a word is labelled by its first token; the
 * other tokens count for nothing. Long texts are read in overlapping windows: a word takes the label of the window in which
 * it stands farthest from the borders.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import type { OutputArrays } from "../objectives/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { balancedWeights, ClassNames, namedClasses, unknownLabels } from "./class-names.ts";
import { indexOfLargest } from "./classified-rows.ts";
import { classLoss, forwardRows, withLanguageModeling } from "./labelled-forward.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { classFigures, entityFigures } from "./task-figures.ts";
import { inputsOfRows, paddedLabels, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"token-classification">;

interface TaggedFeatures extends Features {
  /** [T]: a class at the first token of each word, −100 elsewhere. */
  readonly labels: readonly number[];
  /** The place of each word's first token, and the word's number. */
  readonly words: readonly { readonly place: number; readonly word: number }[];
}

/** The class of each word of a window. */
type Tags = readonly number[];

/** Tokens that windows share, unless the options say so. */
const defaultStride = 32;

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
    const stride = options.stride ?? Math.min(defaultStride, options.sequenceLength >> 2);
    return {
      mainMetric: areEntities(classes.names) ? "f1" : "accuracy",

      features(examples) {
        classes.requireMostKnown(examples);
        return examples.flatMap(({ tokens, labels }, example) => {
          const ids = labels.map((label) => classes.idOrIgnored(label));
          return textWindows(tokenizer, tokens, undefined, { ...options, stride }).map((window, index, all) =>
            taggedWindow(window, all[index - 1], ids, example),
          );
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
        return { logits, loss: classLoss(logits, inputs.labels as SymbolicTensor, undefined) };
      },

      results: (outputs, batch, features) => tagsOf(outputs, batch.inputIds?.dims as readonly number[], features),

      evaluate(examples, features, results) {
        const tags = tagsByExample(
          features,
          results,
          examples.map(({ tokens }) => tokens.length),
        );
        // A word without tokens, such as a lone control character, was not seen.
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

function taggedWindow(
  window: EncodedArrays,
  before: EncodedArrays | undefined,
  ids: readonly number[],
  example: number,
): TaggedFeatures {
  const words: { place: number; word: number }[] = [];
  // A further window may begin inside a word.
  const first = window.wordIds.find((word) => word !== null) ?? null;
  const begun = before?.wordIds.includes(first) ? first : null;
  const labels = window.wordIds.map((word, place) => {
    if (word === null || word === begun || word === window.wordIds[place - 1]) return -100;
    words.push({ place, word });
    return ids[word] as number;
  });
  return { example, rows: [tokenRow(window)], labels, words };
}

/** logits [B, T, C] → the likeliest class at each word's first token. */
function tagsOf({ logits }: OutputArrays, dims: readonly number[], features: readonly TaggedFeatures[]): Tags[] {
  const data = logits?.data as Float32Array;
  const [rows = 0, length = 0] = dims;
  const width = data.length / (rows * length);
  return features.map(({ words }, row) =>
    words.map(({ place }) => {
      const start = (row * length + place) * width;
      return indexOfLargest(data.subarray(start, start + width));
    }),
  );
}

/** The tags of each example's words, from the window that shows most of what is around a word. */
function tagsByExample(
  features: readonly TaggedFeatures[],
  results: readonly Tags[],
  wordCounts: readonly number[],
): (number | undefined)[][] {
  const tags = wordCounts.map((count) => new Array<number | undefined>(count).fill(undefined));
  const contexts = wordCounts.map((count) => new Int32Array(count).fill(-1));
  features.forEach(({ example, rows, words }, index) => {
    const length = rows[0]?.inputIds.length ?? 0;
    words.forEach(({ place, word }, at) => {
      const context = Math.min(place, length - place);
      const known = contexts[example] as Int32Array;
      if (context <= (known[word] as number)) return;
      known[word] = context;
      (tags[example] as (number | undefined)[])[word] = results[index]?.[at];
    });
  });
  return tags;
}

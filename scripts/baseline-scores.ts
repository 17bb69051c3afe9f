/** What baselines reach on a task's rows, by the metrics of fine-tuning. */
import type { ReadExample } from "../src/data/index.ts";
import { classFigures, entityFigures, numberFigures } from "../src/tasks/task-figures.ts";
import type { DataSet } from "./data-sets.ts";
import { majorityClass, pairTerms, tokenTerms, trainTfidfClassifier, wordTerms } from "./text-baselines.ts";

export interface BaselineScores {
  /** The most frequent class; of words the most frequent label of each, of unknown words that of all. */
  readonly majority?: number;
  /** Logistic regression over TF-IDF; of words over the word, its neighbours and how it is written. */
  readonly regression?: number;
  /** Of scores of pairs: the cosine of their TF-IDF vectors. */
  readonly cosine?: number;
}

type Text = ReadExample<"text-classification">;
type Sentence = ReadExample<"token-classification">;

/** Undefined where a baseline has nothing to say, as about answers in a text. */
export function baselineScores(dataSet: DataSet, training: readonly unknown[], heldOut: readonly unknown[]) {
  if (dataSet.problemType === "regression")
    return scoreBaselines(training as Text[], heldOut as Text[], dataSet.metric);
  if (dataSet.task === "text-classification") {
    return textBaselines(training as Text[], heldOut as Text[], dataSet.metric);
  }
  if (dataSet.task === "token-classification") {
    return wordBaselines(training as Sentence[], heldOut as Sentence[], dataSet.metric);
  }
  return dataSet.task === "multiple-choice" ? choiceBaselines(training as Choices[], heldOut as Choices[]) : {};
}

function textBaselines(training: readonly Text[], heldOut: readonly Text[], metric: string): BaselineScores {
  const labels = training.map(({ label }) => String(label));
  const gold = heldOut.map(({ label }) => String(label));
  const majority = majorityClass(labels);
  const classifier = trainTfidfClassifier(training.map(termsOf), labels);
  const score = (predicted: string[]) => classFigures(gold, predicted).metrics[metric] as number;
  return {
    majority: score(gold.map(() => majority)),
    regression: score(heldOut.map((text) => classifier.predict(termsOf(text)))),
  };
}

function termsOf({ text, textPair }: Text): string[] {
  return textPair === undefined ? wordTerms(text) : pairTerms(wordTerms(text), wordTerms(textPair));
}

function wordBaselines(training: readonly Sentence[], heldOut: readonly Sentence[], metric: string): BaselineScores {
  const words = training.flatMap(({ tokens, labels }) =>
    labels.map((label, at) => ({ label, word: tokens[at] as string, terms: tokenTerms(tokens, at) })),
  );
  const labels = words.map(({ label }) => label);
  const labelsOfWords = new Map<string, string[]>();
  for (const { word, label } of words) labelsOfWords.set(word, [...(labelsOfWords.get(word) ?? []), label]);
  const usual = new Map([...labelsOfWords].map(([word, found]) => [word, majorityClass(found)]));
  const majority = majorityClass(labels);
  const classifier = trainTfidfClassifier(
    words.map(({ terms }) => terms),
    labels,
  );
  const gold = heldOut.map((sentence) => sentence.labels);
  const score = (predicted: string[][]): number => {
    const figures = metric === "f1" ? entityFigures(gold, predicted) : classFigures(gold.flat(), predicted.flat());
    return figures.metrics[metric] as number;
  };
  return {
    majority: score(heldOut.map(({ tokens }) => tokens.map((token) => usual.get(token) ?? majority))),
    regression: score(heldOut.map(({ tokens }) => tokens.map((_, at) => classifier.predict(tokenTerms(tokens, at))))),
  };
}

/** Weights are those of the training texts. */
function scoreBaselines(training: readonly Text[], heldOut: readonly Text[], metric: string): BaselineScores {
  const texts = training.flatMap(({ text, textPair }) => [text, textPair ?? ""]);
  const { vectorize } = trainTfidfClassifier(
    texts.map(wordTerms),
    texts.map((_, at) => String(at % 2)),
  );
  const cosines = heldOut.map(({ text, textPair = "" }) => {
    const [first, second] = [text, textPair].map((each) => vectorize(wordTerms(each))) as [SparseRow, SparseRow];
    const weights = new Map(Array.from(first.indices, (index, at) => [index, first.values[at] as number]));
    return Array.from(second.indices).reduce(
      (sum, index, at) => sum + (weights.get(index) ?? 0) * (second.values[at] as number),
      0,
    );
  });
  const gold = heldOut.map(({ label }) => Number(label));
  return { cosine: numberFigures(gold, cosines).metrics[metric] as number };
}

type SparseRow = ReturnType<ReturnType<typeof trainTfidfClassifier>["vectorize"]>;
type Choices = ReadExample<"multiple-choice">;

/** The place at which the right choice most often stands. */
function choiceBaselines(training: readonly Choices[], heldOut: readonly Choices[]): BaselineScores {
  const majority = majorityClass(training.map(({ label }) => String(label)));
  return { majority: heldOut.filter(({ label }) => String(label) === majority).length / heldOut.length };
}

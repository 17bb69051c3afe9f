/**
 * Question answering: where in a context the answer begins and ends, or that it is not there.
 *
 * Papers: Devlin et al. 2019 (BERT), https://arxiv.org/abs/1810.04805, §4.2 and §4.3: two scores for each token; "not
 * there" is an answer at the first token. Rajpurkar et al. 2016 and 2018 (SQuAD), whose figures are reported; for Chinese
 * those of CMRC 2018.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { cmrcScore, squadScores } from "../metrics/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { OutputArrays, SymbolicInputs } from "../objectives/index.ts";
import type { EncodedArrays } from "../tokenizers/index.ts";
import { atLine } from "./example-lines.ts";
import { type AnsweredWindow, extractAnswers } from "./extracted-answers.ts";
import { questionWindows } from "./question-windows.ts";
import type { Features, PreparedTask, Task, TaskEvaluation } from "./task.ts";
import { inputsOfRows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"question-answering">;

interface QuestionFeatures extends Features {
  readonly window: EncodedArrays;
  /** Places of the answer's first and last token; 0 and 0 where the window does not hold it. */
  readonly start: number;
  readonly end: number;
}

/** Most tokens of an answer. */
const longestAnswer = 30;
/** Tokens that windows share unless the options say so, but no more than a quarter of a window. */
const usualStride = 128;

export const questionAnswering: Task<"question-answering", QuestionFeatures, AnsweredWindow> = {
  name: "question-answering",
  settings: ["stride"],
  modelTasks: ["questionAnswering"],
  configuration: () => ({ numLabels: 2 }),

  prepare({ tokenizer }, options): PreparedTask<Example, QuestionFeatures, AnsweredWindow> {
    const { sequenceLength } = options;
    const docStride = options.stride ?? Math.min(usualStride, sequenceLength >> 2);
    return {
      mainMetric: "f1",

      features: (examples) =>
        examples.flatMap((example, index) =>
          atLine(example.line, () =>
            questionWindows(example, tokenizer, { maxSeqLen: sequenceLength, docStride }).map((window) => ({
              example: index,
              rows: [tokenRow(window)],
              window,
              ...answerTokens(window, example),
            })),
          ),
        ),

      batch: (features) => ({
        ...inputsOfRows(features, tokenizer),
        startPositions: positions(features.map(({ start }) => start)),
        endPositions: positions(features.map(({ end }) => end)),
      }),

      loss: (model, inputs) => forwardSpans(model, inputs).loss,
      outputs: forwardSpans,
      results: (outputs, _batch, features) => answeredWindows(outputs, features),

      evaluate(examples, features, results) {
        const windows = examples.map((): AnsweredWindow[] => []);
        features.forEach(({ example }, index) => {
          windows[example]?.push(results[index] as AnsweredWindow);
        });
        const handleImpossibleAnswer = examples.some(({ answers }) => answers.length === 0);
        const settings = { topK: 1, maxAnswerLen: longestAnswer, handleImpossibleAnswer, alignToWords: true };
        const predictions = examples.map(({ context }, index) => {
          const of = { ...settings, clsTokenId: tokenizer.clsTokenId };
          return extractAnswers(context, windows[index] as AnsweredWindow[], of)[0]?.answer ?? "";
        });
        return answerFigures(examples, predictions);
      },
    };
  },
};

function forwardSpans(model: AnyModel, inputs: SymbolicInputs) {
  const { loss, startLogits, endLogits } = model.forward(inputs);
  return { loss, startLogits, endLogits };
}

function positions(places: readonly number[]) {
  return int64Array(Int32Array.from(places), [places.length]);
}

/** The tokens that the first answer begins and ends in. */
function answerTokens(
  { offsetMapping = [], sequenceIds }: EncodedArrays,
  { answers }: Example,
): { readonly start: number; readonly end: number } {
  const [answer] = answers;
  const none = { start: 0, end: 0 };
  if (answer === undefined || answer.start < 0) return none;
  const [from, to] = [answer.start, answer.start + answer.text.length];
  const holds = (character: number) => (offsets: readonly number[], place: number) =>
    sequenceIds[place] === 1 && (offsets[0] as number) <= character && character < (offsets[1] as number);
  // An answer may begin with a space that no token holds.
  const firstOf = [...answer.text].findIndex((character) => character.trim() !== "");
  const start = offsetMapping.findIndex(holds(from + Math.max(0, firstOf)));
  const end = offsetMapping.findLastIndex(holds(to - 1));
  return start < 0 || end < start ? none : { start, end };
}

/** startLogits and endLogits [B, T] → those of each window's own tokens. */
function answeredWindows({ startLogits, endLogits }: OutputArrays, features: readonly QuestionFeatures[]) {
  const rowOf = (logits: OutputArrays[string] | undefined, row: number, length: number): Float32Array => {
    const data = logits?.data as Float32Array;
    const width = data.length / features.length;
    return data.slice(row * width, row * width + length);
  };
  return features.map(({ window }, row): AnsweredWindow => {
    const { length } = window.inputIds;
    return { window, startLogits: rowOf(startLogits, row, length), endLogits: rowOf(endLogits, row, length) };
  });
}

/** Shares from 0 to 1. */
function answerFigures(examples: readonly Example[], predictions: readonly string[]): TaskEvaluation {
  const questions = examples.map(({ answers }, index) => ({
    answers: answers.map(({ text }) => text),
    prediction: predictions[index] as string,
  }));
  if (examples.some(({ context }) => /\p{Script=Han}/u.test(context))) {
    const scores = questions.map(({ answers, prediction }) => cmrcScore(answers, prediction));
    const mean = (key: "exactMatch" | "f1"): number =>
      scores.reduce((sum, score) => sum + score[key], 0) / (100 * scores.length);
    return { metrics: { exactMatch: mean("exactMatch"), f1: mean("f1") } };
  }
  const { exactMatch, f1, hasAnswer, noAnswer } = squadScores(questions);
  const apart = {
    hasAnswerF1: hasAnswer.f1 / 100,
    noAnswerF1: noAnswer.f1 / 100,
  };
  return { metrics: { exactMatch: exactMatch / 100, f1: f1 / 100, ...(noAnswer.total > 0 && apart) } };
}

/** Answers to questions, as stretches of a context: as the question-answering pipeline of transformers 4 gives them. */
import { AutoModelForQuestionAnswering } from "../models/index.ts";
import { type AnsweredWindow, type ExtractedAnswer, extractAnswers } from "../tasks/extracted-answers.ts";
import { type QuestionAndContext, questionWindows } from "../tasks/question-windows.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import {
  type CallOptions,
  checkCallOptions,
  checkCount,
  checkFields,
  checkFilled,
  checkSwitch,
  optionError,
} from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, windowBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

export interface QuestionAnsweringOptions extends CallOptions {
  /** How many answers, the best first; 1. With another number the result is a list; it can be shorter. */
  readonly topK?: number | undefined;
  /** Most tokens of an answer; 15. */
  readonly maxAnswerLen?: number | undefined;
  /** Most tokens of a window, question included; 384, or what the model takes if that is less. */
  readonly maxSeqLen?: number | undefined;
  /** Tokens that a window of a long context shares with the one before; half a window, at most 128. */
  readonly docStride?: number | undefined;
  /** Whether the answer can be that there is none: an empty one; false. */
  readonly handleImpossibleAnswer?: boolean | undefined;
  /** Whether answers grow to whole words; true. */
  readonly alignToWords?: boolean | undefined;
}
const optionNames = [
  ...["topK", "maxAnswerLen", "maxSeqLen", "docStride", "handleImpossibleAnswer", "alignToWords"],
] as const;

/** An answer, or with `topK` a list of them. */
type Answers<O> = O extends { topK: infer K }
  ? K extends 1 | undefined
    ? ExtractedAnswer
    : number extends K
      ? ExtractedAnswer | ExtractedAnswer[]
      : ExtractedAnswer[]
  : ExtractedAnswer;

/** `answer(question, context)`, or objects that hold both. */
export interface QuestionAnsweringPipeline {
  <const O extends QuestionAnsweringOptions>(
    question: string,
    context: string,
    options?: O,
  ): Promise<Told<O, Answers<O>>>;
  <const O extends QuestionAnsweringOptions>(input: QuestionAndContext, options?: O): Promise<Told<O, Answers<O>>>;
  <const O extends QuestionAnsweringOptions>(
    inputs: readonly QuestionAndContext[],
    options?: O,
  ): Promise<Told<O, Answers<O>>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadQuestionAnswering(
  source: string,
  options: PipelineOptions,
): Promise<QuestionAnsweringPipeline> {
  const task = "question-answering";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForQuestionAnswering });
  const { model, tokenizer } = parts;

  async function answer(given: unknown, ...rest: readonly unknown[]) {
    const isQuestion = typeof given === "string";
    const callOptions = ((isQuestion ? rest[1] : rest[0]) ?? {}) as QuestionAnsweringOptions;
    const settings = readOptions(callOptions, task, parts.maximumLength);
    const inputs = isQuestion ? { question: given, context: rest[0] } : given;
    const questions = (Array.isArray(inputs) ? inputs : [inputs]).map(checkInput);
    const windows = questions.map((question) => questionWindows(question, tokenizer, settings));
    const all = windows.flat();
    const batches = windowBatches(all, parts, settings);
    const rows = await readRows(batches, all.length, parts, callOptions, (outputs, row, { indices }) =>
      answeredWindow(all[indices[row] as number] as EncodedArrays, outputs, row),
    );
    const counts = windows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const { context } = questions[index] as QuestionAndContext;
      const answered = own.map(({ result }) => result);
      const answers = extractAnswers(context, answered, { ...settings, clsTokenId: tokenizer.clsTokenId });
      const result = settings.topK === 1 ? (answers[0] ?? noAnswer) : answers;
      return told({ result, states: own.flatMap(({ states }) => states) }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(answer, { tokenizer, release: () => model.release() }) as QuestionAnsweringPipeline;
}

/** Of a context without a token that could be an answer. */
const noAnswer: ExtractedAnswer = { score: 0, start: 0, end: 0, answer: "" };

function readOptions(options: QuestionAnsweringOptions, task: string, maximumLength: number) {
  checkCallOptions(options, optionNames, task);
  const { topK = 1, maxAnswerLen = 15, handleImpossibleAnswer = false, alignToWords = true, batchSize = 16 } = options;
  const { maxSeqLen = Math.min(maximumLength, 384) } = options;
  const { docStride = Math.min(Math.floor(maxSeqLen / 2), 128) } = options;
  for (const [name, value] of Object.entries({ topK, maxAnswerLen, maxSeqLen })) checkCount(name, value);
  checkCount("docStride", docStride, 0);
  checkSwitch("handleImpossibleAnswer", handleImpossibleAnswer);
  checkSwitch("alignToWords", alignToWords);
  if (maxSeqLen > maximumLength) {
    throw optionError("maxSeqLen", `at most the ${maximumLength} tokens that the model takes`, maxSeqLen);
  }
  return { topK, maxAnswerLen, maxSeqLen, docStride, handleImpossibleAnswer, alignToWords, batchSize };
}

function checkInput(input: unknown): QuestionAndContext {
  const example = '{ question: "Who won?", context: "Ann won the race." }';
  const { question, context } = checkFields(input, ["question", "context"], example);
  return { question: checkFilled(question, "question"), context: checkFilled(context, "context") };
}

function answeredWindow(
  window: EncodedArrays,
  { startLogits, endLogits }: Readonly<Record<string, Parameters<typeof rowOf>[0]>>,
  row: number,
): AnsweredWindow {
  const { length } = window.inputIds;
  return {
    window,
    startLogits: rowOf(startLogits, row).slice(0, length),
    endLogits: rowOf(endLogits, row).slice(0, length),
  };
}

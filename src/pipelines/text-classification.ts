/** Which class a text, or a pair of texts, belongs to: how likely each is, or a number. */
import { softmax } from "../generation/index.ts";
import { AutoModelForSequenceClassification } from "../models/index.ts";
import { sigmoid } from "../tasks/yes-or-no.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type AskingForStates, asksForStates, type Told, told, type WithStates } from "./inner-states.ts";
import { type CallOptions, checkCallOptions, checkChoice, checkCount, checkText } from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, type TextPair, textBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

/** How logits become scores. */
export const scoreFunctions = ["softmax", "sigmoid", "none"] as const;
export type ScoreFunction = (typeof scoreFunctions)[number];

export interface TextClassificationOptions extends CallOptions {
  /** How many classes to tell, the likeliest first; 1. `null` is all of them. */
  readonly topK?: number | null | undefined;
  /**
   * When left out, as the folder's `problem_type` says: `softmax` for one class of several, `sigmoid` for several at a time,
   * `none` for a regression. Without one, `sigmoid` for a head with one output and `softmax` for others.
   */
  readonly functionToApply?: ScoreFunction | undefined;
}

/** A text, or two that are judged together. */
export type TextClassificationInput = string | TextPair;

export interface ClassScore {
  label: string;
  /** From 0 to 1; of a regression, the number itself. */
  score: number;
}

/** Of each text its best class, or with `topK` a list of them. */
type ResultsOfTexts<O> = O extends { topK: infer K }
  ? K extends 1 | undefined
    ? ClassScore
    : number extends K
      ? ClassScore | ClassScore[]
      : ClassScore[]
  : ClassScore;

/**
 * Gives a list of classes for one text, the likeliest first. For an array of texts, gives the likeliest class of each, or
 * with a `topK` other than 1 a list for each; so it does beside hidden states and attentions.
 */
export interface TextClassificationPipeline {
  <const O extends TextClassificationOptions>(
    input: TextClassificationInput,
    options?: O,
  ): Promise<Told<O, ClassScore[]>>;
  <const O extends TextClassificationOptions>(
    inputs: readonly TextClassificationInput[],
    options?: O,
  ): Promise<(O extends AskingForStates ? WithStates<ClassScore[]> : ResultsOfTexts<O>)[]>;
  readonly tokenizer: Tokenizer;
  /** How logits become scores where a call does not say. */
  readonly functionToApply: ScoreFunction;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadTextClassification(
  source: string,
  options: PipelineOptions,
): Promise<TextClassificationPipeline> {
  const task = "text-classification";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForSequenceClassification });
  const { model, tokenizer } = parts;
  const usual = usualFunction(model.config);

  async function classify(
    given: TextClassificationInput | readonly TextClassificationInput[],
    callOptions: TextClassificationOptions = {},
  ) {
    checkCallOptions(callOptions, ["topK", "functionToApply"], task);
    const { topK = 1, batchSize = 16, functionToApply = usual } = callOptions;
    if (topK !== null) checkCount("topK", topK);
    checkChoice("functionToApply", functionToApply, scoreFunctions);
    const pairs = (Array.isArray(given) ? given : [given]).map(checkInput);
    const orders = pairs.map((pair) => ordersOf(pair, model.config.bothOrders));
    const all = orders.flat();
    const read = await readRows(
      textBatches(all, parts, { batchSize }),
      all.length,
      parts,
      callOptions,
      (outputs, row) => rowOf(outputs.logits, row).slice(),
    );
    const counts = orders.map(({ length }) => length);
    const rows = rowsOfEach(read, counts).map((own) => {
      const scores = classScores(sumOf(own.map(({ result }) => result)), functionToApply, labelsOf(model.config));
      return { result: scores.slice(0, topK ?? undefined), states: own.flatMap(({ states }) => states) };
    });
    if (!Array.isArray(given)) return told(rows[0] as WithStates<ClassScore[]>, callOptions);
    // As in transformers.js: one class of each text is not wrapped in a list.
    if (topK !== 1 || asksForStates(callOptions)) return rows.map((row) => told(row, callOptions));
    return rows.map(({ result }) => result[0]);
  }
  const rest = { tokenizer, functionToApply: usual, release: () => model.release() };
  return Object.assign(classify, rest) as TextClassificationPipeline;
}

/** The pair, or of a model that reads both orders the pair and its turned self. */
function ordersOf({ text, textPair }: TextPair, bothOrders: boolean): TextPair[] {
  if (textPair === undefined) return [{ text }];
  const given = { text, textPair };
  return bothOrders ? [given, { text: textPair, textPair: text }] : [given];
}

function sumOf(logits: readonly Float32Array[]): Float32Array {
  const [first = new Float32Array(), ...others] = logits;
  return others.reduce((sum, each) => sum.map((value, at) => value + (each[at] as number)), first);
}

function checkInput(input: unknown): TextPair {
  if (typeof input !== "object" || input === null || !("text" in input)) return { text: checkText(input, "text") };
  const { text, textPair } = input as { text: unknown; textPair?: unknown };
  return {
    text: checkText(text, "text"),
    ...(textPair !== undefined && { textPair: checkText(textPair, "textPair") }),
  };
}

interface ClassNames {
  readonly id2label: Readonly<Record<number, string>>;
}

/** Names of the classes by their numbers. */
export function labelsOf({ id2label }: ClassNames): (id: number) => string {
  return (id) => id2label[id] ?? `LABEL_${id}`;
}

function usualFunction({ problemType, numLabels }: { problemType: string | null; numLabels: number }): ScoreFunction {
  if (problemType === "regression") return "none";
  if (problemType === "multi_label_classification" || numLabels === 1) return "sigmoid";
  return "softmax";
}

/** The classes' scores, the highest first. */
export function classScores(
  logits: Float32Array,
  scoreFunction: ScoreFunction,
  labelOf: (id: number) => string,
): ClassScore[] {
  const apply = {
    softmax,
    sigmoid: (values: Float32Array) => Float64Array.from(values, sigmoid),
    none: (values: Float32Array) => values,
  }[scoreFunction];
  const scores = [...apply(logits)].map((score, id) => ({ label: labelOf(id), score }));
  return scores.sort((a, b) => b.score - a.score);
}

/** Whether a text goes on with another one, as BERT was pretrained to tell (Devlin et al. 2019, §3.1). */
import { softmax } from "../generation/index.ts";
import { AutoModelForNextSentencePrediction } from "../models/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import { type CallOptions, checkCallOptions, checkFields, checkText } from "./pipeline-inputs.ts";
import { readRows, rowOf, textBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

export interface NextSentenceInput {
  readonly text: string;
  readonly textPair: string;
}

/** Options of a call. */
export type NextSentencePredictionOptions = CallOptions;

/** The names of a published head's outputs, in their order. */
const labels = ["isNext", "notNext"] as const;

export interface NextSentenceLabel {
  label: (typeof labels)[number];
  /** From 0 to 1; both sum to 1. */
  score: number;
}

/** Gives both labels, the likelier first. */
export interface NextSentencePredictionPipeline {
  <const O extends NextSentencePredictionOptions>(
    pair: NextSentenceInput,
    options?: O,
  ): Promise<Told<O, NextSentenceLabel[]>>;
  <const O extends NextSentencePredictionOptions>(
    pairs: readonly NextSentenceInput[],
    options?: O,
  ): Promise<Told<O, NextSentenceLabel[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadNextSentencePrediction(
  source: string,
  options: PipelineOptions,
): Promise<NextSentencePredictionPipeline> {
  const task = "next-sentence-prediction";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForNextSentencePrediction });
  const { model, tokenizer } = parts;

  async function predict(
    given: NextSentenceInput | readonly NextSentenceInput[],
    callOptions: NextSentencePredictionOptions = {},
  ) {
    checkCallOptions(callOptions, [], task);
    const { batchSize = 16 } = callOptions;
    const pairs = (Array.isArray(given) ? given : [given]).map(checkPair);
    const batches = textBatches(pairs, parts, { batchSize });
    const rows = await readRows(batches, pairs.length, parts, callOptions, ({ logits }, row) =>
      scored(rowOf(logits, row)),
    );
    const results = rows.map((row) => told(row, callOptions));
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(predict, { tokenizer, release: () => model.release() }) as NextSentencePredictionPipeline;
}

function checkPair(pair: unknown): NextSentenceInput {
  const example = '{ text: "It rains.", textPair: "Take an umbrella." }';
  const { text, textPair } = checkFields(pair, ["text", "textPair"], example);
  return { text: checkText(text, "text"), textPair: checkText(textPair, "textPair") };
}

function scored(logits: Float32Array): NextSentenceLabel[] {
  const scores = softmax(logits);
  const all = labels.map((label, index) => ({ label, score: scores[index] as number }));
  return all.sort((a, b) => b.score - a.score);
}

/**
 * Documents by how well they answer a query: a cross-encoder reads the query with each of them. Nogueira and Cho 2019,
 * https://arxiv.org/abs/1901.04085; Hugging Face calls the task text-ranking.
 */
import { ConfigurationError } from "../errors.ts";
import { AutoModelForSequenceClassification } from "../models/index.ts";
import { sigmoid } from "../tasks/yes-or-no.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import {
  type CallOptions,
  checkCallOptions,
  checkChoice,
  checkCount,
  checkFields,
  checkFilled,
  checkSeveral,
} from "./pipeline-inputs.ts";
import { scoresOfEach } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

export interface TextRankingOptions extends CallOptions {
  /** How many documents to tell, the best first; all when left out. */
  readonly topK?: number | undefined;
  /** `sigmoid` gives scores from 0 to 1; `none` what the model says itself. The order is the same. */
  readonly functionToApply?: "sigmoid" | "none" | undefined;
}

export interface TextRankingInput {
  readonly query: string;
  readonly documents: readonly string[];
}

export interface RankedText {
  text: string;
  /** Its place among the documents, from 0. */
  index: number;
  score: number;
}

/** Gives the documents, the best first; of equal ones that which comes first. `rank(query, documents)`, or objects. */
export interface TextRankingPipeline {
  <const O extends TextRankingOptions>(
    query: string,
    documents: readonly string[],
    options?: O,
  ): Promise<Told<O, RankedText[]>>;
  <const O extends TextRankingOptions>(input: TextRankingInput, options?: O): Promise<Told<O, RankedText[]>>;
  <const O extends TextRankingOptions>(
    inputs: readonly TextRankingInput[],
    options?: O,
  ): Promise<Told<O, RankedText[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadTextRanking(source: string, options: PipelineOptions): Promise<TextRankingPipeline> {
  const task = "text-ranking";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForSequenceClassification });
  const { model, tokenizer } = parts;
  if (model.config.numLabels !== 1) {
    await model.release();
    throw severalOutputs(source, model.config.numLabels);
  }

  async function rank(given: unknown, ...rest: readonly unknown[]) {
    const isQuery = typeof given === "string";
    const callOptions = ((isQuery ? rest[1] : rest[0]) ?? {}) as TextRankingOptions;
    checkCallOptions(callOptions, ["topK", "functionToApply"], task);
    const { topK, functionToApply = "sigmoid" } = callOptions;
    if (topK !== undefined) checkCount("topK", topK);
    checkChoice("functionToApply", functionToApply, ["sigmoid", "none"]);
    const inputs = isQuery ? { query: given, documents: rest[0] } : given;
    const queries = (Array.isArray(inputs) ? inputs : [inputs]).map(checkInput);
    const pairs = queries.map(({ query, documents }) =>
      documents.map((document) => ({ text: query, textPair: document })),
    );
    const results = (await scoresOfEach(pairs, parts, callOptions)).map(({ scores, states }, at) => {
      const { documents } = queries[at] as TextRankingInput;
      const ranked = scores.map((score, index) => ({ text: documents[index] as string, index, score }));
      // By the model's own numbers: the sigmoid of large ones is 1.
      ranked.sort((a, b) => b.score - a.score || a.index - b.index);
      const result = ranked.slice(0, topK).map(({ score, ...about }) => {
        return { ...about, score: functionToApply === "none" ? score : sigmoid(score) };
      });
      return told({ result, states }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(rank, { tokenizer, release: () => model.release() }) as TextRankingPipeline;
}

function checkInput(input: unknown): TextRankingInput {
  const example = '{ query: "When does it rain?", documents: ["It rains at noon.", "He sleeps."] }';
  const { query, documents } = checkFields(input, ["query", "documents"], example);
  return { query: checkFilled(query, "query"), documents: checkSeveral(documents, "documents") };
}

function severalOutputs(source: string, count: number): ConfigurationError {
  return new ConfigurationError(`${source} tells classes, and gives no score by which texts could be ranked.`, {
    file: source,
    field: "num_labels",
    expected: "1: a cross-encoder",
    received: String(count),
    hint: "Train one: cloze finetune text-ranking. Texts are found by their vectors with cloze index.",
  });
}

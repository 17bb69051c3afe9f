/** The sentences of a document that say what it is about, with their places. */
import { splitSentences } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { AutoModelForTokenClassification } from "../models/index.ts";
import { chosenSentences, type SentenceRow, sentenceRows, sentenceShares } from "../tasks/extractive-summarization.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import { type CallOptions, checkCallOptions, checkCount, checkFilled, checkSeveral } from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, windowBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

export interface ExtractiveSummarizationOptions extends CallOptions {
  /** How many sentences to choose; as many as their probabilities sum to, one at least, when left out. */
  readonly topK?: number | undefined;
}

/** A document, which is cut into sentences here, or its sentences. */
export type SummarizationInput = string | { readonly sentences: readonly string[] };

export interface ChosenSentence {
  /** In JavaScript string indices of the document, or of its sentences with a space between each two. */
  start: number;
  end: number;
  /** How likely the sentence is part of a summary, from 0 to 1. */
  score: number;
  sentence: string;
  /** Its number among the document's sentences, from 0. */
  index: number;
}

/** Gives the chosen sentences in the order of the document. */
export interface ExtractiveSummarizationPipeline {
  <const O extends ExtractiveSummarizationOptions>(
    input: SummarizationInput,
    options?: O,
  ): Promise<Told<O, ChosenSentence[]>>;
  <const O extends ExtractiveSummarizationOptions>(
    inputs: readonly SummarizationInput[],
    options?: O,
  ): Promise<Told<O, ChosenSentence[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadExtractiveSummarization(
  source: string,
  options: PipelineOptions,
): Promise<ExtractiveSummarizationPipeline> {
  const task = "extractive-summarization";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForTokenClassification });
  const { model, tokenizer, maximumLength: sequenceLength } = parts;
  requireOneClass(model.config.numLabels);
  const segments = (model.config as { readonly typeVocabSize?: number }).typeVocabSize ?? 1;

  async function summarize(
    given: SummarizationInput | readonly SummarizationInput[],
    callOptions: ExtractiveSummarizationOptions = {},
  ) {
    checkCallOptions(callOptions, ["topK"], task);
    const { batchSize = 16, topK } = callOptions;
    if (topK !== undefined) checkCount("topK", topK);
    const documents = (Array.isArray(given) ? given : [given]).map(documentOf);
    const windows = documents.map(({ sentences }) => sentenceRows(sentences, tokenizer, { sequenceLength, segments }));
    const all = windows.flat();
    const batches = windowBatches(all, parts, { batchSize });
    const rows = await readRows(batches, all.length, parts, callOptions, ({ logits }, row, { indices }) =>
      sentenceShares(all[indices[row] as number] as SentenceRow, rowOf(logits, row)),
    );
    const counts = windows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const { sentences, starts } = documents[index] as Document;
      const shares = sentences.map(() => 0);
      (windows[index] as SentenceRow[]).forEach((window, at) => {
        window.sentences.forEach(({ sentence }, place) => {
          shares[sentence] = own[at]?.result[place] ?? 0;
        });
      });
      const result = chosenSentences(shares, topK).map((chosen): ChosenSentence => {
        const [sentence, start] = [sentences[chosen] as string, starts[chosen] as number];
        return { start, end: start + sentence.length, score: shares[chosen] as number, sentence, index: chosen };
      });
      return told({ result, states: own.flatMap(({ states }) => states) }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(summarize, { tokenizer, release: () => model.release() }) as ExtractiveSummarizationPipeline;
}

interface Document {
  readonly sentences: readonly string[];
  /** Where each begins. */
  readonly starts: readonly number[];
}

function documentOf(input: unknown): Document {
  const isList = typeof input === "object" && input !== null && "sentences" in input;
  const given = isList ? checkSeveral(input.sentences, "sentences") : undefined;
  const text = given?.join(" ") ?? checkFilled(input, "text");
  const sentences = given ?? splitSentences(text);
  let end = 0;
  const starts = sentences.map((sentence) => {
    const start = Math.max(end, text.indexOf(sentence, end));
    end = start + sentence.length;
    return start;
  });
  return { sentences, starts };
}

function requireOneClass(count: number): void {
  if (count === 1) return;
  throw new ConfigurationError("The model was not trained for extractive-summarization.", {
    field: "id2label",
    expected: "one class, which says how well a sentence sums up",
    received: `${count} classes`,
    hint: "Fine-tune a model for it first: cloze finetune extractive-summarization.",
  });
}

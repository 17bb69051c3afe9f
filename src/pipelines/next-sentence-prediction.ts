/** Whether a text goes on with another one, as BERT was pretrained to tell (Devlin et al. 2019, §3.1). */
import { DataError } from "../errors.ts";
import { softmax } from "../generation/index.ts";
import { AutoModelForNextSentencePrediction, modelFolder } from "../models/index.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { AutoTokenizer, type Tokenizer } from "../tokenizers/index.ts";
import { checkCount, checkText, type TextPair, textBatches } from "./text-batches.ts";
import { type PipelineOptions, textModel, withoutUnusedHeads } from "./text-model.ts";

export interface NextSentenceInput {
  readonly text: string;
  readonly textPair: string;
}

export interface NextSentencePredictionOptions {
  /** Pairs that go through the model together; 16. */
  readonly batchSize?: number | undefined;
}

/** The names of a published head's outputs, in their order. */
const labels = ["isNext", "notNext"] as const;

export interface NextSentenceLabel {
  label: (typeof labels)[number];
  /** From 0 to 1; both sum to 1. */
  score: number;
}

/** Gives both labels, the likelier first. */
export interface NextSentencePredictionPipeline {
  (pair: NextSentenceInput, options?: NextSentencePredictionOptions): Promise<NextSentenceLabel[]>;
  (pairs: readonly NextSentenceInput[], options?: NextSentencePredictionOptions): Promise<NextSentenceLabel[][]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadNextSentencePrediction(
  source: string,
  options: PipelineOptions,
): Promise<NextSentencePredictionPipeline> {
  const { onWarning = console.warn, ...modelOptions } = options;
  const folder = await modelFolder(source);
  const tokenizer = await AutoTokenizer.fromPretrained(folder);
  const model = await AutoModelForNextSentencePrediction.fromPretrained(folder, {
    ...modelOptions,
    onWarning: withoutUnusedHeads(onWarning),
  });
  const parts = await textModel(model, tokenizer, folder);

  async function predictAll(pairs: readonly TextPair[], batchSize: number): Promise<NextSentenceLabel[][]> {
    const results: NextSentenceLabel[][] = [];
    for (const { indices, inputs } of textBatches(pairs, parts, batchSize, onWarning)) {
      const { logits } = await model(inputs);
      indices.forEach((index, row) => {
        results[index] = scored((logits.data as Float32Array).subarray(2 * row, 2 * row + 2));
      });
    }
    return results;
  }

  async function predict(
    given: NextSentenceInput | readonly NextSentenceInput[],
    callOptions: NextSentencePredictionOptions = {},
  ) {
    refuseUnknownNames(callOptions, ["batchSize"], "the options of next-sentence-prediction");
    const { batchSize = 16 } = callOptions;
    checkCount("batchSize", batchSize);
    const isSeveral = Array.isArray(given);
    const results = await predictAll((isSeveral ? given : [given]).map(checkPair), batchSize);
    return isSeveral ? results : (results[0] as NextSentenceLabel[]);
  }
  return Object.assign(predict, { tokenizer, release: () => model.release() }) as NextSentencePredictionPipeline;
}

function checkPair(pair: unknown): NextSentenceInput {
  if (typeof pair !== "object" || pair === null || !("text" in pair) || !("textPair" in pair)) {
    throw new DataError("This pipeline takes two texts.", {
      field: "textPair",
      expected: "{ text, textPair }, or an array of such",
      received: typeof pair,
      hint: 'Pass both, such as { text: "It rains.", textPair: "Take an umbrella." }.',
    });
  }
  return { text: checkText(pair.text, "text"), textPair: checkText(pair.textPair, "textPair") };
}

function scored(logits: Float32Array): NextSentenceLabel[] {
  const scores = softmax(logits);
  const all = labels.map((label, index) => ({ label, score: scores[index] as number }));
  return all.sort((a, b) => b.score - a.score);
}

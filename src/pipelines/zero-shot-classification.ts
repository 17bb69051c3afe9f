/**
 * Classes that nobody trained for: a model that tells whether a text entails a sentence is asked about a sentence for each
 * class. Yin et al. 2019, https://arxiv.org/abs/1909.00161.
 */
import { ConfigurationError } from "../errors.ts";
import { softmax } from "../generation/index.ts";
import { AutoModelForSequenceClassification } from "../models/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told, type WithStates } from "./inner-states.ts";
import {
  type CallOptions,
  checkCallOptions,
  checkFields,
  checkFilled,
  checkSeveral,
  checkSwitch,
  optionError,
} from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, textBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

export interface ZeroShotClassificationOptions extends CallOptions {
  /** The sentence for a class, with `{}` in its place; "This example is {}." */
  readonly hypothesisTemplate?: string | undefined;
  /**
   * Whether several classes can hold: each is then judged for itself, entailment against contradiction; false, and the scores
   * of all classes sum to 1.
   */
  readonly multiLabel?: boolean | undefined;
}

export interface ZeroShotInput {
  readonly text: string;
  readonly candidateLabels: readonly string[];
}

export interface ZeroShotResult {
  sequence: string;
  /** The likeliest first. */
  labels: string[];
  /** From 0 to 1, in the order of `labels`. */
  scores: number[];
}

/** `classify(text, labels)`, or texts with the labels of each. */
export interface ZeroShotClassificationPipeline {
  <const O extends ZeroShotClassificationOptions>(
    text: string,
    candidateLabels: readonly string[],
    options?: O,
  ): Promise<Told<O, ZeroShotResult>>;
  <const O extends ZeroShotClassificationOptions>(
    texts: readonly string[],
    candidateLabels: readonly string[],
    options?: O,
  ): Promise<Told<O, ZeroShotResult>[]>;
  <const O extends ZeroShotClassificationOptions>(input: ZeroShotInput, options?: O): Promise<Told<O, ZeroShotResult>>;
  <const O extends ZeroShotClassificationOptions>(
    inputs: readonly ZeroShotInput[],
    options?: O,
  ): Promise<Told<O, ZeroShotResult>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadZeroShotClassification(
  source: string,
  options: PipelineOptions,
): Promise<ZeroShotClassificationPipeline> {
  const task = "zero-shot-classification";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForSequenceClassification });
  const { model, tokenizer } = parts;
  const entailment = entailmentClass(model.config.label2id, parts.folder);

  async function classify(given: unknown, ...rest: readonly unknown[]) {
    const hasLabels = Array.isArray(rest[0]) || typeof rest[0] === "string";
    const callOptions = ((hasLabels ? rest[1] : rest[0]) ?? {}) as ZeroShotClassificationOptions;
    checkCallOptions(callOptions, ["hypothesisTemplate", "multiLabel"], task);
    const { hypothesisTemplate = "This example is {}.", multiLabel = false, batchSize = 16 } = callOptions;
    checkTemplate(hypothesisTemplate);
    checkSwitch("multiLabel", multiLabel);
    const items = (Array.isArray(given) ? given : [given]).map((input: unknown) =>
      checkInput(hasLabels ? { text: input, candidateLabels: [rest[0]].flat() } : input),
    );
    const pairs = items.flatMap(({ text, candidateLabels }) =>
      candidateLabels.map((label) => ({ text, textPair: hypothesisTemplate.replace("{}", () => label) })),
    );
    const batches = textBatches(pairs, parts, { batchSize, truncation: "only_first" });
    const rows = await readRows(batches, pairs.length, parts, callOptions, ({ logits }, row) => rowOf(logits, row));
    const counts = items.map(({ candidateLabels }) => candidateLabels.length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const { text, candidateLabels } = items[index] as ZeroShotInput;
      const scores = labelScores(
        own.map(({ result }) => result),
        entailment,
        multiLabel,
      );
      const result = rankedLabels(text, candidateLabels, scores);
      return told(
        { result, states: own.flatMap(({ states }) => states) } satisfies WithStates<ZeroShotResult>,
        callOptions,
      );
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(classify, { tokenizer, release: () => model.release() }) as ZeroShotClassificationPipeline;
}

/** The number of the class that says that a text entails another. */
function entailmentClass(label2id: Readonly<Record<string, number>>, folder: string): number {
  const found = Object.entries(label2id).find(([label]) => label.toLowerCase().startsWith("entail"));
  if (found !== undefined) return found[1];
  throw new ConfigurationError(`${folder} does not say which of its classes is entailment.`, {
    file: folder,
    field: "label2id",
    expected: "a class whose name begins with entail",
    received: Object.keys(label2id).join(", "),
    hint: "Take a model that was trained on natural language inference; name its classes in config.json.",
  });
}

function checkTemplate(template: unknown): void {
  if (typeof template === "string" && template.includes("{}")) return;
  throw optionError("hypothesisTemplate", "a sentence with {} where the label goes", template);
}

function checkInput(input: unknown): ZeroShotInput {
  const example = '{ text: "The team won.", candidateLabels: ["sports", "politics"] }';
  const { text, candidateLabels } = checkFields(input, ["text", "candidateLabels"], example);
  return { text: checkFilled(text, "text"), candidateLabels: checkSeveral(candidateLabels, "candidateLabels") };
}

/** @param logits of each label's sentence, [classes] each. */
function labelScores(logits: readonly Float32Array[], entailment: number, multiLabel: boolean): number[] {
  if (!multiLabel && logits.length > 1) {
    return [...softmax(Float32Array.from(logits, (row) => row[entailment] as number))];
  }
  // Where entailment is the first class, contradiction is the last, and else the first, as in the reference.
  const contradiction = entailment === 0 ? -1 : 0;
  return logits.map((row) => {
    const both = Float32Array.of(row.at(contradiction) as number, row[entailment] as number);
    return softmax(both)[1] as number;
  });
}

function rankedLabels(sequence: string, labels: readonly string[], scores: readonly number[]): ZeroShotResult {
  const order = labels.map((_, index) => index).sort((a, b) => (scores[b] as number) - (scores[a] as number));
  return {
    sequence,
    labels: order.map((index) => labels[index] as string),
    scores: order.map((index) => scores[index] as number),
  };
}

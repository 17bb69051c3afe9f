/** What each token, or each run of tokens, of a text is: names, parts of speech and the like. */
import { softmax } from "../generation/index.ts";
import { type AnyModel, AutoModelForTokenClassification } from "../models/index.ts";
import {
  type AggregationStrategy,
  aggregationStrategies,
  type Entity,
  type EntityGroup,
  groupTokens,
  type LabelledWindow,
  type TokenEntity,
} from "../tasks/token-groups.ts";
import type { Tensor } from "../tensor/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import {
  beginning,
  type CallOptions,
  checkCallOptions,
  checkChoice,
  checkCount,
  checkSwitch,
  checkTexts,
  optionError,
} from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, windowBatches } from "./text-batches.ts";
import { type ClassScore, classScores, labelsOf } from "./text-classification.ts";
import { loadTextModel, type PipelineOptions, type TextModel } from "./text-model.ts";

export interface TokenClassificationOptions extends CallOptions {
  /**
   * `none`: each token for itself (the default). `simple`: neighbours with one label together. `first`, `average`, `max`: the
   * same with one label for all tokens of a word.
   */
  readonly aggregationStrategy?: AggregationStrategy | undefined;
  /** Labels that are left out; `["O"]`. */
  readonly ignoreLabels?: readonly string[] | undefined;
  /**
   * Reads a text that is too long for the model in windows that share so many tokens, with any strategy but `none`. When left
   * out, such a text is cut.
   */
  readonly stride?: number | undefined;
  /** Gives `{ entities, intent }`: what the whole text wants too, of models that were trained on intents and slots. */
  readonly intent?: boolean | undefined;
}

/** The slots of an utterance, and what it wants. */
export interface IntentAndEntities<E> {
  intent: ClassScore;
  entities: E;
}

type Understood<O> = O extends { intent: true } ? IntentAndEntities<Entities<O>> : Entities<O>;

type Entities<O> = O extends { aggregationStrategy: infer S }
  ? S extends "none" | undefined
    ? TokenEntity[]
    : "none" extends S
      ? Entity[]
      : EntityGroup[]
  : TokenEntity[];

/** Gives the entities of a text in their order, each with its place in the text. */
export interface TokenClassificationPipeline {
  <const O extends TokenClassificationOptions>(text: string, options?: O): Promise<Told<O, Understood<O>>>;
  <const O extends TokenClassificationOptions>(
    texts: readonly string[],
    options?: O,
  ): Promise<Told<O, Understood<O>>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadTokenClassification(
  source: string,
  options: PipelineOptions,
): Promise<TokenClassificationPipeline> {
  const task = "token-classification";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForTokenClassification });
  const { model, tokenizer } = parts;
  const labelOf = labelsOf(model.config);

  async function classify(given: string | readonly string[], callOptions: TokenClassificationOptions = {}) {
    checkCallOptions(callOptions, ["aggregationStrategy", "ignoreLabels", "stride", "intent"], task);
    const { aggregationStrategy = "none", ignoreLabels = ["O"], stride, batchSize = 16 } = callOptions;
    checkChoice("aggregationStrategy", aggregationStrategy, aggregationStrategies);
    checkTexts(ignoreLabels, "ignoreLabels");
    checkStride(stride, aggregationStrategy);
    checkIntent(callOptions.intent, model.config.intents);
    const texts = checkTexts(given);
    const windows = texts.map((text) => windowsOf(text, stride, parts));
    const all = windows.flat();
    const rows = await readRows(
      windowBatches(all, parts, { batchSize }),
      all.length,
      parts,
      callOptions,
      ({ logits, intentLogits }, row, { indices }) => ({
        window: labelledWindow(all[indices[row] as number] as EncodedArrays, logits, row),
        intent: callOptions.intent ? bestIntent(rowOf(intentLogits, row), model.config.intents ?? []) : undefined,
      }),
    );
    const counts = windows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const text = texts[index] as string;
      const labelled = own.map(({ result }) => result.window);
      const entities = groupTokens(text, labelled, tokenizer, { aggregationStrategy, ignoreLabels, labelOf });
      // The first window has what stands for the whole text.
      const intent = own[0]?.result.intent;
      const result = callOptions.intent ? { intent: intent ?? noIntent, entities } : entities;
      return told({ result, states: own.flatMap(({ states }) => states) }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(classify, { tokenizer, release: () => model.release() }) as TokenClassificationPipeline;
}

/** Of a text without tokens. */
const noIntent: ClassScore = { label: "", score: 0 };

function bestIntent(logits: Float32Array, names: readonly string[]): ClassScore {
  return classScores(logits, "softmax", (id) => names[id] ?? "")[0] ?? noIntent;
}

function checkIntent(asked: unknown, names: readonly string[] | null): void {
  checkSwitch("intent", asked);
  if (asked === true && names === null) {
    throw optionError("intent", "left out for a model that was not trained on intents", asked);
  }
}

function checkStride(stride: number | undefined, strategy: AggregationStrategy): void {
  if (stride === undefined) return;
  checkCount("stride", stride, 0);
  if (strategy === "none") {
    throw optionError("aggregationStrategy", "simple, first, average or max where texts are read in windows", strategy);
  }
}

/** The windows of a text; without a stride the first one alone, with a warning when it is not all. None of a text without tokens. */
function windowsOf(
  text: string,
  stride: number | undefined,
  { tokenizer, maximumLength, onWarning }: TextModel<AnyModel>,
): EncodedArrays[] {
  const { overflowing = [], ...first } = tokenizer(text, {
    truncation: true,
    maxLength: maximumLength,
    stride: stride ?? 0,
    returnOverflowingTokens: true,
    returnTensors: false,
  });
  if (first.inputIds.length === 0) return [];
  if (stride !== undefined) return [first, ...overflowing];
  if (overflowing.length > 0) {
    onWarning(
      `A text was cut to the ${maximumLength} tokens that the model takes; with a stride all of it is read: ${beginning(text)}`,
    );
  }
  return [first];
}

function labelledWindow(window: EncodedArrays, logits: Tensor | undefined, row: number): LabelledWindow {
  const values = rowOf(logits, row);
  const classes = logits?.dims.at(-1) ?? 0;
  const scores = window.inputIds.map((_, place) => softmax(values.subarray(place * classes, (place + 1) * classes)));
  return { window, scores };
}

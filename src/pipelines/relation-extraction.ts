/** What one entity of a text is to another: which relation holds between them. */
import { AutoModelForSequenceClassification } from "../models/index.ts";
import { type EntityPair, entityMarkers } from "../tasks/entity-markers.ts";
import { markedWindow } from "../tasks/relation-extraction.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import {
  type CallOptions,
  checkCallOptions,
  checkCount,
  checkFields,
  checkFilled,
  checkStretch,
} from "./pipeline-inputs.ts";
import { readRows, rowOf, windowBatches } from "./text-batches.ts";
import { type ClassScore, classScores, labelsOf } from "./text-classification.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

export interface RelationExtractionOptions extends CallOptions {
  /** How many relations to tell, the likeliest first; 1. `null` is all of them. */
  readonly topK?: number | null | undefined;
}

/** Gives the relations between the head and the tail of each text, the likeliest first. */
export interface RelationExtractionPipeline {
  <const O extends RelationExtractionOptions>(input: EntityPair, options?: O): Promise<Told<O, ClassScore[]>>;
  <const O extends RelationExtractionOptions>(
    inputs: readonly EntityPair[],
    options?: O,
  ): Promise<Told<O, ClassScore[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadRelationExtraction(
  source: string,
  options: PipelineOptions,
): Promise<RelationExtractionPipeline> {
  const task = "relation-extraction";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForSequenceClassification });
  const { model, tokenizer, maximumLength } = parts;
  const labelOf = labelsOf(model.config);
  if (
    entityMarkers.some((marker) => [undefined, tokenizer.unkTokenId].includes(tokenizer.convertTokensToIds(marker)))
  ) {
    parts.onWarning(
      `${source} was not trained for ${task}: its tokenizer lacks ${entityMarkers.join(" ")}. What comes out means nothing until the model is fine-tuned.`,
    );
  }

  async function relate(given: EntityPair | readonly EntityPair[], callOptions: RelationExtractionOptions = {}) {
    checkCallOptions(callOptions, ["topK"], task);
    const { topK = 1, batchSize = 16 } = callOptions;
    if (topK !== null) checkCount("topK", topK);
    const pairs = (Array.isArray(given) ? given : [given]).map(checkInput);
    const windows: EncodedArrays[] = pairs.map((pair) => markedWindow(pair, tokenizer, maximumLength));
    const batches = windowBatches(windows, parts, { batchSize });
    const rows = await readRows(batches, windows.length, parts, callOptions, ({ logits }, row) =>
      classScores(rowOf(logits, row), "softmax", labelOf).slice(0, topK ?? undefined),
    );
    const results = rows.map((row) => told(row, callOptions));
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(relate, { tokenizer, release: () => model.release() }) as RelationExtractionPipeline;
}

function checkInput(input: unknown): EntityPair {
  const example = '{ text: "Ann works in Paris.", head: [0, 3], tail: [13, 18] }';
  const { text, head, tail } = checkFields(input, ["text", "head", "tail"], example);
  const checked = checkFilled(text, "text");
  return { text: checked, head: checkStretch(head, "head", checked), tail: checkStretch(tail, "tail", checked) };
}

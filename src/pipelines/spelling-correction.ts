/** A text with its wrong words, or in Chinese its wrong characters, put right, and where they stood. */
import { AutoModelForMaskedLM } from "../models/index.ts";
import { type PiecePrediction, predictionsOf, SpellingPieces, type UnitRow } from "../tasks/spelling-correction.ts";
import { type SpellingUnit, spellingUnits } from "../tasks/spelling-units.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import { beginning, type CallOptions, checkCallOptions, checkTexts } from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, windowBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

/** Options of a call. */
export type SpellingCorrectionOptions = CallOptions;

export interface SpellingChange {
  /** UTF-16 units of the text that was given: the first, and the one after the last. */
  start: number;
  end: number;
  source: string;
  /** Empty where a word is taken out. */
  target: string;
  /** How sure the model is of the piece that it is least sure of, from 0 to 1. */
  score: number;
}

export interface CorrectedText {
  text: string;
  corrections: SpellingChange[];
}

/** Gives a text as it should be, with the changes in their order. */
export interface SpellingCorrectionPipeline {
  <const O extends SpellingCorrectionOptions>(text: string, options?: O): Promise<Told<O, CorrectedText>>;
  <const O extends SpellingCorrectionOptions>(texts: readonly string[], options?: O): Promise<Told<O, CorrectedText>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadSpellingCorrection(
  source: string,
  options: PipelineOptions,
): Promise<SpellingCorrectionPipeline> {
  const task = "spelling-correction";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForMaskedLM });
  const { model, tokenizer, maximumLength, onWarning } = parts;
  const pieces = new SpellingPieces(tokenizer, maximumLength);

  async function correct(given: string | readonly string[], callOptions: SpellingCorrectionOptions = {}) {
    checkCallOptions(callOptions, [], task);
    const { batchSize = 16 } = callOptions;
    const texts = checkTexts(given);
    const units = texts.map(spellingUnits);
    const unitRows = units.map((own) => (own.length === 0 ? [] : [pieces.row(own.map(({ text }) => text))]));
    const all = unitRows.flat();
    const rows = await readRows(
      windowBatches(
        all.map(({ tokens }) => tokens),
        parts,
        { batchSize },
      ),
      all.length,
      parts,
      callOptions,
      ({ logits }, row, { indices }) => {
        const unitRow = all[indices[row] as number] as UnitRow;
        return { unitRow, predictions: predictionsOf(rowOf(logits, row), logits?.dims[1] ?? 0, unitRow) };
      },
    );
    const counts = unitRows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const [text, ownUnits] = [texts[index] as string, units[index] as SpellingUnit[]];
      const changes = own.flatMap(({ result }) => changesOf(ownUnits, result.unitRow, result.predictions, pieces));
      if (own[0]?.result.unitRow.places.some(({ length }) => length === 0)) {
        onWarning(`Only the first ${maximumLength} tokens of a text were read: ${beginning(text)}`);
      }
      const states = own.flatMap(({ states }) => states);
      return told({ result: { text: changed(text, changes), corrections: changes }, states }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(correct, { tokenizer, release: () => model.release() }) as SpellingCorrectionPipeline;
}

function changesOf(
  units: readonly SpellingUnit[],
  row: UnitRow,
  predictions: ReadonlyMap<number, PiecePrediction>,
  pieces: SpellingPieces,
): SpellingChange[] {
  const corrected = pieces.corrections(row, predictions);
  return units.flatMap(({ text: source, start, end }, unit) => {
    const target = corrected[unit];
    if (target === undefined || target === pieces.spelled(source)) return [];
    const scores = (row.places[unit] ?? []).map((place) => predictions.get(place)?.score ?? 0);
    return [{ start, end, source, target: inCaseOf(source, target), score: Math.min(...scores) }];
  });
}

/** As the source is written, where the tokenizer does not see case. */
function inCaseOf(source: string, target: string): string {
  const [first = "", ...rest] = target;
  if (target !== target.toLowerCase() || source === source.toLowerCase()) return target;
  const isAllUpper = [...source].length > 1 && source === source.toUpperCase();
  return isAllUpper ? target.toUpperCase() : first.toUpperCase() + rest.join("");
}

/** A word that is taken out goes with the space before it. */
function changed(text: string, changes: readonly SpellingChange[]): string {
  let result = "";
  let used = 0;
  for (const { start, end, target } of changes) {
    const kept = text.slice(used, start);
    result += target === "" ? kept.replace(/\s$/u, "") : kept + target;
    used = end;
  }
  const rest = text.slice(used);
  return result === "" ? rest.trimStart() : result + rest;
}

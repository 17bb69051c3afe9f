/** A text with its wrong words, or in Chinese its wrong characters, put right, and where they stood. */
import { AutoModelForMaskedLM } from "../models/index.ts";
import { predictionsOf, SpellingPieces, type UnitRow, unitsOf, windowFeatures } from "../tasks/spelling-correction.ts";
import { type SpellingUnit, spellingUnits } from "../tasks/spelling-units.ts";
import { byWord } from "../tasks/word-windows.ts";
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
  const pieces = new SpellingPieces(tokenizer, { sequenceLength: maximumLength });

  async function correct(given: string | readonly string[], callOptions: SpellingCorrectionOptions = {}) {
    checkCallOptions(callOptions, [], task);
    const { batchSize = 16 } = callOptions;
    const texts = checkTexts(given);
    const units = texts.map(spellingUnits);
    const unitRows = units.map((own) => (own.length === 0 ? [] : pieces.windows(own.map(({ text }) => text))));
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
        const window = all[indices[row] as number] as UnitRow;
        return correctionsOf(rowOf(logits, row), logits?.dims[1] ?? 0, window, pieces);
      },
    );
    const counts = unitRows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const [text, ownUnits, windows] = [texts[index] as string, units[index] as SpellingUnit[], unitRows[index] ?? []];
      const [corrected = []] = byWord(
        windows.map((row) => windowFeatures(row, 0)),
        own.map(({ result }) => result),
        [ownUnits.length],
      );
      const unread = ownUnits.find((unit, at) => corrected[at] === undefined && pieces.isTooLong(unit.text));
      if (unread !== undefined) {
        onWarning(`A word has more tokens than windows share, and stays as it is: ${beginning(unread.text)}`);
      }
      const changes = changesOf(ownUnits, corrected, pieces);
      const states = own.flatMap(({ states }) => states);
      return told({ result: { text: changed(text, changes), corrections: changes }, states }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(correct, { tokenizer, release: () => model.release() }) as SpellingCorrectionPipeline;
}

/** What a unit becomes, and how sure that is. */
interface Correction {
  readonly target: string;
  readonly score: number;
}

/** logits [T, V] of a window → what its units become, in the order of `unitsOf`. */
function correctionsOf(logits: Float32Array, length: number, window: UnitRow, pieces: SpellingPieces): Correction[] {
  const predictions = predictionsOf(logits, length, window);
  const targets = pieces.corrections(window, predictions);
  return unitsOf(window).map(({ word }, at) => {
    const scores = (window.places[word] ?? []).map((place) => predictions.get(place)?.score ?? 0);
    return { target: targets[at] as string, score: Math.min(...scores) };
  });
}

function changesOf(
  units: readonly SpellingUnit[],
  corrected: readonly (Correction | undefined)[],
  pieces: SpellingPieces,
): SpellingChange[] {
  return units.flatMap(({ text: source, start, end }, unit) => {
    const { target, score } = corrected[unit] ?? {};
    if (target === undefined || score === undefined || target === pieces.spelled(source)) return [];
    return [{ start, end, source, target: inCaseOf(source, target), score }];
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

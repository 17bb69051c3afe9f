/**
 * Spelling correction by the head of a masked language model, which reads the source as it is and says of each token what
 * should stand there, as BERT does for Chinese in Zhang et al. 2020 (Soft-Masked BERT, https://arxiv.org/abs/2005.07421, §2;
 * its detection network is left out).
 *
 * Words, and characters where there are Chinese ones, are corrected each in its place: a correction of fewer pieces fills the
 * rest with padding, which also takes words out. What needs more pieces than the source has, or words put in, lies out of
 * reach: it is not learned from, and counts as missed. So texts of unequal length need not be left out: they are aligned.
 * Case counts as far as the tokenizer sees it. Long texts are read in overlapping windows.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { argMax, type SymbolicTensor } from "../graph/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { alignedUnits, spellingUnits } from "./spelling-units.ts";
import type { PreparedTask, Task, TaskOptions } from "./task.ts";
import { spellingFigures } from "./task-figures.ts";
import { inputsOfRows, paddedLabels, textWindows, tokenRow } from "./token-rows.ts";
import { byWord, usualStride, type WordFeatures } from "./word-windows.ts";

type Example = ReadExample<"spelling-correction">;

/** A window of a source. */
interface SpellingFeatures extends WordFeatures {
  /** [T]: what should stand at each token; −100 where nobody can say. */
  readonly labels: readonly number[];
  readonly row: UnitRow;
  readonly texts: AlignedTexts;
  /** The units whose tokens here can say what should stand there. */
  readonly reached: readonly number[];
}

/** What each unit of a window becomes, in the order of its `words`. */
type Corrected = readonly string[];

export const spellingCorrection: Task<"spelling-correction", SpellingFeatures, Corrected> = {
  name: "spelling-correction",
  settings: ["stride"],
  modelTasks: ["maskedLM"],
  configuration: () => ({}),

  prepare({ tokenizer }, options): PreparedTask<Example, SpellingFeatures, Corrected> {
    const pieces = new SpellingPieces(tokenizer, options);
    return {
      mainMetric: "correctionF1",
      features: (examples) => examples.flatMap((example, index) => featuresOf(example, index, pieces)),

      batch(features) {
        const inputs = inputsOfRows(features, tokenizer);
        const dims = inputs.inputIds?.dims as readonly number[];
        const labels = paddedLabels(
          features.map((each) => each.labels),
          dims[1] as number,
        );
        return { ...inputs, labels: int64Array(labels, dims) };
      },

      loss: (model, { labels, ...inputs }) => crossEntropy(model.forward(inputs).logits, labels as SymbolicTensor),
      outputs(model, { labels, ...inputs }: SymbolicInputs) {
        const { logits } = model.forward(inputs);
        // The likeliest tokens alone leave the graph: all scores would be many.
        return { predicted: argMax(logits), loss: crossEntropy(logits, labels as SymbolicTensor) };
      },

      results({ predicted }, batch, features) {
        const length = batch.inputIds?.dims[1] as number;
        return features.map(({ row }, index) => {
          const idOf = (place: number): number => Number(predicted?.data[index * length + place]);
          return pieces.corrections(row, new Map(row.places.flat().map((place) => [place, { id: idOf(place) }])));
        });
      },

      evaluate(examples, features, results) {
        const known = new Map(features.map(({ example, texts }) => [example, texts]));
        const aligned = examples.map((example, index) => known.get(index) ?? alignedTexts(example));
        const corrected = byWord(
          features,
          results,
          aligned.map(({ units }) => units.length),
        );
        const triples = aligned.map(({ units, wanted }, example) => {
          const source = units.map((unit) => pieces.spelled(unit));
          const gold = wanted.map((own) => own.map((unit) => pieces.spelled(unit)).join(" "));
          return { source, gold, predicted: source.map((unit, at) => corrected[example]?.[at] ?? unit) };
        });
        const reached = examples.map(() => new Set<number>());
        for (const { example, reached: own } of features) for (const unit of own) reached[example]?.add(unit);
        return {
          metrics: spellingFigures(
            triples,
            aligned.map(({ units }, example) => reached[example]?.size === units.length),
          ),
        };
      },
    };
  },
};

/** The units of the source, and what each of them should be. */
interface AlignedTexts {
  readonly units: readonly string[];
  readonly wanted: readonly (readonly string[])[];
}

function alignedTexts({ source, target }: Example): AlignedTexts {
  const [units, wanted] = [source, target].map((text) => spellingUnits(text).map((unit) => unit.text)) as [
    string[],
    string[],
  ];
  return { units, wanted: alignedUnits(units, wanted) };
}

function featuresOf(given: Example, example: number, pieces: SpellingPieces): SpellingFeatures[] {
  const texts = alignedTexts(given);
  const { units, wanted } = texts;
  return pieces.windows(units).map((row) => {
    const labels = new Array<number>(row.tokens.inputIds.length).fill(ignoredLabel);
    const reached: number[] = [];
    for (const [unit, places] of row.places.entries()) {
      const ids = pieces.inPlaceOf(row, unit, wanted[unit] ?? []);
      if (ids === undefined) continue;
      reached.push(unit);
      for (const [at, place] of places.entries()) labels[place] = ids[at] as number;
    }
    return { ...windowFeatures(row, example), labels, row, texts, reached };
  });
}

/** A window of example number `example`, with the units that have tokens there as its words. */
export function windowFeatures(row: UnitRow, example: number): WordFeatures {
  return { example, rows: [tokenRow(row.tokens)], words: unitsOf(row) };
}

/** The units of a window that have tokens there, and the place of the first one. */
export function unitsOf({ places }: Pick<UnitRow, "places">): WordFeatures["words"] {
  return places.flatMap(([place], word) => (place === undefined ? [] : [{ place, word }]));
}

/** Units as a row of tokens: all of them, or a window. */
export interface UnitRow {
  readonly units: readonly string[];
  readonly tokens: EncodedArrays;
  /** Where each unit's tokens are; nowhere for those that the window does not show wholly. */
  readonly places: readonly (readonly number[])[];
}

/** The token that a model holds likeliest at a place, and how likely it is. */
export interface PiecePrediction {
  readonly id: number;
  readonly score: number;
}

/** Units as pieces and back. */
export class SpellingPieces {
  readonly #tokenizer: Tokenizer;
  readonly #options: Pick<TaskOptions, "sequenceLength" | "stride">;
  /** Stands where nothing should. */
  readonly #nothing: number;
  readonly #known = new Map<string, readonly number[]>();

  constructor(tokenizer: Tokenizer, options: Pick<TaskOptions, "sequenceLength" | "stride">) {
    this.#tokenizer = tokenizer;
    this.#options = options;
    const { padTokenId } = tokenizer;
    if (padTokenId === undefined) {
      throw new ConfigurationError("The tokenizer has no padding token, which stands where a word is taken out.", {
        field: "pad_token",
        expected: "a special token such as [PAD]",
        received: "absent",
      });
    }
    this.#nothing = padTokenId;
  }

  /** The windows of a text: one, or as many as it needs. */
  windows(units: readonly string[]): UnitRow[] {
    const { sequenceLength } = this.#options;
    const windows = this.#encoded(units, { sequenceLength, stride: usualStride(this.#options) });
    if (windows.length === 1) return windows;
    // A window may begin or end within a unit.
    const [whole] = this.#encoded(units, { sequenceLength: Number.MAX_SAFE_INTEGER });
    const isWhole = (places: readonly number[], unit: number) => places.length === whole?.places[unit]?.length;
    return windows.map((row) => ({ ...row, places: row.places.map((own, unit) => (isWhole(own, unit) ? own : [])) }));
  }

  #encoded(units: readonly string[], options: Pick<TaskOptions, "sequenceLength" | "stride">): UnitRow[] {
    return textWindows(this.#tokenizer, units, undefined, options).map((tokens) => {
      const places: number[][] = units.map(() => []);
      for (const [place, word] of tokens.wordIds.entries()) if (word !== null) places[word]?.push(place);
      return { units, tokens, places };
    });
  }

  /** The labels of a unit's tokens for what should stand there; undefined when it has too few. */
  inPlaceOf(
    { units, tokens, places }: UnitRow,
    unit: number,
    wanted: readonly string[],
  ): readonly number[] | undefined {
    const own = places[unit] ?? [];
    if (wanted.length === 1 && wanted[0] === units[unit]) return own.map((place) => tokens.inputIds[place] as number);
    const pieces = wanted.flatMap((each) => this.#piecesOf(each));
    if (pieces.length > own.length || wanted.length > 1) return undefined;
    if (own.length === 0) return undefined;
    return [...pieces, ...own.slice(pieces.length).map(() => this.#nothing)];
  }

  /** What each unit of a window becomes by the model's predictions at its tokens, in the order of `unitsOf`. */
  corrections(
    { units, tokens, places }: UnitRow,
    predictions: ReadonlyMap<number, Pick<PiecePrediction, "id">>,
  ): Corrected {
    return places.flatMap((own, unit) => {
      if (own.length === 0) return [];
      const ids = own.map((place) => predictions.get(place)?.id ?? (tokens.inputIds[place] as number));
      const isSame = ids.every((id, at) => id === tokens.inputIds[own[at] as number]);
      // Nobody can write what the tokenizer has no word for.
      if (isSame || ids.includes(this.#tokenizer.unkTokenId ?? -1)) return this.spelled(units[unit] as string);
      return this.#textOf(ids.filter((id) => id !== this.#nothing));
    });
  }

  /** Whether a unit has more tokens than are sure to stand in one window. */
  isTooLong(unit: string): boolean {
    return this.#piecesOf(unit).length > usualStride(this.#options);
  }

  /** A unit as the tokenizer sees it, such as in lower case; as it is when it does not know it. */
  spelled(unit: string): string {
    const pieces = this.#piecesOf(unit);
    const { unkTokenId } = this.#tokenizer;
    return pieces.length === 0 || pieces.includes(unkTokenId ?? -1) ? unit : this.#textOf(pieces);
  }

  #textOf(ids: readonly number[]): string {
    return this.#tokenizer.decode(ids).trim();
  }

  #piecesOf(unit: string): readonly number[] {
    const known = this.#known.get(unit);
    if (known !== undefined) return known;
    const options = { isSplitIntoWords: true, addSpecialTokens: false, returnTensors: false } as const;
    const pieces = this.#tokenizer([unit], options).inputIds;
    this.#known.set(unit, pieces);
    return pieces;
  }
}

/** logits [T, V] of a row → the likeliest token at each of its units' places. */
export function predictionsOf(
  logits: Float32Array,
  length: number,
  { places }: Pick<UnitRow, "places">,
): ReadonlyMap<number, PiecePrediction> {
  const width = logits.length / length;
  const entries = places.flat().map((place) => {
    const start = place * width;
    let best = start;
    for (let at = start; at < start + width; at++) if ((logits[at] as number) > (logits[best] as number)) best = at;
    let sum = 0;
    for (let at = start; at < start + width; at++) sum += Math.exp((logits[at] as number) - (logits[best] as number));
    return [place, { id: best - start, score: 1 / sum }] as const;
  });
  return new Map(entries);
}

/**
 * Spelling correction by the head of a masked language model, which reads the source as it is and says of each token what
 * should stand there, as BERT does for Chinese in Zhang et al. 2020 (Soft-Masked BERT, https://arxiv.org/abs/2005.07421, §2;
 * its detection network is left out).
 *
 * Words, and characters where there are Chinese ones, are corrected each in its place: a correction of fewer pieces fills the
 * rest with padding, which also takes words out. What needs more pieces than the source has, or words put in, lies out of
 * reach: it is not learned from, and counts as missed. So texts of unequal length need not be left out: they are aligned.
 * Case counts as far as the tokenizer sees it.
 */
import { int64Array, type ReadExample } from "../data/index.ts";
import { ConfigurationError } from "../errors.ts";
import { argMax, type SymbolicTensor } from "../graph/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { SymbolicInputs } from "../objectives/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { alignedUnits, spellingUnits } from "./spelling-units.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { spellingFigures } from "./task-figures.ts";
import { inputsOfRows, paddedLabels, textWindows, tokenRow } from "./token-rows.ts";

type Example = ReadExample<"spelling-correction">;

interface SpellingFeatures extends Features {
  /** [T]: what should stand at each token; −100 where nobody can say. */
  readonly labels: readonly number[];
  readonly row: UnitRow;
  /** What each unit of the source should be. */
  readonly gold: readonly string[];
  /** Whether all of it can be said by the source's tokens. */
  readonly isWithinReach: boolean;
}

/** What each unit becomes; undefined for those beyond the row. */
type Corrected = readonly (string | undefined)[];

export const spellingCorrection: Task<"spelling-correction", SpellingFeatures, Corrected> = {
  name: "spelling-correction",
  modelTasks: ["maskedLM"],
  configuration: () => ({}),

  prepare({ tokenizer }, { sequenceLength }): PreparedTask<Example, SpellingFeatures, Corrected> {
    const pieces = new SpellingPieces(tokenizer, sequenceLength);
    return {
      mainMetric: "correctionF1",
      features: (examples) => examples.map((example, index) => featuresOf(example, index, pieces)),

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

      evaluate(_examples, features, results) {
        const triples = features.map(({ row, gold }, index) => {
          const source = row.units.map((unit) => pieces.spelled(unit));
          return { source, gold, predicted: source.map((unit, at) => results[index]?.[at] ?? unit) };
        });
        return {
          metrics: spellingFigures(
            triples,
            features.map(({ isWithinReach }) => isWithinReach),
          ),
        };
      },
    };
  },
};

function featuresOf({ source, target }: Example, example: number, pieces: SpellingPieces): SpellingFeatures {
  const row = pieces.row(spellingUnits(source).map(({ text }) => text));
  const aligned = alignedUnits(
    row.units,
    spellingUnits(target).map(({ text }) => text),
  );
  const labels = new Array<number>(row.tokens.inputIds.length).fill(ignoredLabel);
  let isWithinReach = true;
  for (const [unit, places] of row.places.entries()) {
    const wanted = pieces.inPlaceOf(row, unit, aligned[unit] ?? []);
    if (wanted === undefined) isWithinReach = false;
    else for (const [at, place] of places.entries()) labels[place] = wanted[at] as number;
  }
  const gold = aligned.map((units) => units.map((unit) => pieces.spelled(unit)).join(" "));
  return { example, rows: [tokenRow(row.tokens)], labels, row, gold, isWithinReach };
}

/** Units as a row of tokens. */
export interface UnitRow {
  readonly units: readonly string[];
  readonly tokens: EncodedArrays;
  /** Where each unit's tokens are; nowhere for those beyond the row. */
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
  readonly #sequenceLength: number;
  /** Stands where nothing should. */
  readonly #nothing: number;
  readonly #known = new Map<string, readonly number[]>();

  constructor(tokenizer: Tokenizer, sequenceLength: number) {
    this.#tokenizer = tokenizer;
    this.#sequenceLength = sequenceLength;
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

  row(units: readonly string[]): UnitRow {
    const [tokens] = textWindows(this.#tokenizer, units, undefined, { sequenceLength: this.#sequenceLength });
    const places: number[][] = units.map(() => []);
    for (const [place, word] of (tokens as EncodedArrays).wordIds.entries())
      if (word !== null) places[word]?.push(place);
    return { units, tokens: tokens as EncodedArrays, places };
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

  /** What each unit becomes by the model's predictions at its tokens. */
  corrections(
    { units, tokens, places }: UnitRow,
    predictions: ReadonlyMap<number, Pick<PiecePrediction, "id">>,
  ): Corrected {
    return places.map((own, unit) => {
      if (own.length === 0) return undefined;
      const ids = own.map((place) => predictions.get(place)?.id ?? (tokens.inputIds[place] as number));
      const isSame = ids.every((id, at) => id === tokens.inputIds[own[at] as number]);
      // Nobody can write what the tokenizer has no word for.
      if (isSame || ids.includes(this.#tokenizer.unkTokenId ?? -1)) return this.spelled(units[unit] as string);
      return this.#textOf(ids.filter((id) => id !== this.#nothing));
    });
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

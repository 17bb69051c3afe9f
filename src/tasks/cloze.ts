/**
 * Cloze: what stood in the blanks of a text, of a few choices or of all words. A masked language model reads as many masks
 * as a word has pieces and predicts them all at once.
 *
 * Papers: Taylor 1953, "Cloze procedure: a new tool for measuring readability"; Devlin et al. 2019 (BERT),
 * https://arxiv.org/abs/1810.04805, §3.1, for the head. Choices are compared by the mean of their pieces' log-probabilities,
 * so that long ones are not worse for being long; each is read with as many masks as it has pieces, other blanks with as many
 * as their answers have.
 */
import { BLANK, int64Array, type ReadExample } from "../data/index.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import type { SymbolicTensor } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { OutputArrays, PreparedBatch, SymbolicInputs } from "../objectives/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { atLine } from "./example-lines.ts";
import type { Features, PreparedTask, Task } from "./task.ts";
import { clozeFigures } from "./task-figures.ts";
import { inputsOfRows, maskedTextRow, paddedLength } from "./token-rows.ts";

type Example = ReadExample<"cloze">;

/** One blank as it stands in a row. */
interface Blank {
  /** Its number in the text. */
  readonly blank: number;
  /** Where its masks are in the row. */
  readonly places: readonly number[];
  /** The pieces of the answer, when it has as many as there are masks. */
  readonly answer: readonly number[] | undefined;
  /** The choices that have as many pieces. */
  readonly choices: readonly { readonly index: number; readonly pieces: readonly number[] }[];
}

export interface BlankFeatures extends Features {
  readonly blanks: readonly Blank[];
}

/** What a row says of one of its blanks. */
export interface BlankResult {
  readonly blank: number;
  /** The answer's place among all words, from 1: that of its piece that is found last. */
  readonly rank: number | undefined;
  /** Mean log-probabilities. */
  readonly choices: readonly { readonly index: number; readonly score: number }[];
}

export const cloze: Task<"cloze", BlankFeatures, readonly BlankResult[]> = {
  name: "cloze",
  modelTasks: ["maskedLM"],
  configuration: () => ({}),

  prepare({ tokenizer }, { sequenceLength }): PreparedTask<Example, BlankFeatures, readonly BlankResult[]> {
    const rows = new BlankRows(tokenizer, sequenceLength);
    return {
      mainMetric: "accuracy",
      features: (examples) =>
        examples.map((example, index) => atLine(example.line, () => rows.withAnswers(example, index))),
      evaluationFeatures: (examples) =>
        examples.flatMap((example, index) => atLine(example.line, () => rows.withChoices(example, index))),
      batch: (features) => batchOf(features, tokenizer),
      loss: (model, inputs) => lossOf(logitsOf(model, inputs), inputs),
      outputs(model, inputs) {
        const logits = logitsOf(model, inputs);
        return { logits, loss: lossOf(logits, inputs) };
      },
      results: resultsOf,
      evaluate(examples, features, results) {
        const found: BlankResult[][] = examples.map(() => []);
        for (const [index, { example }] of features.entries()) found[example]?.push(...(results[index] ?? []));
        const ranks = examples.flatMap((example, index) =>
          example.answer.map((answer, blank) => {
            const own = found[index]?.filter((result) => result.blank === blank) ?? [];
            return rankOf(example, answer, own);
          }),
        );
        return { metrics: clozeFigures(ranks) };
      },
    };
  },
};

function logitsOf(model: AnyModel, { labels: _, ...inputs }: SymbolicInputs): SymbolicTensor {
  return model.forward(inputs).logits;
}

/** The mean over the pieces of the answers. */
function lossOf(logits: SymbolicTensor, { labels }: SymbolicInputs): SymbolicTensor {
  return crossEntropy(logits, labels as SymbolicTensor);
}

/** Texts as rows with masks. */
class BlankRows {
  readonly #tokenizer: Tokenizer;
  readonly #sequenceLength: number;

  constructor(tokenizer: Tokenizer, sequenceLength: number) {
    this.#tokenizer = tokenizer;
    this.#sequenceLength = sequenceLength;
    if (tokenizer.maskTokenId !== undefined) return;
    throw new ConfigurationError("The tokenizer has no mask token, so blanks cannot be shown to the model.", {
      field: "mask_token",
      expected: "a special token such as [MASK]",
      received: "absent",
      hint: "Use a masked language model, such as BERT.",
    });
  }

  /** The row of an example in which each blank has as many masks as its answer has pieces. */
  withAnswers({ text, answer }: Example, example: number): BlankFeatures {
    const pieces = answer.map((word, blank) => this.#pieces(text, blank, word));
    const { row, places } = this.#row(
      text,
      pieces.map(({ length }) => length),
    );
    const blanks = pieces.map((own, blank) => ({
      ...{ blank, places: places[blank] as readonly number[], answer: own, choices: [] },
    }));
    return { example, rows: [row], blanks };
  }

  /** The same with the choices that are as long, and further rows for choices of other lengths. */
  withChoices(given: Example, example: number): BlankFeatures[] {
    const own = this.withAnswers(given, example);
    const { choices, text } = given;
    if (choices === undefined) return [own];
    const lengths = own.blanks.map(({ places }) => places.length);
    const others: BlankFeatures[] = [];
    const blanks = own.blanks.map((blank) => {
      const byLength = new Map<number, Blank["choices"][number][]>();
      for (const [index, choice] of choices.entries()) {
        const pieces = this.#pieces(text, blank.blank, choice);
        byLength.set(pieces.length, [...(byLength.get(pieces.length) ?? []), { index, pieces }]);
      }
      for (const [length, chosen] of byLength) {
        if (length === blank.places.length) continue;
        const { row, places } = this.#row(text, lengths.with(blank.blank, length));
        const other = { blank: blank.blank, places: places[blank.blank] as readonly number[], choices: chosen };
        others.push({ example, rows: [row], blanks: [{ ...other, answer: undefined }] });
      }
      return { ...blank, choices: byLength.get(blank.places.length) ?? [] };
    });
    return [{ ...own, blanks }, ...others];
  }

  #row(text: string, lengths: readonly number[]) {
    return maskedTextRow(this.#tokenizer, text, lengths, this.#sequenceLength);
  }

  /** A word's pieces, as they are behind a space where the blank is. */
  #pieces(text: string, blank: number, word: string): number[] {
    const place = [...text.matchAll(BLANK)][blank]?.index ?? 0;
    const isBehindSpace = place > 0 && /\s/.test(text[place - 1] as string);
    const pieces = Array.from(this.#tokenizer.encodeIds(isBehindSpace ? ` ${word}` : word));
    if (pieces.length > 0) return pieces;
    throw new DataError("An answer has no tokens.", { field: "answer", expected: "a word", received: word });
  }
}

function batchOf(features: readonly BlankFeatures[], tokenizer: Tokenizer): PreparedBatch {
  const length = paddedLength(features);
  const positions = features.flatMap(({ blanks }, row) =>
    blanks.flatMap(({ places }) => places.map((place) => row * length + place)),
  );
  const labels = features.flatMap(({ blanks }) =>
    blanks.flatMap(({ answer, places }) => answer ?? places.map(() => ignoredLabel)),
  );
  return {
    ...inputsOfRows(features, tokenizer),
    positions: int64Array(Int32Array.from(positions), [positions.length]),
    labels: int64Array(Int32Array.from(labels), [labels.length]),
  };
}

/** logits [S, V] of the masks of all blanks, one after another. */
function resultsOf(
  { logits }: OutputArrays,
  { positions }: PreparedBatch,
  features: readonly BlankFeatures[],
): BlankResult[][] {
  const data = logits?.data as Float32Array;
  const width = data.length / (positions?.data.length ?? 1);
  let used = 0;
  return features.map(({ blanks }) =>
    blanks.map(({ blank, places, answer, choices }) => {
      const masks = places.map(() => data.subarray(used * width, ++used * width));
      const totals = choices.length === 0 ? [] : masks.map(logSumExp);
      const scoreOf = (pieces: readonly number[]): number =>
        pieces.reduce((sum, id, at) => sum + (masks[at]?.[id] as number) - (totals[at] as number), 0) / pieces.length;
      return {
        blank,
        rank: answer && Math.max(...answer.map((id, at) => placeOf(id, masks[at] as Float32Array))),
        choices: choices.map(({ index, pieces }) => ({ index, score: scoreOf(pieces) })),
      };
    }),
  );
}

function logSumExp(values: Float32Array): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const value of values) largest = Math.max(largest, value);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum);
}

/** 1 for the largest value. */
function placeOf(index: number, values: ArrayLike<number>): number {
  const own = values[index] as number;
  let larger = 0;
  for (let other = 0; other < values.length; other++) if ((values[other] as number) > own) larger++;
  return larger + 1;
}

/** The answer's place among the choices, or among all words where there are none. */
function rankOf({ choices }: Example, answer: string, results: readonly BlankResult[]) {
  if (choices === undefined) {
    return { isChosen: false, rank: results.find(({ rank }) => rank !== undefined)?.rank ?? Number.POSITIVE_INFINITY };
  }
  const scores = new Array<number>(choices.length).fill(Number.NEGATIVE_INFINITY);
  for (const { choices: scored } of results) for (const { index, score } of scored) scores[index] = score;
  return { isChosen: true, rank: placeOf(choices.indexOf(answer), scores) };
}

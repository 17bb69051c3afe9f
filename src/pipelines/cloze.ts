/** Which of a few words or phrases stood in the blanks of a text; where every word may, `fill-mask` tells. */
import { BLANK } from "../data/index.ts";
import { DataError } from "../errors.ts";
import { softmax } from "../generation/index.ts";
import { AutoModelForMaskedLM } from "../models/index.ts";
import { type BlankFeatures, type BlankResult, cloze } from "../tasks/cloze.ts";
import type { Tensor } from "../tensor/index.ts";
import type { EncodedArrays, Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import {
  beginning,
  type CallOptions,
  checkCallOptions,
  checkFields,
  checkFilled,
  checkSeveral,
} from "./pipeline-inputs.ts";
import { acceptedInputs, readRows, rowsOfEach, type TextBatch, windowBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

/** Options of a call. */
export type ClozeOptions = CallOptions;

export interface ClozeInput {
  /** With `___`, `[MASK]` or `<mask>` where something is missing. */
  readonly text: string;
  readonly choices: readonly string[];
}

export interface ClozeChoice {
  choice: string;
  /** Share among the choices, from 0 to 1. */
  score: number;
  /** In nats, the mean over the choice's pieces. */
  logProbability: number;
}

/** The choices for a text with one blank, the likeliest first, or such a list for each of several blanks. */
export type ClozeResult = ClozeChoice[] | ClozeChoice[][];

/** Of several blanks each is read beside others that are as long as the first choice. */
export interface ClozePipeline {
  <const O extends ClozeOptions>(input: ClozeInput, options?: O): Promise<Told<O, ClozeResult>>;
  <const O extends ClozeOptions>(inputs: readonly ClozeInput[], options?: O): Promise<Told<O, ClozeResult>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadCloze(source: string, options: PipelineOptions): Promise<ClozePipeline> {
  const parts = await loadTextModel(source, options, { task: "cloze", auto: AutoModelForMaskedLM });
  const { model, tokenizer, maximumLength } = parts;
  const setting = { config: model.config, modelTask: "maskedLM", tokenizer } as const;
  const task = cloze.prepare(setting, { sequenceLength: maximumLength });

  async function choose(given: ClozeInput | readonly ClozeInput[], callOptions: ClozeOptions = {}) {
    checkCallOptions(callOptions, [], "cloze");
    const { batchSize = 16 } = callOptions;
    const inputs = (Array.isArray(given) ? given : [given]).map(checkInput);
    const features = inputs.map(({ text, choices }, index) => {
      const answer = Array.from(text.matchAll(BLANK), () => choices[0] as string);
      return task.evaluationFeatures?.([{ text, choices, answer, line: index + 1 }]) ?? [];
    });
    const all = features.flat();
    const rows = await readRows(
      windowBatches(
        all.map(({ rows: [row] }) => row as EncodedArrays),
        parts,
        { batchSize },
      ),
      all.length,
      parts,
      callOptions,
      ({ logits }, row, { indices }) => resultOf(logits as Tensor, row, indices),
      async ({ inputs: tokens, indices }, asked) => {
        const positions = positionsOf(indices, tokens.inputIds.dims[1] as number);
        const given = { ...acceptedInputs(tokens, model), positions };
        return (await model(given, asked)) as unknown as Record<string, Tensor>;
      },
    );

    function positionsOf(indices: TextBatch["indices"], length: number): number[] {
      return indices.flatMap((index, row) =>
        placesOf(all[index] as BlankFeatures).map((place) => row * length + place),
      );
    }

    /** logits [S, V] of all rows' masks, one row after another. */
    function resultOf(logits: Tensor, row: number, indices: TextBatch["indices"]): readonly BlankResult[] {
      const counts = indices.map((index) => placesOf(all[index] as BlankFeatures).length);
      const start = counts.slice(0, row).reduce((sum, count) => sum + count, 0);
      const width = logits.dims.at(-1) as number;
      const count = counts[row] as number;
      const data = (logits.data as Float32Array).subarray(start * width, (start + count) * width);
      const own = [all[indices[row] as number] as BlankFeatures];
      const positions = { type: "int64", dims: [count], data: new BigInt64Array(count) } as const;
      return task.results({ logits: { data } }, { positions }, own)[0] ?? [];
    }

    const counts = features.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const said = own.flatMap(({ result }) => result);
      const result = chosen(inputs[index] as ClozeInput, said);
      return told({ result, states: own.flatMap(({ states }) => states) }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(choose, { tokenizer, release: () => model.release() }) as ClozePipeline;
}

function placesOf({ blanks }: BlankFeatures): number[] {
  return blanks.flatMap(({ places }) => places);
}

function checkInput(input: unknown): ClozeInput {
  const example = '{ text: "Paris is the ___ of France.", choices: ["capital", "river"] }';
  const fields = checkFields(input, ["text", "choices"], example);
  const text = checkFilled(fields.text, "text");
  const choices = checkSeveral(fields.choices, "choices").map((choice) => checkFilled(choice, "choices"));
  if (text.match(BLANK) !== null) return { text, choices };
  throw new DataError("The text has no blank.", {
    field: "text",
    expected: "at least one ___, [MASK] or <mask>",
    received: beginning(text),
    hint: "Write ___ where one of the choices should stand.",
  });
}

function chosen({ choices }: ClozeInput, results: readonly BlankResult[]): ClozeResult {
  const blanks = new Map<number, Map<number, number>>();
  for (const { blank, choices: scored } of results) {
    const known = blanks.get(blank) ?? new Map<number, number>();
    blanks.set(blank, known);
    for (const { index, score } of scored) known.set(index, score);
  }
  const all = [...blanks.keys()]
    .sort((a, b) => a - b)
    .map((blank) => {
      const logProbabilities = choices.map((_, index) => blanks.get(blank)?.get(index) ?? Number.NEGATIVE_INFINITY);
      const scores = softmax(Float32Array.from(logProbabilities));
      const rows = choices.map((choice, index) => ({
        ...{ choice, score: scores[index] as number, logProbability: logProbabilities[index] as number },
      }));
      return rows.sort((a, b) => b.logProbability - a.logProbability);
    });
  return all.length === 1 ? (all[0] as ClozeChoice[]) : all;
}

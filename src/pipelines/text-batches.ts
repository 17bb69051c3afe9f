/** What every pipeline does with texts: puts those of like length together, cuts what is too long, and runs the model. */
import type { AnyModel } from "../models/index.ts";
import { measured } from "../runtime/profiler.ts";
import type { TokenRow } from "../tasks/task.ts";
import type { Tensor } from "../tensor/index.ts";
import { asksForStates, type RowStates, type StateOptions, statesOfRow, type WithStates } from "./inner-states.ts";
import { beginning } from "./pipeline-inputs.ts";
import type { RowInputs, TextModel } from "./text-model.ts";

/** One text, or two that go together. */
export interface TextPair {
  readonly text: string;
  readonly textPair?: string | undefined;
}

export interface TextBatch {
  /** Places of the batch's rows among all. */
  readonly indices: readonly number[];
  readonly inputs: RowInputs;
}

/** How texts become rows. */
export interface BatchSettings {
  /** Rows that go through the model together. */
  readonly batchSize: number;
  /** Which text of a pair gives way when both are too long together; the longer one when left out. */
  readonly truncation?: "longest_first" | "only_first" | undefined;
}

/** Batches of texts, long ones first; each row is padded to the longest of its batch. */
export function* textBatches(
  pairs: readonly TextPair[],
  parts: TextModel<AnyModel>,
  { batchSize, truncation = "longest_first" }: BatchSettings,
): Generator<TextBatch> {
  const { tokenizer, maximumLength } = parts;
  const lengthOf = ({ text, textPair }: TextPair): number => text.length + (textPair?.length ?? 0);
  const isPaired = pairs.some(({ textPair }) => textPair !== undefined);
  for (const indices of sortedBatches(pairs.map(lengthOf), Math.min(batchSize, parts.maximumRows))) {
    const chosen = indices.map((index) => pairs[index] as TextPair);
    const inputs = measured("tokenizing", () =>
      tokenizer(
        chosen.map(({ text }) => text),
        {
          ...(isPaired && { textPair: chosen.map(({ textPair }) => textPair ?? "") }),
          padding: indices.length > 1,
          truncation,
          maxLength: maximumLength,
          ...(indices.length > 1 && { returnAttentionMask: true }),
        },
      ),
    );
    if ((inputs.inputIds.dims[1] ?? 0) >= maximumLength) warnOfCuts(chosen, parts);
    yield { indices, inputs };
  }
}

/** Batches of rows that are tokens already, such as the windows of long texts. */
export function* windowBatches(
  windows: readonly TokenRow[],
  { tokenizer, maximumRows }: TextModel<AnyModel>,
  { batchSize }: BatchSettings,
): Generator<TextBatch> {
  const lengths = windows.map(({ inputIds }) => inputIds.length);
  const takesTypes = tokenizer.config.modelInputNames.includes("token_type_ids");
  for (const indices of sortedBatches(lengths, Math.min(batchSize, maximumRows))) {
    const length = lengths[indices[0] as number] as number;
    const tensor = (valuesOf: (window: TokenRow) => readonly number[], filler: number) => {
      const data = new BigInt64Array(indices.length * length).fill(BigInt(filler));
      indices.forEach((index, row) => {
        data.set(valuesOf(windows[index] as TokenRow).map(BigInt), row * length);
      });
      return { type: "int64" as const, dims: [indices.length, length], data };
    };
    const inputs = {
      inputIds: tensor(({ inputIds }) => inputIds, tokenizer.padTokenId ?? 0),
      attentionMask: tensor(({ inputIds }) => inputIds.map(() => 1), 0),
      ...(takesTypes && { tokenTypeIds: tensor(({ tokenTypeIds = [] }) => tokenTypeIds, 0) }),
    };
    yield { indices, inputs };
  }
}

/** Places in an order of falling lengths, `batchSize` at a time. */
function* sortedBatches(lengths: readonly number[], batchSize: number): Generator<number[]> {
  const order = lengths.map((_, index) => index);
  order.sort((a, b) => (lengths[b] as number) - (lengths[a] as number) || a - b);
  for (let start = 0; start < order.length; start += batchSize) yield order.slice(start, start + batchSize);
}

/** Outputs as every model with one of the usual heads gives them. */
type Outputs = Readonly<Record<string, Tensor>>;

/** What a pipeline makes of a row of a batch. */
type ResultOfRow<R> = (outputs: Outputs, row: number, batch: TextBatch) => R;

/** How a batch goes through the model; as it is when left out. */
type RunBatch = (batch: TextBatch, options: StateOptions) => Promise<Outputs>;

/**
 * Runs the model over batches of `count` rows in all. Gives a result for each row with its states, in the order of the rows.
 */
export async function readRows<R>(
  batches: Iterable<TextBatch>,
  count: number,
  parts: TextModel<AnyModel>,
  options: StateOptions,
  resultOf: ResultOfRow<R>,
  run: RunBatch = async ({ inputs }, asked) => parts.model(acceptedInputs(inputs, parts.model), asked),
): Promise<WithStates<R>[]> {
  const { outputAttentions = false, outputHiddenStates = false } = options;
  const results: WithStates<R>[] = [];
  let done = 0;
  for (const batch of batches) {
    const outputs = await run(batch, { outputAttentions, outputHiddenStates });
    batch.indices.forEach((index, row) => {
      const states: RowStates[] = asksForStates(options)
        ? [statesOfRow(batch.inputs, outputs as object, row, parts.tokenizer)]
        : [];
      results[index] = { result: resultOf(outputs, row, batch), states };
    });
    done += batch.indices.length;
    parts.onBatch(done, count);
  }
  return results;
}

/** The rows of each input, when the inputs have so many rows each, one after another. */
export function rowsOfEach<R>(rows: readonly R[], counts: readonly number[]): R[][] {
  let used = 0;
  return counts.map((count) => {
    used += count;
    return rows.slice(used - count, used);
  });
}

/** The one number that the model says of each of an input's pairs, for every input, with the states of its rows. */
export async function scoresOfEach(
  pairsOfEach: readonly (readonly TextPair[])[],
  parts: TextModel<AnyModel>,
  options: StateOptions & { readonly batchSize?: number | undefined },
  run?: RunBatch,
): Promise<{ readonly scores: number[]; readonly states: RowStates[] }[]> {
  const pairs = pairsOfEach.flat();
  const batches = textBatches(pairs, parts, { batchSize: options.batchSize ?? 16 });
  const scoreOf: ResultOfRow<number> = ({ logits }, row) => rowOf(logits, row)[0] as number;
  const rows = await readRows(batches, pairs.length, parts, options, scoreOf, run);
  const counts = pairsOfEach.map(({ length }) => length);
  return rowsOfEach(rows, counts).map((own) => ({
    scores: own.map(({ result }) => result),
    states: own.flatMap(({ states }) => states),
  }));
}

/** Inputs that the model knows: some folders pair a model without segments with a tokenizer that gives them. */
export function acceptedInputs(inputs: RowInputs, model: AnyModel): RowInputs {
  const known = model.inputSpecs(new Set(Object.keys(inputs)));
  const entries = Object.entries(inputs).filter(([name]) => name in known);
  return Object.fromEntries(entries) as unknown as RowInputs;
}

/** Row of a tensor whose first axis is the batch. */
export function rowOf(tensor: Tensor | undefined, row: number): Float32Array {
  if (tensor === undefined) throw new TypeError("the model gives no such output");
  const size = tensor.size / (tensor.dims[0] ?? 1);
  return (tensor.data as Float32Array).subarray(row * size, (row + 1) * size);
}

function warnOfCuts(pairs: readonly TextPair[], { tokenizer, maximumLength, onWarning }: TextModel<AnyModel>): void {
  for (const { text, textPair } of pairs) {
    const { length } = tokenizer(text, { textPair, returnTensors: false }).inputIds;
    if (length <= maximumLength) continue;
    onWarning(`A text of ${length} tokens was cut to the ${maximumLength} that the model takes: ${beginning(text)}`);
  }
}

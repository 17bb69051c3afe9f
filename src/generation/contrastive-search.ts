/**
 * Contrastive search: of the likeliest tokens the one that is likely and unlike what has been said
 * (Su et al. 2022, https://arxiv.org/abs/2202.06417, eq. 5).
 */
import { ConfigurationError } from "../errors.ts";
import type { GenerationOptions, GenerationPlan } from "./generation-settings.ts";
import { largest, softmax } from "./logits-processors/index.ts";
import { logitsOfRow, type NextTokenLogits, type NextTokenModel, type Prompts } from "./next-token-model.ts";

/** A row that goes on. */
interface OpenRow {
  readonly row: number;
  readonly ids: number[];
  readonly padding: number;
  /** Of each token so far: the last layer's state, of length 1. */
  readonly states: Float32Array[];
  /** Where it stands in what the model read last. */
  place: number;
}

/** A token that may come next. */
interface Candidate {
  readonly token: number;
  readonly probability: number;
}

/** Continues every prompt, a token at a time. The candidates of all rows are read together. */
export async function contrastiveSearch(
  model: NextTokenModel,
  prompts: Prompts,
  plan: GenerationPlan,
  options: GenerationOptions,
): Promise<number[][]> {
  let read = await model.begin(prompts, { hiddenStates: true });
  const rows = prompts.ids.map((ids, row) => ({
    row,
    ids: [...ids],
    padding: prompts.padding[row] ?? 0,
    states: statesOf(read, row).slice(prompts.padding[row] ?? 0),
    place: row,
  }));
  let open: OpenRow[] = rows;
  while (open.length > 0 && !options.signal?.aborted) {
    const candidates = open.map((row) => candidatesOf(row, read, plan));
    read = await model.step(
      candidates.flatMap((own) => own.map(({ token }) => token)),
      candidates.flatMap((own, index) => own.map(() => (open[index] as OpenRow).place)),
    );
    let start = 0;
    for (const [index, row] of open.entries()) {
      const own = candidates[index] as readonly Candidate[];
      choose(row, own, start, read, plan.penaltyAlpha);
      options.onToken?.(row.ids.at(-1) as number, row.row);
      start += own.length;
    }
    open = open.filter(({ ids }) => !plan.endTokens.includes(ids.at(-1) as number) && ids.length < plan.maximumLength);
  }
  return rows.map(({ ids }) => ids);
}

/** The likeliest tokens. */
function candidatesOf({ ids, padding, place }: OpenRow, read: NextTokenLogits, plan: GenerationPlan): Candidate[] {
  const scores = logitsOfRow(read, place);
  plan.processors(scores, { ids, padding });
  const probabilities = softmax(scores);
  return largest(probabilities, Math.min(plan.topK, scores.length)).map((token) => ({
    token,
    probability: probabilities[token] as number,
  }));
}

/** Adds the best candidate to the row: (1 − α) · its probability − α · its greatest likeness to a token before it. */
function choose(
  row: OpenRow,
  candidates: readonly Candidate[],
  start: number,
  read: NextTokenLogits,
  alpha: number,
): void {
  const states = candidates.map((_, index) => statesOf(read, start + index).at(-1) as Float32Array);
  const scores = candidates.map(({ probability }, index) => {
    const own = states[index] as Float32Array;
    const likeness = row.states.reduce((most, state) => Math.max(most, product(state, own)), Number.NEGATIVE_INFINITY);
    return (1 - alpha) * probability - alpha * likeness;
  });
  const best = largest(scores, 1)[0] ?? 0;
  row.ids.push((candidates[best] as Candidate).token);
  row.states.push(states[best] as Float32Array);
  row.place = start + best;
}

/** The states of a row's tokens that were read last, each divided by its length: cosines become products. */
function statesOf({ hiddenStates, rows }: NextTokenLogits, row: number): Float32Array[] {
  if (hiddenStates === undefined) {
    throw new ConfigurationError("contrastive search needs a model that gives hidden states", {
      field: "penaltyAlpha",
    });
  }
  const { data, width } = hiddenStates;
  const length = data.length / rows / width;
  return Array.from({ length }, (_, at) => {
    const start = (row * length + at) * width;
    const state = data.subarray(start, start + width);
    const norm = Math.sqrt(product(state, state));
    return state.map((value) => value / norm);
  });
}

function product(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] as number), 0);
}

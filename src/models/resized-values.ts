/** The values of a model for one with a larger or smaller vocabulary. */
import type { Parameter } from "../graph/index.ts";
import type { ParameterStore } from "../nn/index.ts";
import type { Random } from "../random.ts";

interface Side {
  readonly store: ParameterStore;
  readonly parameters: ReadonlyMap<string, Parameter>;
}

/**
 * Copies all values, and what is trainable. Where a table has more rows than before, the new ones are the mean of the old
 * (Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models"): a new word is as likely as an old one,
 * instead of drowning them all. With `random` they are drawn around the mean, as far from it as the old ones are, so that
 * several new words are told apart from the first step on.
 */
export function copyResized(from: Side, to: Side, random?: Random): void {
  for (const [name, target] of to.parameters) {
    const source = from.parameters.get(name);
    if (source === undefined) continue;
    target.trainable = source.trainable;
    copyRows(from.store.peek(source), to.store.view(target), target.shape, random?.fork("new rows", name));
  }
}

/** Tables of the same width, the rows that both have and then the new ones. */
function copyRows(
  source: Float32Array,
  target: Float32Array,
  [rows = 1, ...rest]: readonly number[],
  random: Random | undefined,
): void {
  const width = rest.reduce((product, size) => product * size, 1);
  const oldRows = source.length / width;
  target.set(source.subarray(0, target.length));
  if (oldRows >= rows) return;
  const mean = new Float64Array(width);
  const squares = new Float64Array(width);
  for (const [index, value] of source.entries()) {
    const column = index % width;
    mean[column] = (mean[column] ?? 0) + value / oldRows;
    squares[column] = (squares[column] ?? 0) + value ** 2 / oldRows;
  }
  for (let index = source.length; index < target.length; index++) {
    const column = index % width;
    const center = mean[column] as number;
    const variance = Math.max(0, (squares[column] as number) - center ** 2);
    target[index] = center + (random === undefined ? 0 : random.normal() * Math.sqrt(variance));
  }
}

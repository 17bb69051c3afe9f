/** The values of a model for one with a larger or smaller vocabulary. */
import type { Parameter } from "../graph/index.ts";
import type { ParameterStore } from "../nn/index.ts";

interface Side {
  readonly store: ParameterStore;
  readonly parameters: ReadonlyMap<string, Parameter>;
}

/**
 * Copies all values, and what is trainable. Where a table has more rows than before, the new ones are the mean of the old
 * (Hewitt 2021, "Initializing New Word Embeddings for Pretrained Language Models"): a new word is as likely as an old one,
 * instead of drowning them all.
 */
export function copyResized(from: Side, to: Side): void {
  for (const [name, target] of to.parameters) {
    const source = from.parameters.get(name);
    if (source === undefined) continue;
    target.trainable = source.trainable;
    copyRows(from.store.peek(source), to.store.view(target), target.shape);
  }
}

/** Tables of the same width, the rows that both have and then the mean row. */
function copyRows(source: Float32Array, target: Float32Array, [rows = 1, ...rest]: readonly number[]): void {
  const width = rest.reduce((product, size) => product * size, 1);
  const oldRows = source.length / width;
  target.set(source.subarray(0, target.length));
  if (oldRows >= rows) return;
  const mean = new Float64Array(width);
  for (const [index, value] of source.entries()) mean[index % width] = (mean[index % width] ?? 0) + value / oldRows;
  for (let row = oldRows; row < rows; row++) target.set(mean, row * width);
}

/**
 * How a narrow encoder starts so that it learns within minutes. The published start (standard deviation 0.02 everywhere)
 * leaves the attention of a model of 128 features near zero: it stays at the plateau of token frequencies for millions of
 * tokens. What was measured is in docs/decisions/0004-narrow-start.md.
 *
 * Matrices are drawn with 1/√width. On top of that:
 * - word and segment tables are drawn smaller, so that positions are heard beside words;
 * - positions begin as sinusoids of short wavelengths, so that neighbours can be told by their distance;
 * - projections into the residual stream are larger;
 * - the vocabulary head's bias begins at the logarithm of each token's frequency, which the model would learn first anyway.
 *
 * The architecture and the files stay as published; only the first values differ.
 */
import type { Parameter } from "../graph/index.ts";
import type { AnyModel, NarrowStartParts } from "../models/index.ts";
import { normal } from "../nn/index.ts";
import type { Random } from "../random.ts";

const embeddingDeviation = 0.04;
const positionDeviation = 0.08;
/** Wavelengths run from 2π to 2π times this, where Vaswani et al. 2017 have 10,000: the rows are short. */
const longestWavelength = 100;
const residualScale = 1.5;

/** Sets a new model's first values. `tokenCounts` [V]: how often each token occurs in the text. */
export function startNarrow(model: AnyModel, parts: NarrowStartParts, tokenCounts: Float64Array, random: Random): void {
  const { store } = model;
  const matches = (parameter: Parameter, ends: readonly string[]): boolean =>
    ends.some((end) => parameter.name.endsWith(end));
  for (const parameter of store.parameters) {
    const values = store.view(parameter);
    if (matches(parameter, parts.embeddings)) {
      normal(embeddingDeviation)(random.fork("narrow start", parameter.name), values, parameter.shape);
    } else if (matches(parameter, [parts.positions])) fillSinusoids(values, parameter.shape[1] ?? 1);
    else if (matches(parameter, parts.residual))
      for (const [i, value] of values.entries()) values[i] = value * residualScale;
    else if (matches(parameter, [parts.outputBias])) fillLogFrequencies(values, tokenCounts);
  }
}

/** values [P, width]: sine and cosine in turn, with the standard deviation of the positions. */
function fillSinusoids(values: Float32Array, width: number): void {
  const amplitude = positionDeviation * Math.SQRT2;
  for (let index = 0; index < values.length; index++) {
    const position = Math.floor(index / width);
    const column = index % width;
    const angle = position * longestWavelength ** (-(column - (column % 2)) / width);
    values[index] = amplitude * (column % 2 === 0 ? Math.sin(angle) : Math.cos(angle));
  }
}

/** Half an occurrence is given to every token, so that none is impossible. */
function fillLogFrequencies(values: Float32Array, counts: Float64Array): void {
  const total = counts.reduce((sum, count) => sum + count + 0.5, 0);
  for (const index of values.keys()) values[index] = Math.log(((counts[index] ?? 0) + 0.5) / total);
}

/**
 * Heads that read some of the tokens. Only those that count go through a vocabulary head while training: exactly, not
 * approximately, because the loss reads no other row.
 */
import { at, gather, reshape, type SymbolicTensor, shapeOf, sizeOf, slice } from "../graph/index.ts";
import { ignoredLabel } from "../nn/index.ts";
import type { InputSpecs } from "./model-inputs.ts";

/** One number for each token: [B, T] of int64. */
export const perToken = { type: "int64", shape: shapeOf("B", "T") } as const;

/** What to say of `positions` in a model's inputs. */
export interface SelectedPositions {
  /**
   * [S] of int64: places in the flattened [B·T] tokens, each once. Only these go through the vocabulary head, and logits
   * are [S, V].
   */
  readonly positions?: SymbolicTensor;
}

/** Specs of `positions`, and of the labels that then are [S] instead of [B, T]: tokens of a vocabulary. */
export function selectionSpecs(given: ReadonlySet<string>, labels: string, vocabSize: number): InputSpecs {
  const selected = { type: "int64", shape: shapeOf("S") } as const;
  const spec = given.has("positions") ? selected : perToken;
  return { positions: selected, [labels]: { ...spec, below: vocabSize, ignored: ignoredLabel } };
}

/** x [B, T, ...] → the rows at the positions, [S, ...]; all of x without positions. */
export function selectPositions(x: SymbolicTensor, positions: SymbolicTensor | undefined): SymbolicTensor {
  if (positions === undefined) return x;
  const rows = reshape(x, { shape: [sizeOf(x.shape.slice(0, 2)), ...x.shape.slice(2)] });
  return gather(rows, positions, { uniqueIndices: true });
}

/** hidden [B, T, D] → the first position's, [B, D]. */
export function firstToken(hidden: SymbolicTensor): SymbolicTensor {
  const first = slice(hidden, { axis: 1, start: 0, length: 1 });
  return reshape(first, { shape: [at(hidden.shape, 0), at(hidden.shape, 2)] });
}

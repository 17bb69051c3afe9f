/** What left-to-right language models share: the labels of a token are what follows it. */
import {
  addDimensions,
  at,
  broadcastTo,
  concat,
  constant,
  reshape,
  type SymbolicTensor,
  sizeOf,
  slice,
} from "../graph/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { perToken, type SelectedPositions, selectionSpecs, selectPositions } from "./selected-positions.ts";

export interface NextTokenLabels extends SelectedPositions {
  /** [B, T] of int64: the tokens themselves, which are shifted here; −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
  /** What follows each token, where it is known already: [B, T], or [S] with positions. Instead of labels. */
  readonly nextTokenIds?: SymbolicTensor;
}

export function nextTokenSpecs(given: ReadonlySet<string>, vocabSize: number): InputSpecs {
  const labels = { ...perToken, below: vocabSize, ignored: ignoredLabel };
  return { ...selectionSpecs(given, "nextTokenIds", vocabSize), labels };
}

/** Adds the loss to outputs with logits [B, T, V], or [S, V] with positions, when something says what follows. */
export function withNextTokenLoss<O extends { readonly logits: SymbolicTensor }>(
  outputs: O,
  { labels, nextTokenIds, positions }: NextTokenLabels,
): O & { readonly loss?: SymbolicTensor } {
  const next = nextTokenIds ?? (labels && selectPositions(shiftLeft(labels), positions));
  return next === undefined ? outputs : { ...outputs, loss: crossEntropy(outputs.logits, next) };
}

/** labels [..., T] → what follows each token, [rows, T]; nothing that counts follows the last. */
function shiftLeft(labels: SymbolicTensor): SymbolicTensor {
  const length = at(labels.shape, labels.rank - 1);
  const rows = sizeOf(labels.shape.slice(0, -1));
  const flat = reshape(labels, { shape: [rows, length] });
  const end = broadcastTo(constant("int64", [1, 1], [ignoredLabel]), { shape: [rows, 1] });
  return concat(slice(flat, { axis: 1, start: 1, length: addDimensions(length, 1, -1) }), end, { axis: 1 });
}

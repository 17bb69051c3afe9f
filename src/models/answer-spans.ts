/** What question-answering heads share: where an answer begins and ends. */

import { ConfigurationError } from "../errors.ts";
import {
  add,
  at,
  less,
  maximum,
  mul,
  range,
  reshape,
  type SymbolicTensor,
  shapeOf,
  split,
  where,
} from "../graph/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import type { InnerStates } from "./head-outputs.ts";
import type { InputSpecs } from "./model-inputs.ts";

export interface SpanLabels {
  /** [B] of int64: the answer's first token; beyond the row, it counts for nothing. */
  readonly startPositions?: SymbolicTensor | undefined;
  /** [B] of int64: its last token, in the same way. */
  readonly endPositions?: SymbolicTensor | undefined;
}

export interface SpanOutputs extends InnerStates {
  /** [], when both positions are given: the mean of both losses. */
  readonly loss?: SymbolicTensor;
  /** [B, T] */
  readonly startLogits: SymbolicTensor;
  /** [B, T] */
  readonly endLogits: SymbolicTensor;
}

const perRow = { type: "int64", shape: shapeOf("B") } as const;

export const spanLabelSpecs: InputSpecs = { startPositions: perRow, endPositions: perRow };

/** Throws a ConfigurationError unless the labels are two: a beginning and an end. */
export function requireTwoLabels(numLabels: number): 2 {
  if (numLabels === 2) return numLabels;
  throw new ConfigurationError("Question answering has two labels: where an answer begins and where it ends.", {
    field: "num_labels",
    expected: "2",
    received: String(numLabels),
    hint: "Load it with { config: { numLabels: 2 } }.",
  });
}

/** logits [B, T, 2] → those of beginnings and of ends, with the loss when both positions are given. */
export function spanOutputs(
  logits: SymbolicTensor,
  { startPositions, endPositions }: SpanLabels,
  states: InnerStates,
): SpanOutputs {
  const [batch, length] = [at(logits.shape, 0), at(logits.shape, 1)];
  const [startLogits, endLogits] = split(logits, { axis: 2, sizes: [1, 1] }).map((part) =>
    reshape(part, { shape: [batch, length] }),
  ) as [SymbolicTensor, SymbolicTensor];
  const outputs = { startLogits, endLogits, ...states };
  if (startPositions === undefined || endPositions === undefined) return outputs;
  const sum = add(positionLoss(startLogits, startPositions), positionLoss(endLogits, endPositions));
  return { ...outputs, loss: mul(sum, 0.5) };
}

/** logits [B, T], positions [B] → []. As in the reference, what lies before the row is taken for its first token. */
function positionLoss(logits: SymbolicTensor, positions: SymbolicTensor): SymbolicTensor {
  const length = range({ start: at(logits.shape, 1), length: 1 });
  return crossEntropy(logits, where(less(positions, length), maximum(positions, 0), ignoredLabel));
}

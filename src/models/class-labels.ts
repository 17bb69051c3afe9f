/** What classifiers of rows and of tokens share: their labels, and the loss that fits these. */
import { reshape, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import { binaryCrossEntropy, crossEntropy, ignoredLabel, meanSquaredError } from "../nn/index.ts";
import type { InputSpec } from "./model-inputs.ts";
import type { PreTrainedConfig } from "./pretrained-model.ts";
import { perToken } from "./selected-positions.ts";

/** C classes, and what kind of labels they are. */
export type ClassConfig = Pick<PreTrainedConfig, "numLabels" | "problemType">;

export interface RowLabels {
  /**
   * By the configuration's `problemType`: the class of each row, [B] of int64; 1 and 0 for each class, [B, C] of float32;
   * or numbers, [B] or [B, C] of float32. Without one, a single label is a number, and else the labels' own type decides.
   */
  readonly labels?: SymbolicTensor;
}

export interface TokenLabels {
  /** [B, T] of int64: the class of each token; −100 counts for nothing. */
  readonly labels?: SymbolicTensor;
}

export function rowLabelSpec({ numLabels, problemType }: ClassConfig): InputSpec {
  const oneClass = { type: "int64", shape: shapeOf("B"), below: numLabels, ignored: ignoredLabel } as const;
  const numbers = { type: "float32", shape: shapeOf("B", numLabels) } as const;
  const isRegression = problemType === "regression" || problemType === null;
  if (numLabels === 1 && isRegression) return { type: "float32", shape: shapeOf("B"), otherwise: [numbers] };
  if (problemType === null) return { ...oneClass, otherwise: [numbers] };
  return problemType === "single_label_classification" ? oneClass : numbers;
}

export function tokenLabelSpec({ numLabels }: ClassConfig): InputSpec {
  return { ...perToken, below: numLabels, ignored: ignoredLabel };
}

/** logits [B, C], labels as `RowLabels` says → []. */
export function rowLoss(
  logits: SymbolicTensor,
  labels: SymbolicTensor,
  { numLabels, problemType }: ClassConfig,
): SymbolicTensor {
  const byType = labels.type === "int64" ? "single_label_classification" : "multi_label_classification";
  const problem = problemType ?? (numLabels === 1 ? "regression" : byType);
  if (problem === "single_label_classification") return crossEntropy(logits, labels);
  if (problem === "multi_label_classification") return binaryCrossEntropy(logits, labels);
  return meanSquaredError(logits, reshape(labels, { shape: logits.shape }));
}

/** What multiple-choice heads share: C choices a row are read as rows of their own, and the best one is told. */
import { multiplyDimensions, namedDimension, reshape, SymbolicTensor, shapeOf } from "../graph/index.ts";
import { crossEntropy, ignoredLabel } from "../nn/index.ts";
import { type HeadOutputs, headOutputs, type InnerStates } from "./head-outputs.ts";
import type { InputSpecs } from "./model-inputs.ts";
import { type TokenInputs, tokenShape } from "./token-inputs.ts";

export interface ChoiceLabels {
  /** [B] of int64: the right choice. */
  readonly labels?: SymbolicTensor | undefined;
}

/** The specs of inputs [B, T] for inputs [B, C, T]; what is no matrix, such as a cache, stays with rows of their own. */
export function perChoice(specs: InputSpecs): InputSpecs {
  const entries = Object.entries(specs).map(([name, spec]) => {
    const [batch = namedDimension("B"), ...rest] = spec.shape;
    if (rest.length !== 1 && name !== "inputsEmbeds") return [name, spec] as const;
    return [name, { ...spec, shape: [batch, namedDimension("C"), ...rest] }] as const;
  });
  return Object.fromEntries(entries);
}

/** The label of each row: one of the choices. */
export const choiceLabelSpec = {
  type: "int64",
  shape: shapeOf("B"),
  belowAxis: 1,
  ignored: ignoredLabel,
} as const;

/** Inputs [B, C, …] → the same as rows of their own, [B·C, …]. */
export function flattenChoices<I extends object>(inputs: I): I {
  const entries = Object.entries(inputs).map(([name, x]) => [name, x instanceof SymbolicTensor ? joinRows(x) : x]);
  return Object.fromEntries(entries) as I;
}

/** x [B, C, …] → [B·C, …]. */
export function joinRows(x: SymbolicTensor): SymbolicTensor {
  const [batch, choices, ...rest] = x.shape;
  return reshape(x, { shape: [multiplyDimensions(batch ?? 1, choices ?? 1), ...rest] });
}

/** scores [B·C, 1] of tokens that were [B, C, T] → logits [B, C], with the loss when there are labels. */
export function choiceOutputs(
  scores: SymbolicTensor,
  { labels, ...tokens }: ChoiceLabels & TokenInputs,
  states: InnerStates,
): HeadOutputs {
  const logits = reshape(scores, { shape: tokenShape(tokens).slice(0, 2) });
  return headOutputs(logits, states, labels && crossEntropy(logits, labels));
}

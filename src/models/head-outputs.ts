/** What models with a head give, whatever their architecture. */
import type { SymbolicTensor } from "../graph/index.ts";

/** What a call returns only when asked. */
export interface InnerStates {
  /** The embeddings' and every layer's output, [B, T, D] each. */
  readonly hiddenStates: readonly SymbolicTensor[];
  /** Every layer's probabilities, [B, H, T, T] each. */
  readonly attentions: readonly SymbolicTensor[];
}

export interface HeadOutputs extends InnerStates {
  /** [], when labels are given. */
  readonly loss?: SymbolicTensor;
  readonly logits: SymbolicTensor;
}

/** The hidden states and the probabilities among a model's outputs. */
export function innerStates({ hiddenStates, attentions }: InnerStates): InnerStates {
  return { hiddenStates, attentions };
}

/** What a head with one result gives: its logits, the loss if labels were given, and the inner states. */
export function headOutputs(
  logits: SymbolicTensor,
  states: InnerStates,
  loss: SymbolicTensor | undefined,
): HeadOutputs {
  const outputs = { logits, ...innerStates(states) };
  return loss === undefined ? outputs : { ...outputs, loss };
}

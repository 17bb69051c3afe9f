/** What decoders share: which earlier tokens each layer attends to. */
import { at, type SymbolicTensor } from "../graph/index.ts";
import { causalMask, type KeyValue } from "../nn/index.ts";
import { cachedLength } from "./key-value-cache.ts";
import { type TokenInputs, tokenShape } from "./token-inputs.ts";

/** What a decoder's graph can be traced with beside its inputs. */
export interface DecoderTracingOptions {
  /** How many tokens each layer attends to, one's own counted; all earlier ones when left out. */
  readonly attentionWindows?: readonly number[];
}

interface CausalInputs extends DecoderTracingOptions, TokenInputs {
  readonly attentionMask?: SymbolicTensor;
  readonly pastKeyValues?: readonly KeyValue[];
}

/**
 * The additive mask [B or 1, 1, T, P + T] of a layer by its place; layers with windows of one length share theirs.
 *
 * @param own the windows that the model was trained with, unless the inputs say otherwise.
 */
export function causalMasks(inputs: CausalInputs, own: readonly number[] | null): (layer: number) => SymbolicTensor {
  const { attentionMask, pastKeyValues, attentionWindows = own } = inputs;
  const made = new Map<number | undefined, SymbolicTensor>();
  return (layer) => {
    const window = attentionWindows?.[layer];
    const options = { attentionMask, window };
    const mask = made.get(window) ?? causalMask(cachedLength(pastKeyValues), at(tokenShape(inputs), 1), options);
    made.set(window, mask);
    return mask;
  };
}

/** Layer normalization over the last axis: Ba et al. 2016, https://arxiv.org/abs/1607.06450. */
import { layerNorm, Parameter, type SymbolicTensor } from "../graph/index.ts";
import { ones, zeros } from "./initializers.ts";
import { Module } from "./module.ts";

export class LayerNorm extends Module {
  /** Gain, [width]. */
  readonly weight: Parameter;
  /** [width] */
  readonly bias: Parameter;
  readonly epsilon: number;

  constructor(width: number, epsilon: number) {
    super();
    this.weight = new Parameter([width], ones);
    this.bias = new Parameter([width], zeros);
    this.epsilon = epsilon;
  }

  /** x [..., width] → the same shape. */
  forward(x: SymbolicTensor): SymbolicTensor {
    const [normalized] = layerNorm(x, this.weight, this.bias, { epsilon: this.epsilon });
    return normalized as SymbolicTensor;
  }
}

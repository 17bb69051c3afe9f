/** The linear layer of GPT and GPT-2, published as `Conv1D`: y = x·W + b with the weight stored [in, out]. */
import { type Initializer, linear, Parameter, type SymbolicTensor } from "../graph/index.ts";
import { zeros } from "./initializers.ts";
import { Module } from "./module.ts";

export class Conv1DLinear extends Module {
  /** [in, out] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter;

  constructor(inputs: number, outputs: number, initializer: Initializer) {
    super();
    this.weight = new Parameter([inputs, outputs], initializer);
    this.bias = new Parameter([outputs], zeros);
  }

  /** x [..., in] → [..., out]. */
  forward(x: SymbolicTensor): SymbolicTensor {
    return linear(x, this.weight, this.bias, { transposeWeight: false });
  }
}

/** y = x·Wᵀ + b, the weight stored [out, in] as PyTorch does. */
import { type Initializer, linear, matmul, Parameter, type SymbolicTensor } from "../graph/index.ts";
import { normal, zeros } from "./initializers.ts";
import { Module } from "./module.ts";

export interface LinearOptions {
  readonly bias?: boolean;
  readonly initializer?: Initializer;
}

export class Linear extends Module {
  /** [out, in] */
  readonly weight: Parameter;
  /** [out] */
  readonly bias: Parameter | undefined;

  constructor(inputs: number, outputs: number, options: LinearOptions = {}) {
    super();
    this.weight = new Parameter([outputs, inputs], options.initializer ?? normal(0.02));
    this.bias = options.bias === false ? undefined : new Parameter([outputs], zeros);
  }

  /** x [..., in] → [..., out]. */
  forward(x: SymbolicTensor): SymbolicTensor {
    if (this.bias === undefined) return matmul(x, this.weight, { transposeRight: true });
    return linear(x, this.weight, this.bias, { transposeWeight: true });
  }
}

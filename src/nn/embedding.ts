/** A table of vectors looked up by number. */
import { gather, type Initializer, Parameter, type SymbolicTensor } from "../graph/index.ts";
import { normal } from "./initializers.ts";
import { Module } from "./module.ts";

export interface EmbeddingOptions {
  readonly initializer?: Initializer;
  /** The row that look-ups give no gradient to. */
  readonly paddingIndex?: number | undefined;
  /** [rows, width]: the table, where it belongs to somebody else already. */
  readonly weight?: Parameter | undefined;
}

export class Embedding extends Module {
  /** [rows, width] */
  readonly weight: Parameter;
  readonly paddingIndex: number | undefined;

  constructor(rows: number, width: number, options: EmbeddingOptions = {}) {
    super();
    this.weight = options.weight ?? new Parameter([rows, width], options.initializer ?? normal(0.02));
    this.paddingIndex = options.paddingIndex;
  }

  /** indices [...] of int64 → [..., width]. */
  forward(indices: SymbolicTensor): SymbolicTensor {
    return gather(this.weight, indices, { paddingIndex: this.paddingIndex });
  }
}

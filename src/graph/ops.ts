/** The registry of operators: suites that must cover every operator iterate it. */
import * as convolution from "./operators/convolution.ts";
import * as elementwise from "./operators/elementwise.ts";
import * as indexing from "./operators/indexing.ts";
import * as linearAlgebra from "./operators/linear-algebra.ts";
import * as movement from "./operators/movement.ts";
import * as recurrent from "./operators/recurrent.ts";
import * as reductions from "./operators/reductions.ts";

export const operators = {
  ...elementwise,
  ...movement,
  ...reductions,
  ...linearAlgebra,
  ...indexing,
  ...convolution,
  ...recurrent,
};

export type OperatorType = keyof typeof operators;

/** The attributes that the operator was called with. */
export type AttributesOf<K extends OperatorType> = (typeof operators)[K] extends { readonly attributes?: infer A }
  ? NonNullable<A>
  : never;

export * from "./operators/convolution.ts";
export * from "./operators/elementwise.ts";
export * from "./operators/indexing.ts";
export * from "./operators/linear-algebra.ts";
export * from "./operators/movement.ts";
export * from "./operators/recurrent.ts";
export * from "./operators/reductions.ts";

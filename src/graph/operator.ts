/**
 * How an operator is defined: its shape rule and its lowering to ONNX, in one place. Its gradient stands in
 * gradients.ts, whose table does not compile while one is missing.
 */
import { ShapeError } from "../errors.ts";
import type { OnnxAttribute } from "../onnx/index.ts";
import type { Dimension, Shape } from "./shapes.ts";
import {
  type DataType,
  type GraphNode,
  type Operand,
  Parameter,
  SymbolicTensor,
  type TensorSpec,
  toSymbolic,
} from "./symbolic-tensor.ts";
import { currentScope, nextSequence } from "./trace.ts";

/** Writes ONNX nodes. All names are those of ONNX values. */
export interface Emitter {
  /** Whether only operators of the ONNX standard may be used, not the runtime's own. */
  readonly standard: boolean;
  /** Adds a node with `outputs` results (1 unless said) and returns the first one's name. */
  node(type: string, inputs: readonly string[], options?: EmitOptions): string;
  nodes(type: string, inputs: readonly string[], options: EmitOptions & { outputs: number }): string[];
  /** A float32 scalar. */
  float(value: number): string;
  int64(values: readonly number[]): string;
  /** An int64 vector holding `shape` in this run. */
  shape(shape: Shape): string;
  /** An int64 vector of one element. */
  dimension(dimension: Dimension): string;
  /** The value seen as `shape`. */
  reshape(value: string, from: Shape, to: Shape): string;
  /** A float32 tensor of `shape`, every element `value`. */
  filled(shape: Shape, value: number): string;
}

export interface EmitOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly domain?: string;
  readonly outputs?: number;
}

/** The ONNX Runtime's own operators. */
export const microsoft = "com.microsoft";

type Infer<A, R> = (inputs: readonly SymbolicTensor[], attributes: A) => R;
type Lower<A, R> = (emit: Emitter, inputs: readonly string[], attributes: A, node: GraphNode) => R;

export interface OperatorDefinition {
  /** Its key in the registry. */
  readonly operatorName: string;
  readonly lower: (emit: Emitter, inputs: readonly string[], attributes: never, node: GraphNode) => string | string[];
}

type Operands<N extends number> = N extends 0
  ? []
  : N extends 1
    ? [Operand]
    : N extends 2
      ? [Operand, Operand]
      : N extends 3
        ? [Operand, Operand, Operand]
        : N extends 4
          ? [Operand, Operand, Operand, Operand]
          : Operand[];

/** Marks an operator without attributes. */
export type NoAttributes = Record<never, never>;
type Call<N extends number, A> = NoAttributes extends A ? [...Operands<N>, attributes?: A] : [...Operands<N>, A];

/** A callable operator: operands first, attributes last. `A` is what its gradient rule sees. */
export interface Operator<N extends number, A, R> extends OperatorDefinition {
  (...args: Call<N, A>): R;
  readonly attributes?: A;
}

function apply(
  name: string,
  args: readonly unknown[],
  infer: (inputs: readonly SymbolicTensor[], attributes: never) => TensorSpec | TensorSpec[],
): readonly SymbolicTensor[] {
  const isOperand = (value: unknown): value is Operand =>
    typeof value === "number" || value instanceof SymbolicTensor || value instanceof Parameter;
  const inputs = toSymbolic(args.filter(isOperand));
  const last = args.at(-1);
  const attributes = last === undefined || isOperand(last) ? {} : last;
  const scope = currentScope();
  let specs: TensorSpec | TensorSpec[];
  try {
    specs = infer(inputs, attributes as never);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const place = scope === "" ? name : `${scope}: ${name}`;
    throw new ShapeError(`${place}(${inputs.join(", ")}): ${error.message}`, { ...error, field: scope || name });
  }
  const outputs: SymbolicTensor[] = [];
  const node: GraphNode = { operator: name, inputs, attributes, outputs, sequence: nextSequence(), scope };
  for (const [index, spec] of (Array.isArray(specs) ? specs : [specs]).entries()) {
    outputs.push(new SymbolicTensor(spec, { kind: "node", node, index }));
  }
  return outputs;
}

/** Defines an operator with `arity` operands (-1: any number) and one result. */
export function operator<const N extends number, A = NoAttributes>(
  name: string,
  _arity: N,
  definition: { infer: Infer<A, TensorSpec>; lower: Lower<A, string> },
): Operator<N, A, SymbolicTensor> {
  const call = (...args: Call<N, A>): SymbolicTensor => apply(name, args, definition.infer)[0] as SymbolicTensor;
  return Object.assign(call, { lower: definition.lower as OperatorDefinition["lower"], operatorName: name });
}

/** Defines an operator with several results. */
export function multipleOperator<const N extends number, A = NoAttributes>(
  name: string,
  _arity: N,
  definition: { infer: Infer<A, TensorSpec[]>; lower: Lower<A, string[]> },
): Operator<N, A, readonly SymbolicTensor[]> {
  const call = (...args: Call<N, A>): readonly SymbolicTensor[] => apply(name, args, definition.infer);
  return Object.assign(call, { lower: definition.lower as OperatorDefinition["lower"], operatorName: name });
}

/** Throws a ShapeError unless the tensor has one of `types`. */
export function expectType(tensor: SymbolicTensor, ...types: readonly DataType[]): void {
  if (!types.includes(tensor.type)) {
    throw new ShapeError(`takes ${types.join(" or ")}`, { expected: types.join(" or "), received: tensor.type });
  }
}

/** The operand at `index`; operators check their number by type, this satisfies strict indexing. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new ShapeError(`operand ${index} is missing`);
  return item;
}

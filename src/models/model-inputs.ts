/** What goes into a model: by which names, of which types and shapes, as symbols while tracing and as tensors in a call. */
import { ConfigurationError, DataError, ShapeError } from "../errors.ts";
import { input, type TensorSpec } from "../graph/index.ts";
import { Tensor, type TensorLike } from "../tensor/index.ts";
import { flatten, unflatten } from "./nested.ts";

export interface InputSpec extends TensorSpec {
  /** Whether the model cannot do without it. */
  readonly required?: boolean;
  /** Elements are numbers of rows or classes: from 0 to this − 1. The engine itself would count negative ones backwards. */
  readonly below?: number;
  /** The one other number that is allowed: what counts for nothing. */
  readonly ignored?: number;
  /** Elements are also below the size of this axis of the tokens, such as places in a row. */
  readonly belowAxis?: number;
  /** Other types and shapes that are taken as well; the first that fits what is given. */
  readonly otherwise?: readonly TensorSpec[];
  /** The most tokens of a row. */
  readonly longest?: number | undefined;
  /** The axis of the tokens, from the end; −1 when left out. */
  readonly tokenAxis?: number;
  /** Whether one row stands for all of the batch. */
  readonly repeatsRow?: boolean;
}

/** What a model accepts, by dotted name. */
export type InputSpecs = Readonly<Record<string, InputSpec>>;

/** Placeholders for the named inputs, nested as the model's `forward` takes them. */
export function symbolicInputs(names: Iterable<string>, specs: InputSpecs): Record<string, unknown> {
  return unflatten(
    [...names].map((name) => {
      const spec = specs[name] as TensorSpec;
      return [name, input(name, spec.type, spec.shape)] as const;
    }),
  );
}

const isTensorLike = (value: unknown): value is TensorLike =>
  typeof value !== "object" ||
  (value !== null && ("dims" in value || (Array.isArray(value) && !isNestedInputs(value))));

/** An array of objects that are no tensors is a list of inputs, such as a cache's layers. */
function isNestedInputs(value: readonly unknown[]): boolean {
  const [first] = value;
  return typeof first === "object" && first !== null && !Array.isArray(first) && !("dims" in first);
}

/**
 * The caller's inputs as tensors under dotted names. Throws a ConfigurationError for one that the model does not take or
 * that it misses, a DataError or ShapeError for values that it cannot use.
 */
export function concreteInputs(
  inputs: object,
  specsOf: (given: ReadonlySet<string>) => InputSpecs,
): { tensors: Map<string, Tensor>; specs: InputSpecs } {
  const flat = flatten(inputs as never, isTensorLike);
  const specs = specsOf(new Set(flat.keys()));
  const missing = Object.keys(specs).find((name) => specs[name]?.required === true && !flat.has(name));
  if (missing !== undefined) throw new ConfigurationError(`the model needs the input ${missing}`, { field: missing });
  const tokens = tokenDims(flat);
  const tensors = new Map<string, Tensor>();
  const chosen: Record<string, InputSpec> = { ...specs };
  for (const [name, value] of flat) {
    const spec = fittingSpec(specs[name], value);
    if (spec === undefined) {
      throw new ConfigurationError(`the model takes no input ${name}`, {
        field: name,
        expected: Object.keys(specs).join(", "),
      });
    }
    chosen[name] = spec;
    const tensor = Tensor.from(value, spec.type, name);
    checkValues(tensor, spec, tokens, name);
    tensors.set(name, repeatRow(tensor, spec, tokens?.[0]));
  }
  return { tensors, specs: chosen };
}

/** [B, T] of the tokens, given by ids or by vectors; of choices [B, C, T]. */
function tokenDims(given: ReadonlyMap<string, TensorLike>): readonly number[] | undefined {
  const [ids, vectors] = [given.get("inputIds"), given.get("inputsEmbeds")];
  if (ids !== undefined) return Tensor.from(ids, "int64", "inputIds").dims;
  return vectors === undefined ? undefined : Tensor.from(vectors, "float32", "inputsEmbeds").dims.slice(0, -1);
}

/** The spec, or the one of its others that fits the value better in type and rank. */
function fittingSpec(spec: InputSpec | undefined, value: TensorLike): InputSpec | undefined {
  if (spec?.otherwise === undefined) return spec;
  const isTensor = typeof value === "object" && "dims" in value;
  let rank = isTensor ? value.dims.length : 0;
  for (let level: unknown = value; Array.isArray(level); level = level[0]) rank++;
  const fits = ({ type, shape }: TensorSpec): boolean =>
    shape.length === rank && (!isTensor || (type === "float32") === (value.type === "float32"));
  return [spec, ...spec.otherwise].find(fits) ?? spec;
}

function checkValues(
  { data, dims }: Tensor,
  { below: fixed, belowAxis, ignored, longest, tokenAxis = -1 }: InputSpec,
  tokens: readonly number[] | undefined,
  name: string,
): void {
  const length = dims.at(tokenAxis) ?? 0;
  if (longest !== undefined && length > longest) {
    throw new ShapeError(`${name} has rows of ${length} tokens, more than the model has positions for`, {
      field: name,
      expected: `at most ${longest} tokens`,
      received: String(length),
      hint: "cut the text, as a tokenizer does with { truncation: true }",
    });
  }
  const below = belowAxis === undefined ? fixed : tokens?.at(belowAxis);
  if (below === undefined) return;
  const wrong = data.find((value: number | bigint) => (value < 0 || value >= below) && Number(value) !== ignored);
  if (wrong === undefined) return;
  const also = ignored === undefined ? "" : `, or ${ignored}`;
  throw new DataError(`${name} holds ${wrong}, which the model does not know`, {
    field: name,
    expected: `0 to ${below - 1}${also}`,
    received: String(wrong),
    hint: "check that the tokenizer is the model's own",
  });
}

/** One row of positions for the whole batch is repeated, as broadcasting does in the reference. */
function repeatRow(tensor: Tensor, spec: InputSpec, rows = 1): Tensor {
  if (spec.repeatsRow !== true || tensor.dims[0] !== 1 || rows === 1) return tensor;
  const data = new BigInt64Array(tensor.size * rows);
  for (let row = 0; row < rows; row++) data.set(tensor.data as BigInt64Array, row * tensor.size);
  return new Tensor(tensor.type, data, [rows, ...tensor.dims.slice(1)]);
}

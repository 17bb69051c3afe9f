/** What goes into a model: by which names, of which types and shapes, as symbols while tracing and as tensors in a call. */
import { ConfigurationError } from "../errors.ts";
import { input, type TensorSpec } from "../graph/index.ts";
import { Tensor, type TensorLike } from "../tensor/index.ts";
import { flatten, unflatten } from "./nested.ts";

/** What a model accepts, by dotted name. */
export type InputSpecs = Readonly<Record<string, TensorSpec & { readonly repeatsRow?: boolean }>>;

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
 * The caller's inputs as tensors under dotted names. Throws a ConfigurationError for one that the model does not take.
 */
export function concreteInputs(
  inputs: object,
  specsOf: (given: ReadonlySet<string>) => InputSpecs,
): { tensors: Map<string, Tensor>; specs: InputSpecs } {
  const flat = flatten(inputs as never, isTensorLike);
  const specs = specsOf(new Set(flat.keys()));
  const batch = [...flat].find(([name]) => name === "inputIds")?.[1];
  const tensors = new Map<string, Tensor>();
  for (const [name, value] of flat) {
    const spec = specs[name];
    if (spec === undefined) {
      throw new ConfigurationError(`the model takes no input ${name}`, {
        field: name,
        expected: Object.keys(specs).join(", "),
      });
    }
    tensors.set(name, repeatRow(Tensor.from(value, spec.type, name), spec, batch, name));
  }
  return { tensors, specs };
}

/** One row of positions for the whole batch is repeated, as broadcasting does in the reference. */
function repeatRow(tensor: Tensor, spec: InputSpecs[string], batch: TensorLike | undefined, name: string): Tensor {
  if (spec?.repeatsRow !== true || tensor.dims[0] !== 1 || batch === undefined) return tensor;
  const rows = Tensor.from(batch, "int64", name).dims[0] ?? 1;
  if (rows === 1) return tensor;
  const data = new BigInt64Array(tensor.size * rows);
  for (let row = 0; row < rows; row++) data.set(tensor.data as BigInt64Array, row * tensor.size);
  return new Tensor(tensor.type, data, [rows, ...tensor.dims.slice(1)]);
}

/** The running side of a model: where its values live, and the graphs compiled for the calls that were made. */
import { createEngine } from "#runtime";
import { ConfigurationError } from "../errors.ts";
import { input, SymbolicTensor, type TensorSpec, trace } from "../graph/index.ts";
import type { ParameterStore } from "../nn/index.ts";
import type { Buffer, Engine } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { Tensor, type TensorLike } from "../tensor/index.ts";
import { flatten, unflatten } from "./nested.ts";
import type { InputSpecs, ModelOptions } from "./pretrained-model.ts";

/** Graphs kept for one model: calls that differ in which inputs and outputs they name need one each. */
const keptGraphs = 16;

export class ModelRuntime {
  readonly store: ParameterStore;
  readonly options: ModelOptions;
  readonly #executables = new Map<string, Promise<Executable>>();
  #engine: Promise<Engine> | undefined;

  constructor(store: ParameterStore, options: ModelOptions) {
    this.store = store;
    this.options = options;
  }

  get engine(): Promise<Engine> {
    this.#engine ??= createEngine(this.options.device);
    return this.#engine;
  }

  /** Runs `forward` over the inputs and returns the outputs that `wanted` chooses by their dotted names. */
  async call(
    inputs: ReadonlyMap<string, Tensor>,
    forward: (inputs: Record<string, unknown>) => object,
    specs: InputSpecs,
    wanted: (name: string) => boolean,
    variant: string,
  ): Promise<Record<string, unknown>> {
    const key = `${[...inputs.keys()].sort().join()} ${variant}`;
    const executable = await this.#executable(key, async () => {
      const { result } = trace({}, () => forward(symbolicInputs(inputs.keys(), specs)));
      const outputs = [...flatten(result as never, isSymbolic)].filter(([name]) => wanted(name));
      return Executable.compile(
        await this.engine,
        Object.fromEntries(outputs),
        { parameters: (parameter) => this.store.view(parameter) },
        { threads: this.options.threads },
      );
    });
    const results = await executable.run(Object.fromEntries(inputs));
    const tensors = Object.entries(results).map(([name, { type, data, dims }]: [string, Buffer]) => {
      return [name, new Tensor(type, data, dims)] as const;
    });
    return unflatten(tensors);
  }

  #executable(key: string, compile: () => Promise<Executable>): Promise<Executable> {
    const known = this.#executables.get(key);
    if (known !== undefined) {
      this.#executables.delete(key);
      this.#executables.set(key, known);
      return known;
    }
    const made = compile();
    this.#executables.set(key, made);
    made.catch(() => this.#executables.delete(key));
    const [oldest] = this.#executables;
    if (this.#executables.size > keptGraphs && oldest !== undefined) {
      this.#executables.delete(oldest[0]);
      void oldest[1].then((executable) => executable.release());
    }
    return made;
  }

  /** Forgets the compiled graphs: their weights' memory has moved, or nobody needs them any more. */
  async release(): Promise<void> {
    const all = [...this.#executables.values()];
    this.#executables.clear();
    await Promise.all(all.map(async (executable) => (await executable).release()));
  }
}

export function isSymbolic(value: unknown): value is SymbolicTensor {
  return value instanceof SymbolicTensor;
}

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

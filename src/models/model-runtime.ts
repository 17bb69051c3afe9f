/** The running side of a model: where its values live, and the graphs compiled for the calls that were made. */
import { createEngine } from "#runtime";
import { SymbolicTensor, trace } from "../graph/index.ts";
import type { ParameterStore } from "../nn/index.ts";
import type { Buffer, Engine } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { Tensor } from "../tensor/index.ts";
import { type InputSpecs, symbolicInputs } from "./model-inputs.ts";
import { flatten, unflatten } from "./nested.ts";

export interface ModelOptions {
  /** `cpu` in Node, `wasm` in browsers, when left out. */
  readonly device?: string | undefined;
  /** Threads of one run; all processors when left out. */
  readonly threads?: number | undefined;
}

/** Graphs kept for one model: calls that differ in which inputs and outputs they name need one each. */
const keptGraphs = 16;

/** An input and an output of a graph cannot share a name, as those of a model do (`pastKeyValues`). */
const outputPrefix = "output.";

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
      const outputs = [...flatten(result as never, isSymbolic)]
        .filter(([name]) => wanted(name))
        .map(([name, tensor]) => [outputPrefix + name, tensor] as const);
      return Executable.compile(
        await this.engine,
        Object.fromEntries(outputs),
        { parameters: (parameter) => this.store.view(parameter) },
        { threads: this.options.threads },
      );
    });
    const results = await executable.run(Object.fromEntries(inputs));
    const tensors = Object.entries(results).map(([name, { type, data, dims }]: [string, Buffer]) => {
      return [name.slice(outputPrefix.length), new Tensor(type, data, dims)] as const;
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

function isSymbolic(value: unknown): value is SymbolicTensor {
  return value instanceof SymbolicTensor;
}

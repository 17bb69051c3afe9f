/** The running side of a model: where its values live, and the graphs compiled for the calls that were made. */
import { platform } from "#platform";
import { createEngine } from "#runtime";
import { type Parameter, SymbolicTensor, trace } from "../graph/index.ts";
import type { ParameterStore } from "../nn/index.ts";
import type { Buffer, Engine } from "../runtime/engine.ts";
import { type ConstantWeights, Executable, type FixedBuffers } from "../runtime/executable.ts";
import { Tensor } from "../tensor/index.ts";
import { type InputSpecs, symbolicInputs } from "./model-inputs.ts";
import { flatten, unflatten } from "./nested.ts";

export interface ModelOptions {
  /** `cpu` in Node, `wasm` in browsers, when left out. */
  readonly device?: string | undefined;
  /** Threads of one run; all processors when left out. */
  readonly threads?: number | undefined;
}

/** What a model takes of memory. */
export interface ModelMemory {
  /** Values in memory; none of those that can stay in their file until somebody wants to change them. */
  readonly valuesBytes: number;
  /**
   * What the engine holds for the kinds of calls made so far: above all weights, packed for the processor, once for each of
   * the first kinds. Undefined in a browser, where the engine does not say.
   */
  readonly compiledBytes: number | undefined;
}

/** Graphs kept for one model: calls that differ in which inputs and outputs they name need one each. */
const keptGraphs = 16;

/** How many of them hold the weights as constants: each packs its own, which takes up to the weights' size in memory. */
const keptConstantGraphs = 3;

/** An input and an output of a graph cannot share a name, as those of a model do (`pastKeyValues`). */
const outputPrefix = "output.";

export class ModelRuntime {
  readonly store: ParameterStore;
  readonly options: ModelOptions;
  readonly #executables = new Map<string, Promise<Executable>>();
  #engine: Promise<Engine> | undefined;
  readonly #constantKeys = new Set<string>();

  constructor(store: ParameterStore, options: ModelOptions) {
    this.store = store;
    this.options = options;
    store.onChange = () => void this.release();
  }

  get engine(): Promise<Engine> {
    this.#engine ??= createEngine(this.options.device);
    return this.#engine;
  }

  /** Runs `forward` over the inputs and returns the outputs that `choose` gives for their dotted names. */
  async call(
    inputs: ReadonlyMap<string, Tensor>,
    forward: (inputs: Record<string, unknown>) => object,
    specs: InputSpecs,
    choose: (name: string, output: SymbolicTensor) => SymbolicTensor | undefined,
    variant: string,
  ): Promise<Record<string, unknown>> {
    const key = `${[...inputs.keys()].sort().join()} ${variant}`;
    const executable = await this.executable(key, () => {
      const result = forward(symbolicInputs(inputs.keys(), specs));
      const outputs = [...flatten(result as never, isSymbolic)].flatMap(([name, output]) => {
        const chosen = choose(name, output);
        return chosen === undefined ? [] : [[outputPrefix + name, chosen] as const];
      });
      return Object.fromEntries(outputs);
    });
    const results = await executable.run(Object.fromEntries(inputs));
    const tensors = Object.entries(results).map(([name, { type, data, dims }]: [string, Buffer]) => {
      return [name.slice(outputPrefix.length), new Tensor(type, data, dims)] as const;
    });
    return unflatten(tensors);
  }

  /** The graph of what `build` traces over the weights, compiled at the first call with this key. */
  executable(key: string, build: () => Readonly<Record<string, SymbolicTensor>>): Promise<Executable> {
    const known = this.#executables.get(key);
    if (known !== undefined) {
      this.#executables.delete(key);
      this.#executables.set(key, known);
      return known;
    }
    const isConstant = !this.store.isOpen && this.#constantKeys.size < keptConstantGraphs;
    if (isConstant) this.#constantKeys.add(key);
    const made = this.#compile(build, isConstant);
    this.#executables.set(key, made);
    made.catch(() => this.#forget(key));
    const [oldest] = this.#executables;
    if (this.#executables.size > keptGraphs && oldest !== undefined) {
      this.#forget(oldest[0]);
      void oldest[1].then((executable) => executable.release());
    }
    return made;
  }

  /** What the model takes as it stands; graphs under way are waited for. */
  async memory(): Promise<ModelMemory> {
    const executables = await Promise.all(this.#executables.values());
    const sizes = executables.map(({ memoryBytes }) => memoryBytes);
    const isKnown = sizes.every((size) => size !== undefined);
    return {
      valuesBytes: this.store.bytesInMemory,
      compiledBytes: isKnown ? sizes.reduce((total, size) => total + size, 0) : undefined,
    };
  }

  #forget(key: string): void {
    this.#executables.delete(key);
    this.#constantKeys.delete(key);
  }

  /**
   * Weights are constants as long as nobody was given them to change; then, or when each further graph would take too much
   * memory, they are read from memory at each run.
   */
  async #compile(build: () => Readonly<Record<string, SymbolicTensor>>, isConstant: boolean): Promise<Executable> {
    const { store } = this;
    const { result } = trace({}, build);
    const engine = await this.engine;
    const compile = (parameters: FixedBuffers["parameters"]): Promise<Executable> =>
      Executable.compile(engine, result, { parameters, fused: true }, { threads: this.options.threads });
    const fromMemory = (parameter: Parameter): Float32Array => store.peek(parameter);
    if (!isConstant) return compile(fromMemory);
    const values = { placeOf: () => undefined, valuesOf: fromMemory };
    const { stored } = store;
    if (engine.device !== "cpu" || !areInPlace(stored)) return compile(values);
    const executable = await compile({ ...values, ...placesIn(stored) });
    if (areInPlace(stored)) return executable;
    // The files were replaced meanwhile; those that are kept open are still what was loaded.
    await executable.release();
    return compile(values);
  }

  /** Forgets the compiled graphs: their weights may change or have moved, or nobody needs them any more. */
  async release(): Promise<void> {
    const all = [...this.#executables.values()];
    this.#executables.clear();
    this.#constantKeys.clear();
    await Promise.all(all.map(async (executable) => (await executable).release()));
  }
}

type Stored = ParameterStore["stored"];

/** Whether there are values in files, and the engine finds all of these in one folder, as they were when they were loaded. */
function areInPlace(stored: Stored): boolean {
  const files = [...new Set([...stored.values()].map(({ file }) => file))];
  const folders = new Set(files.map(({ path }) => platform.folderName(path)));
  return folders.size === 1 && files.every((file) => file.isAtPath());
}

function placesIn(stored: Stored): Pick<ConstantWeights, "folder" | "placeOf"> {
  const [first] = stored.values();
  return {
    folder: platform.folderName(first?.file.path ?? ""),
    placeOf(parameter) {
      const stretch = stored.get(parameter);
      if (stretch === undefined) return undefined;
      const { file, offset, length } = stretch;
      return { location: platform.baseName(file.path), offset, length };
    },
  };
}

function isSymbolic(value: unknown): value is SymbolicTensor {
  return value instanceof SymbolicTensor;
}

/** A lowered graph with its session: named arrays in, named arrays out. */
import { ShapeError } from "../errors.ts";
import {
  bindNames,
  checkDims,
  type DataType,
  evaluateShape,
  type LoweredGraph,
  lower,
  type Parameter,
  type Port,
  type SymbolicTensor,
  type TypedArray,
} from "../graph/index.ts";
import type { ExternalBytes } from "../onnx/index.ts";
import type { Binding, Buffer, Buffers, Constants, Engine, Session, SessionOptions } from "./engine.ts";
import { measured, measuredUnit } from "./profiler.ts";

const constructors: Record<DataType, new (length: number) => TypedArray> = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** A zeroed buffer. */
export function allocateBuffer(type: DataType, dims: readonly number[]): Buffer {
  return { type, dims, data: new constructors[type](dims.reduce((product, dim) => product * dim, 1)) };
}

/** Throws a ShapeError unless the buffer's array is one of `type` with as many elements as its dims say. */
function checkElements(what: string, type: DataType, { type: own, dims, data }: Buffer): void {
  const array = constructors[type].name;
  const length = dims.reduce((product, dim) => product * dim, 1);
  if (own === type && data[Symbol.toStringTag] === array && data.length === length) return;
  throw new ShapeError(`${what} has the wrong elements`, {
    field: what,
    expected: `${type} in a ${array} of ${length}`,
    received: `${own} in a ${data[Symbol.toStringTag]} of ${data.length}`,
  });
}

/** Weights that are constants: the runtime packs them for the processor, which takes memory once and saves time ever after. */
export interface ConstantWeights {
  /** Where files lie that hold values. */
  readonly folder?: string;
  /** The place in one of these files of a parameter's values, float32; undefined where they are in memory. */
  readonly placeOf: (parameter: Parameter) => ExternalBytes | undefined;
  /** Values in memory, which do not change. */
  readonly valuesOf: (parameter: Parameter) => Float32Array;
}

export interface FixedBuffers {
  /** The weights' values, read in place at each run; or weights that are constants. */
  readonly parameters: ((parameter: Parameter) => Float32Array) | ConstantWeights;
  /** Outputs that go to the same place at each run, such as gradients. */
  readonly outputs?: Buffers;
  /** Whether attention is rewritten for inference: faster, equal to rounding. */
  readonly fused?: boolean;
}

function valuesOf(
  parameters: ReadonlyMap<string, Parameter>,
  values: (parameter: Parameter) => Float32Array,
): Record<string, Buffer> {
  const buffers = [...parameters].map(([name, parameter]): [string, Buffer] => [
    name,
    { type: "float32", dims: parameter.shape, data: values(parameter) },
  ]);
  return Object.fromEntries(buffers);
}

/** Values in memory go by their names alone. */
function placeInMemory({ name, size }: Parameter): ExternalBytes {
  return { location: name, offset: 0, length: size * Float32Array.BYTES_PER_ELEMENT };
}

function constantsOf({ constants }: LoweredGraph, { folder, placeOf, valuesOf: values }: ConstantWeights): Constants {
  const inMemory = new Map([...constants].filter(([, parameter]) => placeOf(parameter) === undefined));
  return { folder, values: valuesOf(inMemory, values) };
}

/** A compiled graph that runs over any sizes of its named dimensions. */
export class Executable {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly #session: Session;
  readonly #binding: Binding;
  readonly #fixedOutputs: ReadonlySet<string>;

  private constructor(lowered: Omit<LoweredGraph, "model" | "constants">, session: Session, fixed: FixedBuffers) {
    this.inputs = lowered.inputs.filter(({ name }) => !lowered.parameters.has(name));
    this.outputs = lowered.outputs;
    this.#session = session;
    this.#fixedOutputs = new Set(Object.keys(fixed.outputs ?? {}));
    const { parameters } = fixed;
    const weights = typeof parameters === "function" ? valuesOf(lowered.parameters, parameters) : {};
    this.#binding = session.bind(weights, fixed.outputs ?? {});
  }

  /** Lowers and compiles what `outputs` reach. */
  static async compile(
    engine: Engine,
    outputs: Readonly<Record<string, SymbolicTensor>>,
    fixed: FixedBuffers,
    options: SessionOptions = {},
  ): Promise<Executable> {
    const { parameters } = fixed;
    const isInput = typeof parameters === "function";
    const placeOf = (parameter: Parameter): ExternalBytes | undefined =>
      isInput ? undefined : (parameters.placeOf(parameter) ?? placeInMemory(parameter));
    const lowered = measured("lowering the graph", () => lower(outputs, { constants: placeOf, fused: fixed.fused }));
    const constants = isInput ? undefined : constantsOf(lowered, parameters);
    const session = await measured("compiling the graph", () =>
      engine.createSession(lowered.model, { ...options, constants }),
    );
    return new Executable(lowered, session, fixed);
  }

  /** Opens an ONNX model that holds its weights. `ports` say what goes in and comes out. */
  static async open(
    engine: Engine,
    model: Uint8Array,
    ports: { readonly inputs: readonly Port[]; readonly outputs: readonly Port[] },
    options: SessionOptions = {},
  ): Promise<Executable> {
    const session = await engine.createSession(model, options);
    return new Executable({ ...ports, parameters: new Map() }, session, { parameters: () => new Float32Array(0) });
  }

  /** What the named dimensions are worth for these inputs. */
  sizesOf(inputs: Buffers): Map<string, number> {
    const sizes = new Map<string, number>();
    for (const { name, shape } of this.inputs) {
      const buffer = inputs[name];
      if (buffer !== undefined) bindNames(shape, buffer.dims, sizes);
    }
    return sizes;
  }

  /**
   * Runs once. `inputs` must hold every input of the graph and may hold more; results are new buffers but for the fixed
   * ones and those in `into`. Throws a ShapeError that names an input that is missing or does not fit.
   */
  async run(inputs: Buffers, into: Buffers = {}): Promise<Record<string, Buffer>> {
    const sizes = this.sizesOf(inputs);
    const passed: Record<string, Buffer> = {};
    for (const { name, type, shape } of this.inputs) {
      const buffer = inputs[name];
      if (buffer === undefined) throw new ShapeError(`input ${name} is missing`, { field: name });
      checkElements(`input ${name}`, type, buffer);
      checkDims(shape, buffer.dims, sizes, `input ${name}`);
      passed[name] = buffer;
    }
    const results: Record<string, Buffer> = {};
    for (const { name, type, shape } of this.outputs) {
      if (this.#fixedOutputs.has(name)) continue;
      const given = into[name];
      if (given !== undefined) {
        checkElements(`output ${name}`, type, given);
        checkDims(shape, given.dims, sizes, `output ${name}`);
      }
      results[name] = given ?? allocateBuffer(type, evaluateShape(shape, sizes));
    }
    await measuredUnit("run", () => this.#binding.run(passed, results));
    return results;
  }

  /** Bytes that the engine holds for it, such as packed weights; undefined where the engine does not say. */
  get memoryBytes(): number | undefined {
    return this.#session.memoryBytes;
  }

  /** Frees the session once its runs have ended. */
  async release(): Promise<void> {
    await this.#session.release();
    this.#binding.release();
  }
}

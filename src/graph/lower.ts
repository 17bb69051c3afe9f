/**
 * Graph to ONNX. One graph with symbolic dimensions serves all batch sizes and lengths: that costs nothing per step.
 */
import { ShapeError } from "../errors.ts";
import {
  type ExternalBytes,
  encodeModel,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxInitializer,
  type OnnxNode,
  type OnnxType,
  type OnnxValueInfo,
} from "../onnx/index.ts";
import { nodesOf } from "./differentiate.ts";
import { fuse } from "./fuse.ts";
import type { EmitOptions, Emitter } from "./operator.ts";
import { type OperatorType, operators } from "./ops.ts";
import {
  bareName,
  type Dimension,
  dimensionsEqual,
  formatShape,
  namedDimension,
  type Shape,
  shapesEqual,
} from "./shapes.ts";
import type { GraphNode, Parameter, SymbolicTensor, TensorSpec, TypedArray } from "./symbolic-tensor.ts";

/** An input or output of a lowered graph. */
export interface Port extends TensorSpec {
  readonly name: string;
}

/** A graph as ONNX, before it is bytes. */
export interface OnnxLowering {
  readonly graph: OnnxGraph;
  readonly inputs: readonly Port[];
  /** Those inputs that are weights, under their names in `inputs`. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  /** Weights that are constants of the model, by name. */
  readonly constants: ReadonlyMap<string, Parameter>;
  readonly outputs: readonly Port[];
}

export interface LoweredGraph extends Omit<OnnxLowering, "graph"> {
  /** The ONNX model. */
  readonly model: Uint8Array;
}

export interface LowerOptions {
  /**
   * The values of a weight that becomes a constant, or where they lie; the others are inputs, and so are all if absent.
   */
  readonly constants?: ((parameter: Parameter) => Uint8Array | ExternalBytes | undefined) | undefined;
  /** Whether attention is rewritten for inference: faster, equal to rounding. */
  readonly fused?: boolean | undefined;
  /** Whether only operators of the ONNX standard are used, for other runtimes; not with `fused`. */
  readonly standard?: boolean | undefined;
}

/** Lowers what `outputs` reach. */
export function lower(outputs: Readonly<Record<string, SymbolicTensor>>, options: LowerOptions = {}): LoweredGraph {
  const { graph, ...rest } = lowerToOnnx(options.fused === true ? fuse(outputs) : outputs, options);
  return { ...rest, model: encodeModel(graph) };
}

/** The same, for callers who go on with the nodes. */
export function lowerToOnnx(
  outputs: Readonly<Record<string, SymbolicTensor>>,
  options: Omit<LowerOptions, "fused"> = {},
): OnnxLowering {
  return new Lowering(outputs, options).run();
}

const bytesOf = (data: TypedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

class Lowering implements Emitter {
  readonly #outputs: Readonly<Record<string, SymbolicTensor>>;
  readonly #options: LowerOptions;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers: OnnxInitializer[] = [];
  readonly #inputs = new Map<string, Port>();
  readonly #parameters = new Map<string, Parameter>();
  readonly #constants = new Map<string, Parameter>();
  readonly #names = new Map<SymbolicTensor, string>();
  readonly #shared = new Map<string, string>();
  #counter = 0;
  #scope = "";

  constructor(outputs: Readonly<Record<string, SymbolicTensor>>, options: LowerOptions) {
    this.#outputs = outputs;
    this.#options = options;
  }

  get standard(): boolean {
    return this.#options.standard === true;
  }

  run(): OnnxLowering {
    const nodes = nodesOf(Object.values(this.#outputs));
    const leaves = [...nodes.flatMap((node) => node.inputs), ...Object.values(this.#outputs)];
    for (const tensor of leaves) this.#declare(tensor);
    for (const node of nodes) this.#lowerNode(node);
    const renamed = this.#nameOutputs();
    const outputs = Object.entries(this.#outputs).map(([name, { type, shape }]) => ({ name, type, shape }));
    const inputs = [...this.#inputs.values()];
    const graph: OnnxGraph = {
      name: "cloze",
      nodes: orderForMemory(renamed),
      inputs: inputs.map(valueInfo),
      outputs: outputs.map(valueInfo),
      initializers: this.#initializers,
    };
    return { graph, inputs, parameters: this.#parameters, constants: this.#constants, outputs };
  }

  #declare(tensor: SymbolicTensor): void {
    const { source, type, shape } = tensor;
    if (source.kind === "node" || this.#names.has(tensor)) return;
    if (source.kind === "constant") {
      const dims = shape.map(Number);
      this.#names.set(tensor, this.#initializer(type, dims, source.data));
      return;
    }
    const name = source.kind === "input" ? source.name : source.parameter.name;
    if (name === "") {
      throw new ShapeError(`a weight of shape ${formatShape(shape)} has no name`, {
        field: "name",
        hint: "name the parameters of a model before it is lowered",
      });
    }
    const known = this.#inputs.get(name);
    const parameter = source.kind === "parameter" ? source.parameter : undefined;
    const isSame = known?.type === type && shapesEqual(known.shape, shape) && this.#parameters.get(name) === parameter;
    if ((known !== undefined && !isSame) || this.#constants.has(name) || Object.hasOwn(this.#outputs, name)) {
      throw new ShapeError(`${name} is the name of an input and of something else`, {
        field: name,
        expected: "a name of its own for each input, weight and output",
      });
    }
    this.#names.set(tensor, name);
    const bytes = parameter && this.#options.constants?.(parameter);
    if (bytes !== undefined) {
      this.#initializers.push({ name, type, dims: parameter?.shape ?? [], bytes });
      this.#constants.set(name, parameter as Parameter);
      return;
    }
    this.#inputs.set(name, { name, type, shape });
    if (parameter !== undefined) this.#parameters.set(name, parameter);
  }

  #lowerNode(node: GraphNode): void {
    this.#scope = node.scope;
    const inputs = node.inputs.map((tensor) => this.#nameOf(tensor));
    const lowerNode = operators[node.operator as OperatorType].lower;
    const result = lowerNode(this, inputs, node.attributes as never, node);
    const names = typeof result === "string" ? [result] : result;
    for (const [index, tensor] of node.outputs.entries()) this.#names.set(tensor, names[index] ?? "");
  }

  #nameOf(tensor: SymbolicTensor): string {
    const name = this.#names.get(tensor);
    if (name === undefined) throw new ShapeError(`${tensor} was not lowered before its use`);
    return name;
  }

  /** Gives the graph's outputs their names: a value that only a node makes is renamed, any other one is copied. */
  #nameOutputs(): OnnxNode[] {
    const made = new Set(this.#nodes.flatMap((node) => node.outputs));
    const renames = new Map<string, string>();
    const copies: OnnxNode[] = [];
    for (const [name, tensor] of Object.entries(this.#outputs)) {
      const value = this.#nameOf(tensor);
      if (made.has(value) && !renames.has(value)) renames.set(value, name);
      else copies.push({ type: "Identity", inputs: [value], outputs: [name] });
    }
    const rename = (value: string): string => renames.get(value) ?? value;
    return [...this.#nodes, ...copies].map((node) => ({
      ...node,
      inputs: node.inputs.map(rename),
      outputs: node.outputs.map(rename),
    }));
  }

  #fresh(stem: string): string {
    this.#counter += 1;
    const name = `${stem}_${this.#counter}`;
    const isTaken = this.#inputs.has(name) || this.#constants.has(name) || Object.hasOwn(this.#outputs, name);
    return isTaken ? this.#fresh(stem) : name;
  }

  #once(key: string, make: () => string): string {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = make();
    this.#shared.set(key, name);
    return name;
  }

  #initializer(type: OnnxType, dims: readonly number[], data: TypedArray): string {
    const make = (): string => {
      const name = this.#fresh("constant");
      this.#initializers.push({ name, type, dims, bytes: bytesOf(data) });
      return name;
    };
    return data.length > 16 ? make() : this.#once(`${type}[${dims.join()}]${data.join()}`, make);
  }

  node(type: string, inputs: readonly string[], options: EmitOptions = {}): string {
    return this.nodes(type, inputs, { ...options, outputs: options.outputs ?? 1 })[0] as string;
  }

  nodes(type: string, inputs: readonly string[], options: EmitOptions & { outputs: number }): string[] {
    const outputs = Array.from({ length: options.outputs }, () => this.#fresh(type));
    const attributes = options.attributes as Record<string, OnnxAttribute> | undefined;
    this.#nodes.push({
      type,
      inputs,
      outputs,
      name: `${this.#scope}/${outputs[0]}`,
      ...(attributes === undefined ? {} : { attributes }),
      ...(options.domain === undefined ? {} : { domain: options.domain }),
    });
    return outputs;
  }

  float(value: number): string {
    return this.#initializer("float32", [], Float32Array.of(value));
  }

  int64(values: readonly number[]): string {
    return this.#initializer("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  shape(shape: Shape): string {
    if (shape.every((dimension) => typeof dimension === "number")) return this.int64(shape);
    if (shape.length === 1) return this.dimension(shape[0] as Dimension);
    return this.#once(`shape ${shape.join()}`, () => {
      const parts = shape.map((dimension) => this.dimension(dimension));
      return this.node("Concat", parts, { attributes: { axis: 0 } });
    });
  }

  dimension(dimension: Dimension): string {
    if (typeof dimension === "number") return this.int64([dimension]);
    return this.#once(`dimension ${dimension}`, () => {
      const bare = bareName(dimension);
      if (bare !== undefined) return this.#readDimension(dimension);
      const terms = [...dimension.terms].map(([names, coefficient]) => {
        const factors = names === "" ? [] : names.split("*").map((name) => this.dimension(namedDimension(name)));
        if (coefficient !== 1 || factors.length === 0) factors.push(this.int64([coefficient]));
        return factors.reduce((product, factor) => this.node("Mul", [product, factor]));
      });
      return terms.reduce((total, term) => this.node("Add", [total, term]));
    });
  }

  /** Reads a name's value from the shape of an input that has it. */
  #readDimension(dimension: Dimension): string {
    for (const { name, shape } of this.#inputs.values()) {
      const axis = shape.findIndex((own) => dimensionsEqual(own, dimension));
      if (axis >= 0) return this.node("Shape", [name], { attributes: { start: axis, end: axis + 1 } });
    }
    throw new ShapeError(`no input of the graph has the dimension ${dimension}`, { field: String(dimension) });
  }

  reshape(value: string, from: Shape, to: Shape): string {
    if (shapesEqual(from, to)) return value;
    // One unknown dimension can be left to the runtime, which saves computing the shape.
    const unknown = to.filter((dimension) => typeof dimension !== "number").length;
    if (unknown === 1 && !to.includes(0)) {
      return this.node("Reshape", [value, this.int64(to.map((size) => (typeof size === "number" ? size : -1)))]);
    }
    // Otherwise a length of 0 would stand for the operand's own length there.
    return this.node("Reshape", [value, this.shape(to)], { attributes: { allowzero: 1 } });
  }

  filled(shape: Shape, value: number): string {
    return this.#once(`filled ${shape.join()} ${value}`, () =>
      this.node("Expand", [this.float(value), this.shape(shape)]),
    );
  }
}

function valueInfo({ name, type, shape }: Port): OnnxValueInfo {
  const dims = shape.map((dimension) => (typeof dimension === "number" ? dimension : String(dimension)));
  return { name, type, dims };
}

/**
 * The runtime walks back from the nodes that nobody reads, the last in the file first, and runs in that order. Leaves in
 * reverse at the end make it follow tracing order; otherwise every weight gradient waits for the whole backward pass and
 * all activations stay alive.
 */
function orderForMemory(nodes: readonly OnnxNode[]): OnnxNode[] {
  const read = new Set(nodes.flatMap((node) => node.inputs));
  const isLeaf = (node: OnnxNode): boolean => !node.outputs.some((output) => read.has(output));
  return [...nodes.filter((node) => !isLeaf(node)), ...nodes.filter(isLeaf).reverse()];
}

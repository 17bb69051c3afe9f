/**
 * Dynamic quantization to 8 bits: weights are stored as bytes, activations are rounded anew at each run by what they span.
 * The operators and their order are those of ONNX Runtime's `quantize_dynamic`, which the runtimes know and join to kernels
 * of their own. Departures: a scale for each output feature and for each row of a table in place of one for all, which costs
 * nothing to speak of and keeps many times closer (Krishnamoorthi 2018, https://arxiv.org/abs/1806.08342, §3).
 */
import { type OnnxGraph, type OnnxInitializer, type OnnxNode, onnxTypes } from "../onnx/index.ts";

/**
 * The byte of 0. Bytes have no sign because processors without VNNI clip sums of products of bytes with and without one:
 * there, results would silently be worse than where they were checked.
 */
const zeroPoint = 128;
const largestStep = 127;
/** Tables of segments and heads of a few classes: nothing to gain. */
const fewestRows = 16;

/** A matrix whose rows or columns have a scale each. */
interface QuantizedMatrix {
  readonly bytes: Uint8Array;
  readonly scales: Float32Array;
}

/** values [rows, columns] → bytes of the same order and a scale for each row. */
function quantizeRows(values: Float32Array, rows: number, columns: number): QuantizedMatrix {
  const bytes = new Uint8Array(values.length);
  const scales = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    let largest = 0;
    for (let i = start; i < start + columns; i++) largest = Math.max(largest, Math.abs(values[i] as number));
    // A row of zeros keeps a scale that divides.
    const scale = largest === 0 ? 1 : largest / largestStep;
    scales[row] = scale;
    for (let i = start; i < start + columns; i++) bytes[i] = Math.round((values[i] as number) / scale) + zeroPoint;
  }
  return { bytes, scales };
}

function transposed<A extends Float32Array | Uint8Array>(values: A, rows: number, columns: number, into: A): A {
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      into[column * rows + row] = values[row * columns + column] as number;
  }
  return into;
}

/** The weight that a node multiplies by or takes rows of, if it can do so with bytes. */
function weightOf({ type, inputs, attributes = {} }: OnnxNode): string | undefined {
  if (type === "Gather") return attributes.axis === 0 ? inputs[0] : undefined;
  const { transA = 0, alpha = { float: 1 } } = attributes;
  return type === "Gemm" && transA === 0 && JSON.stringify(alpha) === '{"float":1}' ? inputs[1] : undefined;
}

/** The graph with its matrices as bytes, and products of bytes. Elements must be in the graph. */
export function quantizeDynamically(graph: OnnxGraph): OnnxGraph {
  return new Quantization(graph).run();
}

class Quantization {
  readonly #graph: OnnxGraph;
  readonly #weights: ReadonlyMap<string, OnnxInitializer>;
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, OnnxInitializer>();
  /** Activations that are bytes already. */
  readonly #rounded = new Set<string>();
  readonly #turned = new Set<string>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
    const isWorthwhile = ({ type, dims, bytes }: OnnxInitializer): boolean =>
      type === "float32" && bytes instanceof Uint8Array && dims.length === 2 && dims.every((dim) => dim >= fewestRows);
    this.#weights = new Map(graph.initializers.filter(isWorthwhile).map((tensor) => [tensor.name, tensor]));
  }

  run(): OnnxGraph {
    this.#add({ name: "byte_of_zero", type: "uint8", dims: [], bytes: Uint8Array.of(zeroPoint) });
    this.#add({ name: "one", type: "float32", dims: [], bytes: bytesOf(Float32Array.of(1)) });
    for (const node of this.#graph.nodes) {
      const weight = this.#weights.get(weightOf(node) ?? "");
      if (weight === undefined) this.#nodes.push(node);
      else if (node.type === "Gather") this.#takeRows(node, weight);
      else this.#multiply(node, weight);
    }
    const read = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
    const initializers = [...this.#graph.initializers, ...this.#initializers.values()];
    return { ...this.#graph, nodes: this.#nodes, initializers: initializers.filter(({ name }) => read.has(name)) };
  }

  #add(tensor: OnnxInitializer): void {
    this.#initializers.set(tensor.name, tensor);
  }

  #node(
    type: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes?: OnnxNode["attributes"],
  ): void {
    this.#nodes.push({ type, inputs, outputs, name: `${outputs[0]}`, ...(attributes && { attributes }) });
  }

  /** Rows of a table: bytes and scales are looked up alike. */
  #takeRows({ inputs: [, indices = ""], outputs: [result = ""] }: OnnxNode, weight: OnnxInitializer): void {
    const { bytes, scales } = this.#rowsAsBytes(weight);
    this.#node("Gather", [bytes, indices], [`${result}_bytes`], { axis: 0 });
    this.#node("Gather", [scales, indices], [`${result}_scales`], { axis: 0 });
    this.#node("DequantizeLinear", [`${result}_bytes`, "one", "byte_of_zero"], [`${result}_steps`]);
    this.#node("Mul", [`${result}_steps`, `${result}_scales`], [result]);
  }

  #multiply({ inputs, outputs, attributes }: OnnxNode, weight: OnnxInitializer): void {
    const [x = "", , bias] = inputs;
    const [result = ""] = outputs;
    const { bytes, scales } = attributes?.transB === 1 ? this.#rowsAsColumns(weight) : this.#columnsAsBytes(weight);
    const rounded = [`${x}_bytes`, `${x}_scale`, `${x}_zero`] as const;
    if (!this.#rounded.has(x)) this.#node("DynamicQuantizeLinear", [x], rounded);
    this.#rounded.add(x);
    const scaled = bias === undefined ? result : `${result}_scaled`;
    this.#node("Mul", [rounded[1], scales], [`${result}_scales`]);
    this.#node("MatMulInteger", [rounded[0], bytes, rounded[2], "byte_of_zero"], [`${result}_sums`]);
    this.#node("Cast", [`${result}_sums`], [`${result}_steps`], { to: onnxTypes.float32 });
    this.#node("Mul", [`${result}_steps`, `${result}_scales`], [scaled]);
    if (bias !== undefined) this.#node("Add", [scaled, bias], [result]);
  }

  /** [rows, columns] of bytes with scales [rows, 1]. */
  #rowsAsBytes({ name, dims, bytes }: OnnxInitializer) {
    const names = { bytes: `${name}_bytes`, scales: `${name}_row_scales` };
    if (this.#initializers.has(names.bytes)) return names;
    const [rows = 0, columns = 0] = dims;
    const quantized = quantizeRows(floatsOf(bytes as Uint8Array), rows, columns);
    this.#add({ name: names.bytes, type: "uint8", dims, bytes: quantized.bytes });
    this.#add({ name: names.scales, type: "float32", dims: [rows, 1], bytes: bytesOf(quantized.scales) });
    return names;
  }

  /** A published weight [out, in] as [in, out] with scales [out]. One that is a table as well is stored once and turned. */
  #rowsAsColumns(weight: OnnxInitializer) {
    const { name, dims } = weight;
    const [rows = 0, columns = 0] = dims;
    const names = { bytes: `${name}_turned_bytes`, scales: `${name}_turned_scales` };
    if (this.#turned.has(name)) return names;
    this.#turned.add(name);
    const isTable = this.#graph.nodes.some((node) => node.type === "Gather" && weightOf(node) === name);
    if (isTable) {
      const table = this.#rowsAsBytes(weight);
      const { bytes } = this.#initializers.get(table.scales) as OnnxInitializer;
      this.#add({ name: names.scales, type: "float32", dims: [rows], bytes });
      this.#node("Transpose", [table.bytes], [names.bytes], { perm: [1, 0] });
      return names;
    }
    const quantized = quantizeRows(floatsOf(weight.bytes as Uint8Array), rows, columns);
    const turned = transposed(quantized.bytes, rows, columns, new Uint8Array(quantized.bytes.length));
    this.#add({ name: names.bytes, type: "uint8", dims: [columns, rows], bytes: turned });
    this.#add({ name: names.scales, type: "float32", dims: [rows], bytes: bytesOf(quantized.scales) });
    return names;
  }

  /** A weight [in, out] with scales [out]. */
  #columnsAsBytes({ name, dims, bytes }: OnnxInitializer) {
    const names = { bytes: `${name}_column_bytes`, scales: `${name}_column_scales` };
    if (this.#initializers.has(names.bytes)) return names;
    const [rows = 0, columns = 0] = dims;
    const values = floatsOf(bytes as Uint8Array);
    const turned = transposed(values, rows, columns, new Float32Array(values.length));
    const quantized = quantizeRows(turned, columns, rows);
    const back = transposed(quantized.bytes, columns, rows, new Uint8Array(values.length));
    this.#add({ name: names.bytes, type: "uint8", dims, bytes: back });
    this.#add({ name: names.scales, type: "float32", dims: [columns], bytes: bytesOf(quantized.scales) });
    return names;
  }
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

const floatsOf = ({ buffer, byteOffset, byteLength }: Uint8Array): Float32Array =>
  new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);

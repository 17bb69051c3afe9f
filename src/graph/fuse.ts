/**
 * Rewrites graphs that nobody differentiates: work on rows without reshaping around it, biases after their products, a cache
 * that is not joined. The runtime's kernels for more than that were tried and gave nothing, see docs/decisions.
 */
import { nodesOf } from "./differentiate.ts";
import { at } from "./operator.ts";
import type { LinearAttributes, MatmulAttributes } from "./operators/linear-algebra.ts";
import type { AxisAttributes } from "./operators/movement.ts";
import { type Dimension, type Shape, shapesEqual, sizeOf } from "./shapes.ts";
import { type GraphNode, SymbolicTensor, type TensorSpec } from "./symbolic-tensor.ts";

/** What works on each row of [B, T, D], so that it may be given them as a matrix. Products want one, the others can take it. */
const rowOperators = new Set(["linear", "layerNorm", "gelu", "add"]);

type Outputs = Readonly<Record<string, SymbolicTensor>>;

/** The same outputs, computed in less time; equal to rounding. */
export function fuse(outputs: Outputs): Outputs {
  return new Fusion(outputs).run();
}

class Fusion {
  readonly #outputs: Outputs;
  readonly #nodes: readonly GraphNode[];
  /** What a node reads. */
  readonly #used: ReadonlySet<SymbolicTensor>;
  readonly #asked: ReadonlySet<SymbolicTensor>;
  readonly #replaced = new Map<SymbolicTensor, SymbolicTensor>();
  /** Of new tensors [B, T, D]: the same as [B·T, D]. */
  readonly #matrices = new Map<SymbolicTensor, SymbolicTensor>();

  constructor(outputs: Outputs) {
    this.#outputs = outputs;
    this.#nodes = nodesOf(Object.values(outputs));
    this.#asked = new Set(Object.values(outputs));
    this.#used = new Set(this.#nodes.flatMap(({ inputs }) => inputs));
  }

  run(): Outputs {
    for (const node of this.#nodes) {
      const isDone = this.#partPast(node) || this.#workOnRows(node);
      if (!isDone && node.inputs.some((tensor) => this.#replaced.has(tensor))) {
        this.#replace(node, node.operator, node.inputs, node.attributes, node.outputs);
      }
    }
    return Object.fromEntries(Object.entries(this.#outputs).map(([name, tensor]) => [name, this.#now(tensor)]));
  }

  #now(tensor: SymbolicTensor): SymbolicTensor {
    return this.#replaced.get(tensor) ?? tensor;
  }

  /** A node in the place of `node` whose results stand for `results`. */
  #replace(
    node: GraphNode,
    operator: string,
    inputs: readonly SymbolicTensor[],
    attributes: unknown,
    results: readonly SymbolicTensor[],
  ): true {
    const outputs: SymbolicTensor[] = [];
    const made: GraphNode = { ...node, operator, inputs: inputs.map((x) => this.#now(x)), attributes, outputs };
    for (const [index, result] of results.entries()) {
      const spec: TensorSpec = { type: result.type, shape: result.shape };
      outputs.push(new SymbolicTensor(spec, { kind: "node", node: made, index }));
      this.#replaced.set(result, at(outputs, index));
    }
    return true;
  }

  /** One more node, which comes before `node` by a part of a step. */
  #insert(
    node: GraphNode,
    before: number,
    operator: string,
    inputs: readonly SymbolicTensor[],
    attributes: unknown,
    shape: Shape,
  ): SymbolicTensor {
    const outputs: SymbolicTensor[] = [];
    const made: GraphNode = { ...node, operator, inputs, attributes, outputs, sequence: node.sequence - before };
    outputs.push(new SymbolicTensor({ type: "float32", shape }, { kind: "node", node: made, index: 0 }));
    return at(outputs, 0);
  }

  /**
   * Attention to keys or values that were joined to a cache's, where only the product is wanted: each part is multiplied by
   * itself. Joining would copy the whole cache to add a token.
   */
  #partPast(node: GraphNode): boolean {
    if (node.operator !== "matmul" || node.outputs[0]?.rank !== 4) return false;
    const [left, right] = [this.#now(at(node.inputs, 0)), at(node.inputs, 1)];
    const joined = madeBy(right, "concat");
    if (joined?.inputs.length !== 2 || (joined.attributes as AxisAttributes).axis !== 2) return false;
    if (this.#asked.has(right)) return false;
    const [past, own] = joined.inputs.map((part) => this.#now(part)) as [SymbolicTensor, SymbolicTensor];
    const { shape } = at(node.outputs, 0);
    const { transposeLeft, transposeRight } = node.attributes as MatmulAttributes;
    if (transposeLeft === true) return false;
    if (transposeRight === true) {
      const products = [past, own].map((part, index) => {
        const part4 = [...shape.slice(0, 3), at(part.shape, 2)];
        return this.#insert(node, 0.4 - index / 10, "matmul", [left, part], node.attributes, part4);
      });
      return this.#replace(node, "concat", products, { axis: 3 }, node.outputs);
    }
    const [earlier, later] = [at(past.shape, 2), at(own.shape, 2)];
    const sliced = (start: Dimension, length: Dimension, before: number): SymbolicTensor =>
      this.#insert(node, before, "slice", [left], { axis: 3, start, length }, [...left.shape.slice(0, 3), length]);
    const onPast = this.#insert(node, 0.2, "matmul", [sliced(0, earlier, 0.4), past], node.attributes, shape);
    const onOwn = this.#insert(node, 0.1, "matmul", [sliced(earlier, later, 0.3), own], node.attributes, shape);
    return this.#replace(node, "add", [onPast, onOwn], {}, node.outputs);
  }

  /**
   * Products of [B, T, D] with weights are made of matrices [B·T, D]. What stands between them stays in that form, instead of
   * being reshaped back and again: a node less each time, which a run over few tokens feels.
   */
  #workOnRows(node: GraphNode): boolean {
    const [result, ...statistics] = node.outputs;
    if (!rowOperators.has(node.operator) || result?.rank !== 3) return false;
    if (statistics.some((tensor) => this.#used.has(tensor) || this.#asked.has(tensor))) return false;
    const wide = node.inputs.filter(({ rank }) => rank === 3);
    const isAlike = node.inputs.every(({ rank }) => rank === 3 || node.operator !== "add");
    if (!isAlike || wide.some(({ shape }) => !shapesEqual(shape.slice(0, 2), result.shape.slice(0, 2)))) return false;
    if (node.operator !== "linear" && !wide.some((tensor) => this.#matrices.has(this.#now(tensor)))) return false;
    const inputs = node.inputs.map((tensor) => (tensor.rank === 3 ? this.#matrixOf(tensor, node) : this.#now(tensor)));
    const outputs: SymbolicTensor[] = [];
    const made: GraphNode = { ...node, ...this.#biasApart(node, inputs), outputs };
    for (const [index, { type, shape }] of node.outputs.entries()) {
      const spec: TensorSpec = { type, shape: [sizeOf(shape.slice(0, -1)), at(shape, shape.length - 1)] };
      outputs.push(new SymbolicTensor(spec, { kind: "node", node: made, index }));
    }
    const { shape } = result;
    const whole = this.#insert(node, -0.25, "reshape", [at(outputs, 0)], { shape }, shape);
    this.#matrices.set(whole, at(outputs, 0));
    this.#replaced.set(result, whole);
    return true;
  }

  /**
   * A product whose bias is added after it: the runtime's kernel for both copies the bias to every row first and reads the
   * rows back with each block of the product.
   */
  #biasApart(
    node: GraphNode,
    inputs: readonly SymbolicTensor[],
  ): Pick<GraphNode, "operator" | "inputs" | "attributes"> {
    const { operator, attributes } = node;
    if (operator !== "linear") return { operator, inputs, attributes };
    const [x, weight, bias] = inputs as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
    const { transposeWeight: transposeRight } = attributes as LinearAttributes;
    const shape = [at(x.shape, 0), at(bias.shape, 0)];
    const product = this.#insert(node, 0.25, "matmul", [x, weight], { transposeRight }, shape);
    return { operator: "add", inputs: [product, bias], attributes: {} };
  }

  /** What now stands for a tensor [B, T, D], as [B·T, D]. */
  #matrixOf(tensor: SymbolicTensor, reader: GraphNode): SymbolicTensor {
    const now = this.#now(tensor);
    const known = this.#matrices.get(now);
    if (known !== undefined) return known;
    const shape = [sizeOf(now.shape.slice(0, -1)), at(now.shape, 2)];
    const source = madeBy(now, "reshape")?.inputs[0] ?? now;
    const matrix = this.#insert(reader, 0.5, "reshape", [source], { shape }, shape);
    this.#matrices.set(now, matrix);
    return matrix;
  }
}

function madeBy(tensor: SymbolicTensor, operator: string): GraphNode | undefined {
  const { source } = tensor;
  return source.kind === "node" && source.node.operator === operator ? source.node : undefined;
}

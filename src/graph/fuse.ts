/**
 * Rewrites graphs that nobody differentiates: attention in one kernel, and work on rows without reshaping around it. Other kernels of the runtime were tried and gave nothing
 * (BiasGelu) or cost time (SkipLayerNormalization: a tenth of a run more), see docs/decisions.
 */
import { nodesOf } from "./differentiate.ts";
import { at } from "./operator.ts";
import type { LinearAttributes, MatmulAttributes } from "./operators/linear-algebra.ts";
import type { AxisAttributes, TransposeAttributes } from "./operators/movement.ts";
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
  readonly #users = new Map<SymbolicTensor, GraphNode[]>();
  readonly #asked: ReadonlySet<SymbolicTensor>;
  readonly #replaced = new Map<SymbolicTensor, SymbolicTensor>();
  readonly #wholeMasks = new Map<SymbolicTensor, SymbolicTensor>();
  /** Of new tensors [B, T, D]: the same as [B·T, D]. */
  readonly #matrices = new Map<SymbolicTensor, SymbolicTensor>();

  constructor(outputs: Outputs) {
    this.#outputs = outputs;
    this.#nodes = nodesOf(Object.values(outputs));
    this.#asked = new Set(Object.values(outputs));
    for (const node of this.#nodes) {
      for (const tensor of node.inputs) this.#users.set(tensor, [...(this.#users.get(tensor) ?? []), node]);
    }
  }

  run(): Outputs {
    for (const node of this.#nodes) {
      const isDone = this.#fuseAttention(node) || this.#partPast(node) || this.#workOnRows(node);
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
    if (statistics.some((tensor) => this.#users.has(tensor) || this.#asked.has(tensor))) return false;
    const wide = node.inputs.filter(({ rank }) => rank === 3);
    const isAlike = node.inputs.every(({ rank }) => rank === 3 || node.operator !== "add");
    if (!isAlike || wide.some(({ shape }) => !shapesEqual(shape.slice(0, 2), result.shape.slice(0, 2)))) return false;
    if (node.operator !== "linear" && !wide.some((tensor) => this.#matrices.has(this.#now(tensor)))) return false;
    const inputs = node.inputs.map((tensor) => (tensor.rank === 3 ? this.#matrixOf(tensor, node) : this.#now(tensor)));
    const { shape } = result;
    const rows: Shape = [sizeOf(shape.slice(0, -1)), at(shape, 2)];
    const outputs: SymbolicTensor[] = [];
    const made: GraphNode = { ...node, ...this.#biasApart(node, inputs, rows), outputs };
    for (const [index, { type, shape }] of node.outputs.entries()) {
      const spec: TensorSpec = { type, shape: [sizeOf(shape.slice(0, -1)), at(shape, shape.length - 1)] };
      outputs.push(new SymbolicTensor(spec, { kind: "node", node: made, index }));
    }
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
    rows: Shape,
  ): Pick<GraphNode, "operator" | "inputs" | "attributes"> {
    if (node.operator !== "linear") return { operator: node.operator, inputs, attributes: node.attributes };
    const [x, weight, bias] = inputs as [SymbolicTensor, SymbolicTensor, SymbolicTensor];
    const { transposeWeight } = node.attributes as LinearAttributes;
    const product = this.#insert(node, 0.25, "matmul", [x, weight], { transposeRight: transposeWeight }, rows);
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

  /** Whether nobody but one node reads the tensor. */
  #isPrivate(tensor: SymbolicTensor): boolean {
    return this.#users.get(tensor)?.length === 1 && !this.#asked.has(tensor);
  }

  /** A mask [B or 1, H or 1, Tq or 1, Tk] with a row for each of the queries, which the kernel asks for. */
  #maskOfAllQueries(mask: SymbolicTensor, queries: Dimension, reader: GraphNode): SymbolicTensor {
    const known = this.#wholeMasks.get(mask);
    if (known !== undefined) return known;
    const shape = mask.shape.with(2, queries);
    if (shapesEqual(shape, mask.shape)) return mask;
    const { source } = mask;
    // Between the mask's own node and whatever comes next.
    const [node, before] = source.kind === "node" ? [source.node, -0.5] : [reader, 0.5];
    const whole = this.#insert(node, before, "broadcastTo", [this.#now(mask)], { shape }, shape);
    this.#wholeMasks.set(mask, whole);
    return whole;
  }

  /** mergeHeads(matmul(softmax(query · keyᵀ · scale + mask), value)), all three from `splitHeads`. */
  #fuseAttention(node: GraphNode): boolean {
    if (node.operator !== "reshape" || node.outputs[0]?.rank !== 3) return false;
    const merged = at(node.inputs, 0);
    const context = exchanged(merged);
    const mixing = context && madeBy(context, "matmul");
    if (!context || !mixing || !isPlain(mixing) || !this.#isPrivate(merged) || !this.#isPrivate(context)) return false;
    const [probabilities, value] = [at(mixing.inputs, 0), at(mixing.inputs, 1)];
    const weights = madeBy(probabilities, "softmax")?.inputs[0];
    if (weights === undefined || !this.#isPrivate(probabilities) || !this.#isPrivate(weights)) return false;
    const { scores, mask } = maskedScores(weights);
    const scoring = scores && madeBy(scores, "matmul");
    if (!scores || !scoring || !this.#isPrivate(scores)) return false;
    const { transposeLeft, transposeRight, alpha = 1 } = scoring.attributes as MatmulAttributes;
    if (transposeLeft === true || transposeRight !== true) return false;
    const sources = [at(scoring.inputs, 0), at(scoring.inputs, 1), value].map(beforeSplit);
    if (!sources.every((source) => source !== undefined)) return false;
    const heads = Number(at(context.shape, 1));
    const inputs = mask === undefined ? sources : [...sources, this.#maskOfAllQueries(mask, at(scores.shape, 2), node)];
    return this.#replace(node, "multiHeadAttention", inputs, { heads, scale: alpha }, node.outputs);
  }
}

function madeBy(tensor: SymbolicTensor, operator: string): GraphNode | undefined {
  const { source } = tensor;
  return source.kind === "node" && source.node.operator === operator ? source.node : undefined;
}

/** x [A, B, C, D] where the tensor is x as [A, C, B, D]. */
function exchanged(tensor: SymbolicTensor): SymbolicTensor | undefined {
  const node = madeBy(tensor, "transpose");
  if (node === undefined || (node.attributes as TransposeAttributes).permutation.join() !== "0,2,1,3") return undefined;
  return node.inputs[0];
}

/** x [B, T, H·K] where the tensor is x as [B, H, T, K]. */
function beforeSplit(tensor: SymbolicTensor): SymbolicTensor | undefined {
  const parted = exchanged(tensor);
  const whole = parted && madeBy(parted, "reshape")?.inputs[0];
  return whole?.rank === 3 ? whole : undefined;
}

function isPlain({ attributes }: GraphNode): boolean {
  const { transposeLeft, transposeRight, alpha } = attributes as MatmulAttributes;
  return transposeLeft !== true && transposeRight !== true && (alpha ?? 1) === 1;
}

function maskedScores(weights: SymbolicTensor): { scores: SymbolicTensor | undefined; mask?: SymbolicTensor } {
  const sum = madeBy(weights, "add");
  if (sum === undefined) return { scores: weights };
  const [scores, mask] = [at(sum.inputs, 0), at(sum.inputs, 1)];
  return shapesEqual(scores.shape, weights.shape) && mask.rank === 4 ? { scores, mask } : { scores: undefined };
}

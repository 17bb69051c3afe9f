/**
 * Gradient checkpointing: what lies within a layer is computed again when its gradients are due, so that only the values
 * between layers are kept from the forward pass (Chen et al. 2016, https://arxiv.org/abs/1604.06174, §3).
 */
import { type GraphNode, SymbolicTensor } from "./symbolic-tensor.ts";
import { nextSequence } from "./trace.ts";

/** Says which stretch of the forward pass a node belongs to; nodes of none are computed once. */
export type SegmentOf = (node: GraphNode) => string | undefined;

/** Layers: the module up to its first number, such as `transformer.layers.3`. */
export const layerOf: SegmentOf = ({ scope }) => /^(?:.*?\.)?\d+(?=\.|$)/.exec(scope)?.[0];

/** The forward pass as the backward pass sees it, which goes through the segments from last to first. */
export class Recomputation {
  readonly #segmentOf: SegmentOf;
  #segment: string | undefined;
  #copies = new Map<SymbolicTensor, SymbolicTensor>();

  constructor(segmentOf: SegmentOf) {
    this.#segmentOf = segmentOf;
  }

  /** Says whose gradient is next. */
  enter(node: GraphNode): void {
    const segment = this.#segmentOf(node);
    if (segment === this.#segment) return;
    this.#segment = segment;
    this.#copies = new Map();
  }

  /** The tensor itself, or made again if it lies within the segment. The copies follow what was traced so far. */
  of(tensor: SymbolicTensor): SymbolicTensor {
    const { source } = tensor;
    if (this.#segment === undefined || source.kind !== "node") return tensor;
    if (this.#segmentOf(source.node) !== this.#segment) return tensor;
    const known = this.#copies.get(tensor);
    if (known !== undefined) return known;
    const inputs = source.node.inputs.map((input) => this.of(input));
    const outputs: SymbolicTensor[] = [];
    const node: GraphNode = { ...source.node, inputs, outputs, sequence: nextSequence() };
    for (const [index, output] of source.node.outputs.entries()) {
      outputs.push(new SymbolicTensor(output, { kind: "node", node, index }));
      this.#copies.set(output, outputs[index] as SymbolicTensor);
    }
    return this.#copies.get(tensor) as SymbolicTensor;
  }
}

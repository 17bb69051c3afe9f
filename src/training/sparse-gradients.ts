/**
 * The gradient of an embedding table is a few rows. They leave the graph as rows and indices and are added in place, so
 * that no table-sized zeros are made and copied at each step.
 */
import { add, type GraphNode, type SymbolicTensor, scatterRows, shapesEqual } from "../graph/index.ts";

/** Rows to be added to a gradient: indices [...] of int64, rows [..., width]. */
export interface RowGradient {
  readonly indices: SymbolicTensor;
  readonly rows: SymbolicTensor;
  /** The row that takes no gradient. */
  readonly paddingIndex: number | undefined;
}

export interface SplitGradient {
  /** The rest, absent when rows are all there is. */
  readonly dense: SymbolicTensor | undefined;
  readonly rows: readonly RowGradient[];
}

interface ScatterAttributes {
  readonly paddingIndex?: number;
}

/** Takes the row gradients out of a parameter's gradient, which is a sum in the order of its uses. */
export function splitGradient(gradient: SymbolicTensor): SplitGradient {
  const node = nodeOf(gradient);
  if (node?.operator === scatterRows.operatorName) {
    const [indices, rows] = node.inputs as [SymbolicTensor, SymbolicTensor];
    const { paddingIndex } = node.attributes as ScatterAttributes;
    return { dense: undefined, rows: [{ indices, rows, paddingIndex }] };
  }
  if (node?.operator === add.operatorName && node.inputs.every((term) => shapesEqual(term.shape, gradient.shape))) {
    const [left, right] = node.inputs.map(splitGradient) as [SplitGradient, SplitGradient];
    const rows = [...left.rows, ...right.rows];
    if (rows.length === 0) return { dense: gradient, rows };
    const dense = left.dense && right.dense ? add(left.dense, right.dense) : (left.dense ?? right.dense);
    return { dense, rows };
  }
  return { dense: gradient, rows: [] };
}

function nodeOf(tensor: SymbolicTensor): GraphNode | undefined {
  return tensor.source.kind === "node" ? tensor.source.node : undefined;
}

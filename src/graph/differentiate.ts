/** Reverse-mode differentiation, graph to graph: backward follows forward in tracing order. */
import { ShapeError } from "../errors.ts";
import { Recomputation, type SegmentOf } from "./checkpointing.ts";
import { gradientRules, type Rule, type RuleContext } from "./gradients.ts";
import { add, type OperatorType } from "./ops.ts";
import { constant, type GraphNode, Parameter, type SymbolicTensor } from "./symbolic-tensor.ts";
import { withScope } from "./trace.ts";

/** What the scopes of a backward pass begin with, before those of the forward nodes that it follows. */
export const backwardScope = "backward";

/** All nodes that `outputs` reach, in tracing order. */
export function nodesOf(outputs: readonly SymbolicTensor[]): GraphNode[] {
  const seen = new Set<GraphNode>();
  const pending = [...outputs];
  for (let tensor = pending.pop(); tensor !== undefined; tensor = pending.pop()) {
    if (tensor.source.kind !== "node" || seen.has(tensor.source.node)) continue;
    seen.add(tensor.source.node);
    pending.push(...tensor.source.node.inputs);
  }
  return [...seen].sort((left, right) => left.sequence - right.sequence);
}

/**
 * The gradients of a scalar `loss` with respect to `targets`; undefined for one that the loss does not depend on. What
 * `checkpointed` counts to a segment is computed again for its gradients, not kept; the engine must then be kept from
 * joining equal computations.
 */
export function gradientsOf(
  loss: SymbolicTensor,
  targets: readonly (SymbolicTensor | Parameter)[],
  options: { readonly checkpointed?: SegmentOf | undefined } = {},
): (SymbolicTensor | undefined)[] {
  if (loss.rank !== 0) throw new ShapeError("a loss is a scalar", { expected: "[]", received: loss.toString() });
  const wanted = targets.map((target) => (target instanceof Parameter ? target.symbol : target));
  const nodes = nodesOf([loss]);
  const flows = new Set<SymbolicTensor>(wanted);
  for (const node of nodes) if (node.inputs.some((x) => flows.has(x))) for (const y of node.outputs) flows.add(y);

  const again = new Recomputation(options.checkpointed ?? (() => undefined));
  const gradients = new Map<SymbolicTensor, SymbolicTensor>([[loss, constant("float32", [], [1])]]);
  for (const node of nodes.reverse()) {
    const arriving = node.outputs.map((output) => gradients.get(output));
    if (arriving.every((gradient) => gradient === undefined)) continue;
    if (!node.inputs.some((x) => flows.has(x))) continue;
    const rule = gradientRules[node.operator as OperatorType] as Rule<OperatorType>;
    again.enter(node);
    const context = {
      inputs: node.inputs.map((x) => again.of(x)),
      outputs: node.outputs.map((y) => again.of(y)),
      attributes: node.attributes,
      // Rules of operators with one output read `gradient` only; it is then present, as something arrived.
      gradient: arriving[0] as SymbolicTensor,
      gradients: arriving,
    };
    withScope(`${backwardScope}/${node.scope}`, () => {
      const thunks = rule(context as RuleContext<OperatorType>);
      for (const [index, x] of node.inputs.entries()) {
        const thunk = thunks[index];
        if (!thunk || !flows.has(x)) continue;
        const before = gradients.get(x);
        const arrived = thunk();
        gradients.set(x, before === undefined ? arrived : add(before, arrived));
      }
    });
  }
  return wanted.map((tensor) => gradients.get(tensor));
}

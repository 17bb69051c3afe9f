/**
 * The part of a traced graph that training does not change: what depends on frozen parameters and on the examples alone. It
 * can be computed once for each example and stand in the graph as an input, as ELMo's and BERT's feature-based use has it
 * (Peters et al. 2018, https://arxiv.org/abs/1802.05365; Devlin et al. 2019, https://arxiv.org/abs/1810.04805, §5.3).
 */
import { dimensionsEqual, namedDimension, type Shape } from "./shapes.ts";
import { type GraphNode, input, SymbolicTensor } from "./symbolic-tensor.ts";
import { isDropoutMask } from "./trace.ts";

export interface CutGraph<Outputs> {
  /** The same outputs, computed from the features. */
  readonly outputs: Outputs;
  /** What was cut off, by the names of the inputs that stand in its place: [B, ...] or [B, T, ...] each. */
  readonly features: Readonly<Record<string, SymbolicTensor>>;
}

/** Cuts as late as possible; what has no row for each example, such as attention's mask, stays in the graph. */
export function cutFrozenPart<Outputs extends Readonly<Record<string, SymbolicTensor>>>(
  outputs: Outputs,
): CutGraph<Outputs> {
  const cut = new FrozenPart();
  const entries = Object.entries(outputs).map(([name, tensor]) => [name, cut.withoutFrozen(tensor)] as const);
  return { outputs: Object.fromEntries(entries) as unknown as Outputs, features: Object.fromEntries(cut.features) };
}

interface Dependence {
  /** On parameters that are trained, or on draws. */
  readonly changes: boolean;
  /** On parameters that are not. */
  readonly isFrozen: boolean;
}

class FrozenPart {
  readonly features = new Map<string, SymbolicTensor>();
  readonly #dependences = new Map<SymbolicTensor, Dependence>();
  readonly #replaced = new Map<SymbolicTensor, SymbolicTensor>();

  /** The tensor, with features in place of what it reads of the frozen part. */
  withoutFrozen(tensor: SymbolicTensor): SymbolicTensor {
    const known = this.#replaced.get(tensor);
    if (known !== undefined) return known;
    const replaced = this.#replace(tensor);
    this.#replaced.set(tensor, replaced);
    return replaced;
  }

  #replace(tensor: SymbolicTensor): SymbolicTensor {
    const { source } = tensor;
    if (source.kind !== "node") return tensor;
    const { changes, isFrozen } = this.#dependenceOf(tensor);
    if (!changes && !isFrozen) return tensor;
    if (!changes && tensor.type === "float32" && hasRowOfEachExample(tensor.shape)) {
      const name = `frozen.${this.features.size}`;
      this.features.set(name, tensor);
      return input(name, tensor.type, tensor.shape);
    }
    const inputs = source.node.inputs.map((each) => this.withoutFrozen(each));
    if (inputs.every((each, index) => each === source.node.inputs[index])) return tensor;
    const made: SymbolicTensor[] = [];
    const node: GraphNode = { ...source.node, inputs, outputs: made };
    for (const [index, output] of source.node.outputs.entries()) {
      made.push(new SymbolicTensor(output, { kind: "node", node, index }));
      this.#replaced.set(output, made[index] as SymbolicTensor);
    }
    return made[source.index] as SymbolicTensor;
  }

  #dependenceOf(tensor: SymbolicTensor): Dependence {
    const known = this.#dependences.get(tensor);
    if (known !== undefined) return known;
    const dependence = this.#findDependence(tensor);
    this.#dependences.set(tensor, dependence);
    return dependence;
  }

  #findDependence({ source }: SymbolicTensor): Dependence {
    if (source.kind === "constant") return { changes: false, isFrozen: false };
    if (source.kind === "input") return { changes: isDropoutMask(source.name), isFrozen: false };
    if (source.kind === "parameter") {
      const { trainable } = source.parameter;
      return { changes: trainable, isFrozen: !trainable };
    }
    const all = source.node.inputs.map((each) => this.#dependenceOf(each));
    return { changes: all.some(({ changes }) => changes), isFrozen: all.some(({ isFrozen }) => isFrozen) };
  }
}

/** Whether a shape is [B, ...] or [B, T, ...], all else being fixed. */
function hasRowOfEachExample([rows, second, ...rest]: Shape): boolean {
  if (rows === undefined || !dimensionsEqual(rows, namedDimension("B"))) return false;
  const isFixed = typeof second === "number" || second === undefined;
  return (isFixed || dimensionsEqual(second, namedDimension("T"))) && rest.every((size) => typeof size === "number");
}

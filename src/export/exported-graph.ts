/** A model with its head as an ONNX graph under the published names, made of standard operators alone. */
import { ConfigurationError } from "../errors.ts";
import {
  type Dimension,
  input,
  lowerToOnnx,
  nodesOf,
  type Parameter,
  type Port,
  SymbolicDimension,
  SymbolicTensor,
  trace,
} from "../graph/index.ts";
import type { AnyModel, InputSpecs } from "../models/index.ts";
import { flatten, unflatten } from "../models/nested.ts";
import type { OnnxGraph, OnnxNode } from "../onnx/index.ts";

export interface ExportedGraph {
  readonly graph: OnnxGraph;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Outputs that the folder has no weights for. */
  readonly leftOut: readonly string[];
}

/** What the published graphs call the dimensions. */
const dimensionNames: Readonly<Record<string, string>> = {
  B: "batch_size",
  C: "num_choices",
  P: "past_sequence_length",
  T: "sequence_length",
};

function publishedDimension(dimension: Dimension): Dimension {
  if (typeof dimension === "number") return dimension;
  const terms = [...dimension.terms].map(([name, coefficient]) => [dimensionNames[name] ?? name, coefficient] as const);
  return new SymbolicDimension(new Map(terms));
}

/** `lastHiddenState` → `last_hidden_state`. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

export const publishedInputName = snakeCase;

/** Keys and values go in as `past_key_values` and come out as `present`. */
export function publishedOutputName(name: string): string {
  return snakeCase(name).replace(/^past_key_values\./, "present.");
}

/**
 * The inputs of an exported model, under our dotted names. An encoder counts positions from the first token; a decoder is
 * told them, and the keys and values of what it has read.
 */
export function exportedInputs(model: AnyModel, isCausal: boolean): InputSpecs {
  const isCached = (name: string): boolean => isCausal && /^pastKeyValues\.\d+\.(key|value)$/.test(name);
  const wanted = ["inputIds", "attentionMask", isCausal ? "positionIds" : "tokenTypeIds"];
  const specs = model.inputSpecs(new Set(isCausal ? [...wanted, "pastKeyValues.0.key"] : wanted));
  const names = [...wanted, ...Object.keys(specs).filter(isCached)];
  const entries = names.flatMap((name) => {
    const spec = specs[name];
    // Where there is one kind of segment, saying so tells nothing: the published graphs do not ask for it.
    return spec === undefined || (name === "tokenTypeIds" && spec.below === 1) ? [] : [[name, spec] as const];
  });
  return Object.fromEntries(entries);
}

const isSymbolic = (value: unknown): value is SymbolicTensor => value instanceof SymbolicTensor;

/**
 * Traces and lowers a model. Its weights become constants of the graph.
 *
 * @param missing published names of parameters that the model's folder lacks: outputs that read one are left out.
 * @throws ConfigurationError if no output is left.
 */
export function exportedGraph(
  model: AnyModel,
  { isCausal, missing }: { readonly isCausal: boolean; readonly missing: ReadonlySet<string> },
): ExportedGraph {
  const symbols = Object.entries(exportedInputs(model, isCausal)).map(([name, { type, shape }]) => {
    return [name, input(publishedInputName(name), type, shape.map(publishedDimension))] as const;
  });
  const { result } = trace({}, () => model.forward(unflatten(symbols)) as object);
  const outputs = [...flatten<SymbolicTensor>(result as never, isSymbolic)].filter(
    ([name]) => !name.includes(".") || (isCausal && name.startsWith("pastKeyValues.")),
  );
  const isWhole = ([, output]: readonly [string, SymbolicTensor]): boolean =>
    !parametersOf(output).some(({ name }) => missing.has(name));
  const whole = outputs.filter(isWhole);
  if (whole.length === 0) {
    throw new ConfigurationError(`The folder lacks weights of ${model.constructor.name}.`, {
      field: [...missing][0],
      expected: [...missing].join(", "),
      received: "no such weights",
      hint: "Train the model for this task first, or export it for another one with --task.",
    });
  }
  const named = Object.fromEntries(whole.map(([name, output]) => [publishedOutputName(name), output]));
  const lowered = lowerToOnnx(named, {
    standard: true,
    constants: (parameter) => {
      const { buffer, byteOffset, byteLength } = model.store.peek(parameter);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  });
  const places = symbols.map(([name]) => publishedInputName(name));
  const inOrder = <P extends { readonly name: string }>(ports: readonly P[]): P[] =>
    [...ports].sort((left, right) => places.indexOf(left.name) - places.indexOf(right.name));
  return {
    graph: { ...withoutUnreadResults(lowered.graph), inputs: inOrder(lowered.graph.inputs) },
    inputs: inOrder(lowered.inputs),
    outputs: lowered.outputs,
    leftOut: outputs.filter((output) => !isWhole(output)).map(([name]) => publishedOutputName(name)),
  };
}

function parametersOf(output: SymbolicTensor): Parameter[] {
  return nodesOf([output]).flatMap(({ inputs }) =>
    inputs.flatMap(({ source }) => (source.kind === "parameter" ? [source.parameter] : [])),
  );
}

/** LayerNormalization's statistics are for its gradient; not every runtime computes them. */
function withoutUnreadResults(graph: OnnxGraph): OnnxGraph {
  const read = new Set([...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ name }) => name)]);
  const cut = (node: OnnxNode): OnnxNode => {
    const [first = "", ...others] = node.outputs;
    if (node.type !== "LayerNormalization" || others.some((name) => read.has(name))) return node;
    return { ...node, outputs: [first] };
  };
  return { ...graph, nodes: graph.nodes.map(cut) };
}

/** An encoder with its head as an ONNX graph under the published names, made of standard operators alone. */
import { ConfigurationError } from "../errors.ts";
import {
  bareName,
  type Dimension,
  input,
  lowerToOnnx,
  namedDimension,
  nodesOf,
  type Parameter,
  type Port,
  type Shape,
  SymbolicTensor,
  trace,
} from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { OnnxGraph, OnnxNode } from "../onnx/index.ts";

export interface EncoderGraph {
  readonly graph: OnnxGraph;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Outputs that the folder has no weights for. */
  readonly leftOut: readonly string[];
}

/** What the published graphs call the dimensions. */
const dimensionNames: Readonly<Record<string, string>> = { B: "batch_size", C: "num_choices", T: "sequence_length" };

function publishedDimension(dimension: Dimension): Dimension {
  const name = bareName(dimension);
  return name === undefined ? dimension : namedDimension(dimensionNames[name] ?? name);
}

/** `lastHiddenState` → `last_hidden_state`. */
export function publishedPortName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The inputs of an exported encoder, under our names, with their specs. Positions count from the first token. */
export function encoderInputs(model: AnyModel): Readonly<Record<string, ReturnType<AnyModel["inputSpecs"]>[string]>> {
  const given = ["inputIds", "attentionMask", "tokenTypeIds"];
  const specs = model.inputSpecs(new Set(given));
  const entries = given.flatMap((name) => {
    const spec = specs[name];
    // Where there is one kind of segment, saying so tells nothing: the published graphs do not ask for it.
    return spec === undefined || (name === "tokenTypeIds" && spec.below === 1) ? [] : [[name, spec] as const];
  });
  return Object.fromEntries(entries);
}

/**
 * Traces and lowers a model. Its weights become constants of the graph.
 *
 * @param missing published names of parameters that the model's folder lacks: outputs that read one are left out.
 * @throws ConfigurationError if no output is left.
 */
export function encoderGraph(model: AnyModel, missing: ReadonlySet<string>): EncoderGraph {
  const symbols = Object.entries(encoderInputs(model)).map(([name, { type, shape }]) => {
    const published: Shape = shape.map(publishedDimension);
    return [name, input(publishedPortName(name), type, published)] as const;
  });
  const { result } = trace({}, () => model.forward(Object.fromEntries(symbols)) as object);
  const outputs = Object.entries(result).filter(
    (entry): entry is [string, SymbolicTensor] => entry[1] instanceof SymbolicTensor,
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
  const named = Object.fromEntries(whole.map(([name, output]) => [publishedPortName(name), output]));
  const lowered = lowerToOnnx(named, {
    standard: true,
    constants: (parameter) => {
      const { buffer, byteOffset, byteLength } = model.store.peek(parameter);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  });
  const places = symbols.map(([name]) => publishedPortName(name));
  const inOrder = <P extends { readonly name: string }>(ports: readonly P[]): P[] =>
    [...ports].sort((left, right) => places.indexOf(left.name) - places.indexOf(right.name));
  return {
    graph: { ...withoutUnreadResults(lowered.graph), inputs: inOrder(lowered.graph.inputs) },
    inputs: inOrder(lowered.inputs),
    outputs: lowered.outputs,
    leftOut: outputs.filter((output) => !isWhole(output)).map(([name]) => publishedPortName(name)),
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

/** A recording summed up: the parts of a step, the modules of the model and the operators, each with its time. */
import { backwardScope } from "../graph/index.ts";
import type { NodeSpan } from "./engine-record.ts";
import type { Recording } from "./profiler.ts";
import type { Span } from "./span.ts";

/** Times are milliseconds of one step, or of all runs together. */
export interface Profile {
  /** Of all parts. */
  readonly wholeMs: number;
  /** What the program does one after the other; the graph's run is split into its passes. */
  readonly parts: readonly { readonly name: string; readonly ms: number }[];
  /** Numbered modules each, the others by their place in the model; in the order of the forward pass. */
  readonly layers: readonly ModuleTime[];
  /** The modules with their numbers left out, longest first. */
  readonly modules: readonly ModuleTime[];
  /** Longest first. */
  readonly operators: readonly OperatorTime[];
}

export interface ModuleTime {
  readonly name: string;
  readonly forwardMs: number;
  readonly backwardMs: number;
}

export interface OperatorTime {
  readonly name: string;
  readonly ms: number;
  /** Nodes that were run. */
  readonly calls: number;
  /** Of matrix products: 10⁹ floating-point operations a second. */
  readonly gigaflops: number | undefined;
}

/** A node's pass and the module that it belongs to; what belongs to none is the loss. */
export function placeOf({ scope }: NodeSpan): { readonly module: string; readonly isBackward: boolean } {
  const isBackward = scope.startsWith(`${backwardScope}/`);
  const module = isBackward ? scope.slice(backwardScope.length + 1) : scope;
  return { module: module === "" ? "outside the modules" : module, isBackward };
}

/** `bert.encoder.layer.3.attention` → `bert.encoder.layer.3`; without a number, the first two names. */
function layerOf(module: string): string {
  const names = module.split(".");
  const number = names.findIndex((name) => /^\d+$/.test(name));
  return names.slice(0, number < 0 ? 2 : number + 1).join(".");
}

export function profileOf(recording: Recording): Profile {
  const { unit, periods, spans, nodes } = recording;
  const units = unit === "step" ? recording.units : 1;
  const wholeMs = total(periods);
  const passes = { forward: 0, backward: 0 };
  for (const node of nodes) passes[placeOf(node).isBackward ? "backward" : "forward"] += node.durationMs;
  const parts = new Map<string, number>();
  for (const { name, durationMs } of withoutInner(spans)) {
    const isSplit = name === "run" && nodes.length > 0;
    if (isSplit) {
      parts.set("graph, forward", passes.forward);
      if (passes.backward > 0) parts.set("graph, backward", passes.backward);
    }
    const label = isSplit ? "graph, around its nodes" : name === "run" ? "graph" : name;
    parts.set(label, (parts.get(label) ?? 0) + durationMs);
  }
  const around = parts.get("graph, around its nodes");
  if (around !== undefined) parts.set("graph, around its nodes", around - passes.forward - passes.backward);
  const known = [...parts.values()].reduce((sum, ms) => sum + ms, 0);
  parts.set("the rest", Math.max(0, wholeMs - known));
  return {
    wholeMs: wholeMs / units,
    parts: [...parts].map(([name, ms]) => ({ name, ms: ms / units })),
    layers: moduleTimes(inForwardOrder(nodes), units, layerOf),
    modules: moduleTimes(nodes, units, (module) => module.replaceAll(/\.\d+(?=\.|$)/g, ".*")).sort(
      (a, b) => b.forwardMs + b.backwardMs - a.forwardMs - a.backwardMs,
    ),
    operators: operatorTimes(nodes, units),
  };
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { durationMs }) => sum + durationMs, 0);
}

/** The spans, each without the time of those that lie within it. */
function withoutInner(spans: readonly Span[]): Span[] {
  const own = [...spans].sort((a, b) => a.startMs - b.startMs || b.durationMs - a.durationMs);
  const left = own.map(({ durationMs }) => durationMs);
  const open: number[] = [];
  for (const [index, { startMs, durationMs }] of own.entries()) {
    const ended = (outer: number): boolean => (own[outer] as Span).startMs + (own[outer] as Span).durationMs <= startMs;
    while (open.length > 0 && ended(open.at(-1) as number)) open.pop();
    const outer = open.at(-1);
    if (outer !== undefined) left[outer] = (left[outer] as number) - durationMs;
    open.push(index);
  }
  return own.map((span, index) => ({ ...span, durationMs: Math.max(0, left[index] as number) }));
}

/** Nodes by when their layer does its longest work forward: what only reads sizes may run at any time. */
function inForwardOrder(nodes: readonly NodeSpan[]): NodeSpan[] {
  const longest = new Map<string, NodeSpan>();
  // Each node's first run, so that times of one run are compared.
  const first = new Map([...nodes].reverse().map((node) => [node.name, node]));
  for (const node of first.values()) {
    const { module, isBackward } = placeOf(node);
    const layer = layerOf(module);
    if (!isBackward && node.durationMs > (longest.get(layer)?.durationMs ?? 0)) longest.set(layer, node);
  }
  const startMs = (node: NodeSpan): number => longest.get(layerOf(placeOf(node).module))?.startMs ?? 0;
  return [...nodes].sort((a, b) => startMs(a) - startMs(b));
}

function moduleTimes(
  nodes: readonly NodeSpan[],
  units: number,
  nameOf: (module: string) => string,
): { name: string; forwardMs: number; backwardMs: number }[] {
  const times = new Map<string, { forwardMs: number; backwardMs: number }>();
  for (const node of nodes) {
    const { module, isBackward } = placeOf(node);
    const name = nameOf(module);
    const time = times.get(name) ?? { forwardMs: 0, backwardMs: 0 };
    time[isBackward ? "backwardMs" : "forwardMs"] += node.durationMs / units;
    times.set(name, time);
  }
  return [...times].map(([name, time]) => ({ name, ...time }));
}

function operatorTimes(nodes: readonly NodeSpan[], units: number): OperatorTime[] {
  const groups = new Map<string, NodeSpan[]>();
  for (const node of nodes) {
    const group = groups.get(node.operator);
    if (group === undefined) groups.set(node.operator, [node]);
    else group.push(node);
  }
  const times = [...groups].map(([name, group]) => {
    const ms = total(group);
    const operations = group.reduce((sum, node) => sum + (productOperations(node) ?? 0), 0);
    const gigaflops = operations > 0 ? operations / ms / 1e6 : undefined;
    return { name, ms: ms / units, calls: group.length / units, gigaflops };
  });
  return times.sort((a, b) => b.ms - a.ms);
}

const matrixProducts = new Set(["Gemm", "MatMul", "FusedMatMul", "FusedGemm", "TransposeMatMul"]);

/** Multiplications and additions of a matrix product; undefined for other operators. */
function productOperations({ operator, inputShapes, outputShapes }: NodeSpan): number | undefined {
  const [left, right] = inputShapes;
  const [output] = outputShapes;
  if (!matrixProducts.has(operator) || left === undefined || right === undefined || output === undefined) return;
  const size = (shape: readonly number[]): number => shape.reduce((product, dim) => product * dim, 1);
  const columns = output.at(-1) ?? 1;
  const inner = right.length === 2 ? size(right) / columns : size(left) / (size(output) / columns);
  return 2 * size(output) * inner;
}

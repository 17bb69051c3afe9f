/**
 * The house and its one-way stairs: which folder may import which. `check-layers.ts` is the command line; this file is
 * the knowledge and the checks, over a plain list of modules so that tests can break every rule.
 */
import { builtinModules } from "node:module";
import { posix } from "node:path";

export interface Layer {
  /** A folder of `src/`, or a file there without its ending. */
  readonly name: string;
  /** What it holds, for the diagram. */
  readonly about: string;
}

/** A layer imports only from itself and from the layers before it. */
export const LAYERS: readonly Layer[] = [
  { name: "errors", about: "typed errors" },
  { name: "random", about: "the counter-based generator" },
  { name: "platform", about: "files, fetch, clock" },
  { name: "onnx", about: "ONNX encode and decode" },
  { name: "graph", about: "operators, shapes, gradients, lowering" },
  { name: "runtime", about: "ONNX Runtime and kernels" },
  { name: "tensor", about: "the Tensor that users touch" },
  { name: "nn", about: "layers and losses" },
  { name: "optim", about: "optimizers and schedules" },
  { name: "checkpoints", about: "published formats, the hub" },
  { name: "tokenizers", about: "train and use" },
  { name: "data", about: "sources, packing, batches" },
  { name: "generation", about: "decoding strategies" },
  { name: "models", about: "one architecture per file" },
  { name: "peft", about: "adapters" },
  { name: "objectives", about: "pretraining objectives" },
  { name: "metrics", about: "one metric per file" },
  { name: "tasks", about: "fine-tuning tasks" },
  { name: "training", about: "the loop" },
  { name: "pipelines", about: "text in, answer out" },
  { name: "verification", about: "parity with references" },
  { name: "demo", about: "the README's main job" },
  { name: "export", about: "bundles for other runtimes" },
  { name: "server", about: "the HTTP API" },
  { name: "cli", about: "the command line" },
  { name: "index", about: "the root entry" },
];

/** Layers that import nothing from a stretch of the layers before them. */
const INDEPENDENT = [{ layer: "tokenizers", from: "onnx", to: "optim" }] as const;

/** Packages and who may import them; `node:` stands for every module of Node. */
const RESERVED = [
  { what: "node:", allowed: /^src\/(platform\/node\.ts$|runtime\/)/, where: "src/platform/node.ts and src/runtime/" },
  { what: "koffi", allowed: /^src\/runtime\//, where: "src/runtime/" },
  { what: "onnxruntime-", allowed: /^src\/runtime\//, where: "src/runtime/" },
] as const;

export interface Module {
  /** Relative to the repository root, with slashes: `src/graph/ops.ts`. */
  readonly path: string;
  /** Specifiers as written, types included: a type that comes from above is a stair as well. */
  readonly imports: readonly string[];
  readonly lines: number;
}

/** One broken rule, as a sentence that names the file. */
export type Violation = string;

/** The layer of a file of `src/`; undefined when the list does not name its folder. */
export function layerOf(path: string): string | undefined {
  const name = path.split("/")[1]?.replace(/\.ts$/, "");
  return LAYERS.find((layer) => layer.name === name)?.name;
}

/** The files that a specifier can lead to; none for a package. `aliases` holds those that begin with `#`. */
export function resolveSpecifier(
  from: string,
  specifier: string,
  aliases: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  if (specifier.startsWith(".")) return [posix.join(posix.dirname(from), specifier)];
  return aliases.get(specifier) ?? [];
}

function isNodeModule(specifier: string): boolean {
  return specifier.startsWith("node:") || builtinModules.includes(specifier);
}

function checkPackage(from: string, specifier: string): Violation[] {
  const name = isNodeModule(specifier) ? "node:" : specifier;
  return RESERVED.filter(({ what, allowed }) => name.startsWith(what) && !allowed.test(from)).map(
    ({ where }) => `${from} imports ${specifier}, which belongs to ${where} alone`,
  );
}

function checkStair(from: string, to: string): Violation[] {
  const order = LAYERS.map((layer) => layer.name);
  const [fromLayer, toLayer] = [layerOf(from), layerOf(to)];
  if (fromLayer === undefined || toLayer === undefined) return [];
  const [fromIndex, toIndex] = [order.indexOf(fromLayer), order.indexOf(toLayer)];
  if (toIndex > fromIndex)
    return [`${from} imports ${to}: ${fromLayer} comes before ${toLayer}, the stairs go one way`];
  return INDEPENDENT.filter(
    ({ layer, from: first, to: last }) =>
      layer === fromLayer && toIndex >= order.indexOf(first) && toIndex <= order.indexOf(last),
  ).map(({ layer, from: first, to: last }) => `${from} imports ${to}: ${layer} takes nothing from ${first} to ${last}`);
}

/** The file-level graph: each module's path and the modules that it imports. */
function importGraph(
  modules: readonly Module[],
  aliases: ReadonlyMap<string, readonly string[]>,
): Map<string, readonly string[]> {
  return new Map(
    modules.map(({ path, imports }) => [
      path,
      [...new Set(imports.flatMap((specifier) => resolveSpecifier(path, specifier, aliases)))],
    ]),
  );
}

/** Cycles of files, one for each place where a depth-first walk comes back upon itself. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const cycles: string[][] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path]);
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of graph.keys()) visit(path);
  return cycles;
}

/** Every broken rule; an empty list is a house in order. */
export function checkLayers(
  modules: readonly Module[],
  aliases: ReadonlyMap<string, readonly string[]>,
): readonly Violation[] {
  const known = new Set(modules.map(({ path }) => path));
  const violations: Violation[] = [];
  for (const { path, imports } of modules) {
    if (layerOf(path) === undefined) violations.push(`${path} is in no layer: add its folder to scripts/layers.ts`);
    for (const specifier of imports) {
      const targets = resolveSpecifier(path, specifier, aliases);
      if (targets.length === 0) violations.push(...checkPackage(path, specifier));
      if (specifier.startsWith("#") && targets.length === 0) violations.push(`${path} imports unknown ${specifier}`);
      for (const target of targets) {
        if (!known.has(target)) violations.push(`${path} imports ${specifier}, which is no module of src/`);
        violations.push(...checkStair(path, target));
      }
    }
  }
  const cycles = findCycles(importGraph(modules, aliases)).map((cycle) => `cycle: ${cycle.join(" → ")}`);
  return [...new Set([...violations, ...cycles])];
}

/** Which layers each layer imports, itself left out, in the order of the list. */
export function layerImports(
  modules: readonly Module[],
  aliases: ReadonlyMap<string, readonly string[]>,
): Map<string, Set<string>> {
  const present = LAYERS.filter(({ name }) => modules.some(({ path }) => layerOf(path) === name));
  const imports = new Map(present.map(({ name }) => [name, new Set<string>()]));
  for (const [path, targets] of importGraph(modules, aliases)) {
    const from = layerOf(path);
    if (from === undefined) continue;
    for (const target of targets) {
      const to = layerOf(target);
      if (to !== undefined && to !== from) imports.get(from)?.add(to);
    }
  }
  return imports;
}

/** True when a walk of two or more steps leads from one layer to another: such an arrow tells nothing new. */
function isImplied(from: string, to: string, imports: ReadonlyMap<string, ReadonlySet<string>>): boolean {
  const seen = new Set<string>();
  const queue = [...(imports.get(from) ?? [])].filter((name) => name !== to);
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    queue.push(...(imports.get(name) ?? []));
  }
  return false;
}

/** A Mermaid diagram of what the sources really import; arrows that follow from others are left out. */
export function mermaidDiagram(imports: ReadonlyMap<string, ReadonlySet<string>>): string {
  const drawn = LAYERS.filter(({ name }) => name !== "index" && imports.has(name));
  const nodes = drawn.map(({ name, about }) => `  ${name}["<b>${name}</b><br/>${about}"]`);
  const arrows = drawn.flatMap(({ name }) =>
    drawn
      .filter(({ name: to }) => imports.get(name)?.has(to) && !isImplied(name, to, imports))
      .map(({ name: to }) => `  ${name} --> ${to}`),
  );
  return ["```mermaid", "graph BT", ...nodes, ...arrows, "```"].join("\n");
}

/** The same for a terminal: a line per layer with its size and what it imports. */
export function textDiagram(modules: readonly Module[], imports: ReadonlyMap<string, ReadonlySet<string>>): string {
  const order = LAYERS.map((layer) => layer.name);
  const lines = [...imports].map(([name, targets]) => {
    const files = modules.filter(({ path }) => layerOf(path) === name);
    const size = files.reduce((sum, module) => sum + module.lines, 0);
    const sorted = [...targets].sort((a, b) => order.indexOf(a) - order.indexOf(b));
    return `${name.padEnd(13)}${String(files.length).padStart(4)} files${String(size).padStart(7)} lines  ← ${sorted.join(" ")}`;
  });
  return lines.join("\n");
}

export const DIAGRAM_BEGIN = "<!-- layers: begin, written by `npm run layers -- --write` -->";
export const DIAGRAM_END = "<!-- layers: end -->";

/** The document with the diagram between its markers; undefined when it has no markers. */
export function replaceDiagram(document: string, diagram: string): string | undefined {
  const begin = document.indexOf(DIAGRAM_BEGIN);
  const end = document.indexOf(DIAGRAM_END);
  if (begin < 0 || end < begin) return undefined;
  return `${document.slice(0, begin + DIAGRAM_BEGIN.length)}\n\n${diagram}\n\n${document.slice(end)}`;
}

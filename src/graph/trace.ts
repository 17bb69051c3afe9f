/**
 * What is true while a graph is being traced: the module whose code runs, and whether dropout is on. Tracing is
 * synchronous, so one current trace suffices.
 */
import type { DimensionValues, Shape } from "./shapes.ts";
import { input, type SymbolicTensor } from "./symbolic-tensor.ts";

/** A place where dropout is applied: the runner fills the mask of `shape` before each step. */
export interface DropoutSite {
  /** The name of the uint8 graph input: 1 keeps, 0 drops. */
  readonly name: string;
  readonly shape: Shape;
  /** Probability of dropping. */
  readonly probability: number;
}

export interface TraceOptions {
  /** Whether dropout is on. */
  readonly training?: boolean;
  /** What named dimensions come to at most, where large results are to be made in parts. */
  readonly largest?: DimensionValues | undefined;
}

export interface Trace {
  readonly training: boolean;
  readonly largest: DimensionValues | undefined;
  readonly scopes: string[];
  readonly dropoutSites: DropoutSite[];
}

let current: Trace = newTrace({});
let sequence = 0;

function newTrace(options: TraceOptions): Trace {
  return { training: options.training ?? false, largest: options.largest, scopes: [], dropoutSites: [] };
}

/** Runs `build` under a trace of its own and returns what it built with the dropout sites that it met. */
export function trace<T>(options: TraceOptions, build: () => T): { readonly result: T; readonly trace: Trace } {
  const outer = current;
  const inner = newTrace(options);
  current = inner;
  try {
    return { result: build(), trace: inner };
  } finally {
    current = outer;
  }
}

/** Runs `build` with `path` as the current scope. */
export function withScope<T>(path: string, build: () => T): T {
  const { scopes } = current;
  scopes.push(path);
  try {
    return build();
  } finally {
    scopes.pop();
  }
}

/** The dotted path of the module that is being traced, empty outside any. */
export function currentScope(): string {
  return current.scopes.at(-1) ?? "";
}

/** Whether dropout is on. */
export function isTraining(): boolean {
  return current.training;
}

/** What named dimensions come to at most, if that was said. */
export function largestSizes(): DimensionValues | undefined {
  return current.largest;
}

/** The place of the next node in tracing order. */
export function nextSequence(): number {
  sequence += 1;
  return sequence;
}

const dropoutPrefix = "dropout.";

/** Whether an input is the mask of a dropout site, which differs from step to step. */
export function isDropoutMask(name: string): boolean {
  return name.startsWith(dropoutPrefix);
}

/** The mask input of a new dropout site over a tensor of `shape`. */
export function addDropoutSite(shape: Shape, probability: number): SymbolicTensor {
  const name = `${dropoutPrefix}${current.dropoutSites.length}`;
  current.dropoutSites.push({ name, shape, probability });
  return input(name, "uint8", shape);
}

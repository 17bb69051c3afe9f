/** ONNX Runtime's own profile: a JSON array of events, one for each node that was run. */
import type { Span } from "./span.ts";

/** One run of one node. */
export interface NodeSpan extends Span {
  /** As ONNX calls it: `Gemm`. */
  readonly operator: string;
  /** Where it was traced: the module, and what it was traced for. */
  readonly scope: string;
  readonly inputShapes: readonly (readonly number[])[];
  readonly outputShapes: readonly (readonly number[])[];
}

/** An event as the engine writes it; times in microseconds since the recording began. */
interface EngineEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: {
    readonly op_name?: string;
    readonly input_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
    readonly output_type_shape?: readonly Readonly<Record<string, readonly number[]>>[];
  };
}

const kernelSuffix = "_kernel_time";

/** Nodes of a record on the program's clock, on which its runs were asked for at `runStartsMs`. */
export function nodeSpans(record: string, runStartsMs: readonly number[]): NodeSpan[] {
  const events = JSON.parse(record) as EngineEvent[];
  const runs = events.filter(({ cat, name }) => cat === "Session" && name === "model_run").map(({ ts }) => ts / 1000);
  runs.sort((a, b) => a - b);
  // No run begins before it was asked for, and the one that waited least tells how the clocks stand.
  const originMs = Math.max(...runs.map((run, index) => (runStartsMs[index] ?? Number.NEGATIVE_INFINITY) - run));
  const shapes = (types: readonly Readonly<Record<string, readonly number[]>>[] = []) =>
    types.map((type) => Object.values(type)[0] ?? []);
  return events
    .filter(({ cat, name }) => cat === "Node" && name.endsWith(kernelSuffix))
    .map(({ name, ts, dur, args = {} }) => {
      const node = name.slice(0, -kernelSuffix.length);
      return {
        name: node,
        startMs: originMs + ts / 1000,
        durationMs: dur / 1000,
        operator: args.op_name ?? "",
        scope: node.slice(0, Math.max(0, node.lastIndexOf("/"))),
        inputShapes: shapes(args.input_type_shape),
        outputShapes: shapes(args.output_type_shape),
      };
    });
}

/**
 * A recording in the Trace Event Format, which https://ui.perfetto.dev and chrome://tracing open: what the program does in
 * one row; the nodes of the graph in another, below the modules that they belong to.
 */
import type { NodeSpan } from "./engine-record.ts";
import { placeOf } from "./profile.ts";
import type { Recording } from "./profiler.ts";
import type { Span } from "./span.ts";

const process = 1;
const rows = { program: 1, graph: 2 };

interface TraceEvent {
  readonly name: string;
  readonly cat?: string;
  /** X: a span; M: metadata. */
  readonly ph: "X" | "M";
  readonly pid: number;
  readonly tid: number;
  /** Microseconds. */
  readonly ts?: number;
  readonly dur?: number;
  readonly args?: Readonly<Record<string, unknown>>;
}

export interface TraceFile {
  readonly displayTimeUnit: "ms";
  readonly traceEvents: readonly TraceEvent[];
}

export function traceFile({ unit, periods, spans, nodes }: Recording): TraceFile {
  const originMs = Math.min(...[...periods, ...spans].map(({ startMs }) => startMs));
  const span = (row: number, cat: string, { name, startMs, durationMs }: Span, args?: object): TraceEvent => {
    // Both ends are rounded, so that what lies within another span does not stick out.
    const ts = round((startMs - originMs) * 1000);
    const dur = round(round((startMs + durationMs - originMs) * 1000) - ts);
    return { name, cat, ph: "X", pid: process, tid: row, ts, dur, ...(args && { args: { ...args } }) };
  };
  return {
    displayTimeUnit: "ms",
    traceEvents: [
      metadata("process_name", rows.program, "cloze"),
      metadata("thread_name", rows.program, "program"),
      metadata("thread_name", rows.graph, "graph"),
      ...periods.map((period) => span(rows.program, unit, period)),
      ...spans.map((own) => span(rows.program, "program", own)),
      ...moduleSpans(nodes).map(({ pass, ...own }) => span(rows.graph, pass, own)),
      ...nodes.map((node) => {
        const { module, isBackward } = placeOf(node);
        const { name, operator, inputShapes, outputShapes } = node;
        const args = { module, node: name, inputs: inputShapes, outputs: outputShapes };
        return span(rows.graph, isBackward ? "backward" : "forward", { ...node, name: operator }, args);
      }),
    ],
  };
}

function metadata(name: string, tid: number, value: string): TraceEvent {
  return { name, ph: "M", pid: process, tid, args: { name: value } };
}

/** Nanoseconds are enough. */
function round(us: number): number {
  return Math.round(us * 1000) / 1000;
}

/** Nodes of one module and pass that follow each other, as one span. */
function moduleSpans(nodes: readonly NodeSpan[]): (Span & { readonly pass: string })[] {
  const spans: { name: string; pass: string; startMs: number; durationMs: number }[] = [];
  for (const node of [...nodes].sort((a, b) => a.startMs - b.startMs)) {
    const { module, isBackward } = placeOf(node);
    const pass = isBackward ? "backward" : "forward";
    const last = spans.at(-1);
    const isNear = last !== undefined && node.startMs - (last.startMs + last.durationMs) < nearMs;
    if (isNear && last.name === module && last.pass === pass)
      last.durationMs = node.startMs + node.durationMs - last.startMs;
    else spans.push({ name: module, pass, startMs: node.startMs, durationMs: node.durationMs });
  }
  return spans;
}

/** A longer gap lies between two runs. */
const nearMs = 1;

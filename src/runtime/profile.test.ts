import { describe, expect, it } from "vitest";
import { nodeSpans } from "./engine-record.ts";
import { profileOf } from "./profile.ts";
import type { Recording } from "./profiler.ts";
import { traceFile } from "./trace-events.ts";

/** What the engine writes: two runs of a product of [2, 3] and [3, 4], forward and backward, and of its sum. */
const node = (name: string, op: string, ts: number, dur: number, shapes: number[][], output: number[]): object => ({
  ...{ cat: "Node", name: `${name}_kernel_time`, ts, dur },
  args: { op_name: op, input_type_shape: shapes.map((float) => ({ float })), output_type_shape: [{ float: output }] },
});
const productShapes = [
  [2, 3],
  [3, 4],
];
const run = (ts: number): object[] => [
  { cat: "Session", name: "model_run", ts, dur: 900, args: {} },
  node("layers.1.output/Gemm_2", "Gemm", ts + 300, 200, productShapes, [2, 4]),
  node("layers.0.output/Gemm_1", "Gemm", ts + 100, 200, productShapes, [2, 4]),
  node("/ReduceSum_3", "ReduceSum", ts + 500, 50, [[2, 4]], []),
  node("backward/layers.1.output/Gemm_4", "Gemm", ts + 550, 100, productShapes, [2, 4]),
  node("backward/layers.0.output/Gemm_5", "Gemm", ts + 650, 200, productShapes, [2, 4]),
];
const record = JSON.stringify([{ cat: "Session", name: "model_loading", ts: 0, dur: 5 }, ...run(1000), ...run(3000)]);
/** The first run waited 0.3 ms for its turn. */
const runStartsMs = [49.7, 52];
const recording: Recording = {
  unit: "step",
  units: 2,
  periods: [
    { name: "step", startMs: 49, durationMs: 2 },
    { name: "step", startMs: 51, durationMs: 2 },
  ],
  spans: [50, 52].flatMap((startMs) => [
    { name: "run", startMs, durationMs: 0.9 },
    // One within the other.
    { name: "optimizer", startMs: startMs - 0.8, durationMs: 0.5 },
    { name: "gradient norm", startMs: startMs - 0.7, durationMs: 0.2 },
  ]),
  nodes: nodeSpans(record, runStartsMs),
};

describe("nodeSpans", () => {
  it("puts the engine's nodes on the program's clock", () => {
    const gemm = recording.nodes.find(({ name }) => name === "layers.0.output/Gemm_1");
    expect(gemm).toEqual({
      ...{ name: "layers.0.output/Gemm_1", operator: "Gemm", scope: "layers.0.output" },
      ...{ startMs: 50.1, durationMs: 0.2, inputShapes: productShapes, outputShapes: [[2, 4]] },
    });
    expect(recording.nodes).toHaveLength(10);
  });
});

describe("profileOf", () => {
  const profile = profileOf(recording);

  it("splits a step into its parts, each without what lies within it", () => {
    expect(profile.wholeMs).toBe(2);
    const parts = Object.fromEntries(profile.parts.map(({ name, ms }) => [name, Math.round(ms * 1e6) / 1e6]));
    expect(parts).toEqual({
      "graph, forward": 0.45,
      "graph, backward": 0.3,
      "graph, around its nodes": 0.15,
      optimizer: 0.3,
      "gradient norm": 0.2,
      "the rest": 0.6,
    });
  });

  it("leaves a graph whole whose engine records no nodes", () => {
    const { parts, layers, operators } = profileOf({ ...recording, nodes: [] });
    expect(parts.find(({ name }) => name === "graph")?.ms).toBeCloseTo(0.9, 9);
    expect([...layers, ...operators]).toEqual([]);
  });

  it("sums modules up, forward and backward, in the order of the forward pass", () => {
    const rounded = profile.layers.map(({ name, forwardMs, backwardMs }) => [
      name,
      Number(forwardMs.toFixed(6)),
      Number(backwardMs.toFixed(6)),
    ]);
    expect(rounded).toEqual([
      ["layers.0", 0.2, 0.2],
      ["layers.1", 0.2, 0.1],
      ["outside the modules", 0.05, 0],
    ]);
    expect(profile.modules.map(({ name }) => name)).toEqual(["layers.*.output", "outside the modules"]);
  });

  it("knows how fast matrix products were", () => {
    const [gemm, sum] = profile.operators;
    expect(gemm).toMatchObject({ name: "Gemm", calls: 4 });
    // 8 products of 2·2·3·4 operations in 1.4 ms.
    expect(gemm?.gigaflops).toBeCloseTo((8 * 48) / 1.4 / 1e6, 9);
    expect(sum).toMatchObject({ name: "ReduceSum", calls: 1, gigaflops: undefined });
  });
});

describe("traceFile", () => {
  const { traceEvents } = traceFile(recording);

  it("has a named row for the program and one for the graph, in microseconds from the first span on", () => {
    expect(traceEvents.filter(({ ph }) => ph === "M").map(({ args }) => args?.name)).toEqual([
      "cloze",
      "program",
      "graph",
    ]);
    const gemm = traceEvents.find(({ args }) => args?.node === "backward/layers.0.output/Gemm_5");
    expect(gemm).toMatchObject({ name: "Gemm", cat: "backward", ph: "X", tid: 2, ts: 1650, dur: 200 });
    expect(gemm?.args).toMatchObject({ module: "layers.0.output", inputs: productShapes, outputs: [[2, 4]] });
  });

  it("puts nodes below the module that they belong to", () => {
    const modules = traceEvents.filter(({ name }) => name === "layers.0.output");
    expect(modules.map(({ ts, dur, cat }) => [ts, dur, cat])).toEqual([
      [1100, 200, "forward"],
      [1650, 200, "backward"],
      [3100, 200, "forward"],
      [3650, 200, "backward"],
    ]);
  });
});

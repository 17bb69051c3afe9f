/** Bytes and scales of a matrix, worked out by hand, and what the runtime makes of them. */
import { describe, expect, it } from "vitest";
import { createEngine } from "#runtime";
import { encodeModel, type OnnxGraph, type OnnxInitializer, standardOperatorSets } from "../onnx/index.ts";
import { Random } from "../random.ts";
import { Executable } from "../runtime/executable.ts";
import { quantizeDynamically } from "./quantize.ts";

const size = 16;

function matrix(name: string, values: Float32Array): OnnxInitializer {
  const { buffer, byteOffset, byteLength } = values;
  return { name, type: "float32", dims: [size, size], bytes: new Uint8Array(buffer, byteOffset, byteLength) };
}

function floats(tensor: OnnxInitializer | undefined): number[] {
  const { buffer, byteOffset, byteLength } = (tensor as OnnxInitializer).bytes as Uint8Array;
  return [...new Float32Array(buffer, byteOffset, byteLength / 4)];
}

function randomValues(seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length: size * size }, () => random.normal());
}

/** y = x · weightᵀ or x · weight; rows of `weight` when `isTable`. */
function graphOf(weight: OnnxInitializer, transB: 0 | 1, isTable = false): OnnxGraph {
  return {
    name: "test",
    nodes: [
      { type: "Gemm", inputs: ["x", weight.name], outputs: ["y"], attributes: { transB } },
      ...(isTable
        ? [{ type: "Gather", inputs: [weight.name, "ids"], outputs: ["rows"], attributes: { axis: 0 } }]
        : []),
    ],
    inputs: [
      { name: "x", type: "float32", dims: ["N", size] },
      ...(isTable ? [{ name: "ids", type: "int64" as const, dims: ["N"] }] : []),
    ],
    outputs: [
      { name: "y", type: "float32", dims: ["N", size] },
      ...(isTable ? [{ name: "rows", type: "float32" as const, dims: ["N", size] }] : []),
    ],
    initializers: [weight],
  };
}

const named = (graph: OnnxGraph, name: string) => graph.initializers.find((tensor) => tensor.name === name);

describe("quantizeDynamically", () => {
  it("gives each output feature the scale of its largest weight", () => {
    const values = new Float32Array(size * size);
    values.set([0, 1.27, -0.635, 0.014], 0);
    values.set([-254], size);
    const graph = quantizeDynamically(graphOf(matrix("w", values), 1));
    const bytes = named(graph, "w_turned_bytes")?.bytes as Uint8Array;
    // [in, out]: the first column holds the first row, 128 + w / 0.01, halves up.
    expect([0, 1, 2, 3].map((row) => bytes[row * size])).toEqual([128, 255, 65, 129]);
    expect(bytes[1]).toBe(1);
    const scales = floats(named(graph, "w_turned_scales"));
    expect(scales[0]).toBeCloseTo(0.01, 8);
    expect(scales.slice(1, 3)).toEqual([2, 1]);
    expect(named(graph, "w")).toBeUndefined();
    expect(graph.nodes.map(({ type }) => type)).toEqual([
      "DynamicQuantizeLinear",
      "Mul",
      "MatMulInteger",
      "Cast",
      "Mul",
    ]);
  });

  it.each([0, 1] as const)("keeps products within the steps of both operands, transB %d", async (transB) => {
    const values = randomValues(3);
    const graph = quantizeDynamically(graphOf(matrix("w", values), transB));
    const executable = await Executable.open(await createEngine(), encodeModel(graph, standardOperatorSets), {
      inputs: [{ name: "x", type: "float32", shape: [4, size] }],
      outputs: [{ name: "y", type: "float32", shape: [4, size] }],
    });
    const x = randomValues(4).slice(0, 4 * size);
    const { y } = await executable.run({ x: { type: "float32", dims: [4, size], data: x } });
    await executable.release();
    let worst = 0;
    for (let row = 0; row < 4; row++) {
      for (let column = 0; column < size; column++) {
        let sum = 0;
        for (let k = 0; k < size; k++) {
          const weight = values[transB === 1 ? column * size + k : k * size + column] as number;
          sum += (x[row * size + k] as number) * weight;
        }
        worst = Math.max(worst, Math.abs(sum - Number(y?.data[row * size + column])));
      }
    }
    expect(worst).toBeGreaterThan(0);
    // Steps of about 5/255 and 2.5/127, half of one wrong on average, 16 of them at random.
    expect(worst).toBeLessThan(0.15);
  });

  it("stores a table that is a vocabulary head as well once", () => {
    const graph = quantizeDynamically(graphOf(matrix("words", randomValues(5)), 1, true));
    const large = graph.initializers.filter(({ dims }) => dims.length === 2 && dims[1] === size);
    expect(large.map(({ name }) => name)).toEqual(["words_bytes"]);
    expect(graph.nodes.some(({ type }) => type === "Transpose")).toBe(true);
  });

  it("leaves small matrices as they are", () => {
    const small: OnnxInitializer = { name: "w", type: "float32", dims: [2, size], bytes: new Uint8Array(8 * size) };
    const graph = graphOf(small, 1);
    expect(quantizeDynamically(graph)).toEqual(graph);
  });
});

import { describe, expect, it } from "vitest";
import { ShapeError } from "../errors.ts";
import { encodeModel, standardOperatorSets } from "../onnx/index.ts";
import { createCpuEngine } from "../runtime/c-api.ts";
import type { Buffers } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { gradientsOf } from "./differentiate.ts";
import { lower, lowerToOnnx } from "./lower.ts";
import { add, concat, exp, gelu, linear, matmul, mul, neg, range, reshape, sub, sum, transpose } from "./ops.ts";
import { addDimensions, multiplyDimensions, namedDimension, shapeOf } from "./shapes.ts";
import { constant, input, Parameter, type SymbolicTensor } from "./symbolic-tensor.ts";

const engine = createCpuEngine();
const B = namedDimension("B");
const T = namedDimension("T");

function parameter(name: string, shape: readonly number[]): Parameter {
  const made = new Parameter(shape, () => {});
  made.name = name;
  return made;
}

function floats(dims: readonly number[], start = 0): Buffers[string] {
  const size = dims.reduce((product, dim) => product * dim, 1);
  return { type: "float32", dims, data: Float32Array.from({ length: size }, (_, index) => start + index) };
}

async function run(outputs: Record<string, SymbolicTensor>, inputs: Buffers, weights: Record<string, number[]> = {}) {
  const executable = await Executable.compile(engine, outputs, {
    parameters: ({ name, size }) => Float32Array.from(weights[name] ?? new Array<number>(size).fill(1)),
  });
  try {
    return await executable.run(inputs);
  } finally {
    await executable.release();
  }
}

describe("one lowered graph", () => {
  it("serves all sizes of its named dimensions, computed ones included", async () => {
    const x = input("x", "float32", shapeOf("B", "T", 2));
    const past = input("past", "float32", shapeOf("B", "P", 2));
    const weight = parameter("weight", [3, 2]);
    const bias = parameter("bias", [3]);
    const all = concat(past, x, { axis: 1 });
    const projected = linear(all, weight, bias, { transposeWeight: true });
    const rows = reshape(all, { shape: [multiplyDimensions(B, addDimensions(namedDimension("P"), T)), 2] });
    const positions = range({ start: namedDimension("P"), length: T });
    const [dx] = gradientsOf(sum(mul(projected, projected)), [x]);
    const outputs = { projected, rows, positions, dx: dx as SymbolicTensor };
    const executable = await Executable.compile(engine, outputs, {
      parameters: ({ size }) => new Float32Array(size).fill(1),
    });
    for (const [b, t, p] of [
      [1, 1, 1],
      [2, 3, 4],
      [5, 1, 0],
      [0, 2, 1],
      [3, 7, 2],
    ] as const) {
      const feeds = { x: floats([b, t, 2]), past: floats([b, p, 2], 100) };
      const results = await executable.run(feeds);
      expect(results.projected?.dims).toEqual([b, p + t, 3]);
      expect(results.rows?.dims).toEqual([b * (p + t), 2]);
      expect(Array.from(results.positions?.data ?? [], Number)).toEqual(Array.from({ length: t }, (_, i) => p + i));
      expect(results.dx?.dims).toEqual([b, t, 2]);
      // Each of the three results is x0 + x1 + 1, so the gradient is 6 · that.
      const { data } = feeds.x;
      const expected = [...data.keys()].map((i) => 6 * (Number(data[i & ~1]) + Number(data[i | 1]) + 1));
      expect(Array.from(results.dx?.data ?? [], Number)).toEqual(expected);
    }
    await executable.release();
  });

  it("gives outputs that are inputs, weights or constants", async () => {
    const x = input("x", "float32", shapeOf("B"));
    const weight = parameter("weight", [2]);
    const outputs = {
      copyOfX: x,
      copyOfWeight: weight.symbol,
      whole: constant("int64", [2], [7, -8]),
      truths: constant("bool", [2], [1, 0]),
      bytes: constant("uint8", [1], [255]),
      integers: constant("int32", [], [-5]),
      unchanged: reshape(x, { shape: [B] }),
    };
    const results = await run(outputs, { x: floats([3]) }, { weight: [5, 6] });
    const plain = Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Array.from(data, Number)]),
    );
    expect(plain).toEqual({
      copyOfX: [0, 1, 2],
      copyOfWeight: [5, 6],
      whole: [7, -8],
      truths: [1, 0],
      bytes: [255],
      integers: [-5],
      unchanged: [0, 1, 2],
    });
  });

  it("gives one value under several names, also where the graph goes on from it", async () => {
    const x = input("x", "float32", [2]);
    const y = exp(x);
    const results = await run({ first: y, second: y, after: neg(y) }, { x: floats([2]) });
    expect(results.second?.data).toEqual(results.first?.data);
    const negated = Array.from(results.first?.data ?? [], Number).map((value) => -value);
    expect(Array.from(results.after?.data ?? [], Number)).toEqual(negated);
  });

  it("tells inputs that were made twice apart by their names alone", async () => {
    const [x, again] = [input("x", "float32", shapeOf("B")), input("x", "float32", shapeOf("B"))];
    const { inputs } = lower({ y: add(x, again) });
    expect(inputs.map(({ name }) => name)).toEqual(["x"]);
    const results = await run({ y: add(x, again) }, { x: floats([2], 1) });
    expect(results.y?.data).toEqual(Float32Array.of(2, 4));
  });

  it("is not confused by names like those that it makes itself", async () => {
    const names = ["Add_1", "Add_2", "constant_1", "Exp_2", "Shape_1"];
    const outputs = Object.fromEntries(names.map((name) => [name, add(exp(input(`${name}.x`, "float32", [1])), 0.5)]));
    const inputs = Object.fromEntries(names.map((name) => [`${name}.x`, floats([1])]));
    const results = await run(
      { ...outputs, last: neg(input("Neg_1", "float32", [1])) },
      { ...inputs, Neg_1: floats([1], 3) },
    );
    expect(names.map((name) => results[name]?.data[0])).toEqual(names.map(() => 1.5));
    expect(results.last?.data[0]).toBe(-3);
  });

  it("runs nodes of any number without deep recursion", async () => {
    let y: SymbolicTensor = input("x", "float32", [1]);
    for (let count = 0; count < 5000; count += 1) y = add(y, 1);
    expect(lower({ y }).model.length).toBeGreaterThan(5000);
  });

  it("keeps the leaves at its end, in reverse", () => {
    const x = input("x", "float32", [2, 2]);
    const { model } = lower({ a: exp(x), b: neg(exp(x)), c: transpose(x, { permutation: [1, 0] }) });
    const text = new TextDecoder("latin1").decode(model);
    const places = ["Transpose", "Neg", "Exp"].map((type) => text.lastIndexOf(type));
    expect(places).toEqual([...places].sort((left, right) => left - right));
  });
});

describe("lowering refuses", () => {
  const x = input("x", "float32", [2]);
  const refusals: [string, () => unknown, RegExp][] = [
    [
      "two inputs of one name and different shapes",
      () => lower({ y: add(x, sum(input("x", "float32", [3]))) }),
      /^x is/,
    ],
    ["an input and a weight of one name", () => lower({ y: add(x, parameter("x", [2])) }), /^x is/],
    ["two weights of one name", () => lower({ y: add(parameter("w", [2]), parameter("w", [2])) }), /^w is/],
    ["a weight without a name", () => lower({ y: add(x, new Parameter([2], () => {})) }), /no name/],
    ["an output that goes by an input's name", () => lower({ x: exp(x) }), /^x is/],
    ["an input under its own name", () => lower({ x }), /^x is/],
    ["a dimension that no input has", () => lower({ y: range({ start: 0, length: T }) }), /no input .* dimension T/],
  ];
  it.each(refusals)("%s", (_, build, message) => {
    expect(build).toThrow(ShapeError);
    expect(build).toThrow(message);
  });
});

describe("standard operators", () => {
  it("give what the runtime's own give", async () => {
    const [x, y] = [input("x", "float32", shapeOf("B", 2, 3)), input("y", "float32", shapeOf("B", 2, 3))];
    const outputs = {
      scaled: matmul(x, y, { transposeRight: true, alpha: 0.5 }),
      turned: matmul(x, y, { transposeLeft: true }),
      exact: gelu(sub(x, y), { approximate: "none" }),
      approximate: gelu(sub(x, y), { approximate: "tanh" }),
    };
    const { graph, inputs } = lowerToOnnx(outputs, { standard: true });
    expect(graph.nodes.filter(({ domain }) => domain !== undefined)).toEqual([]);
    const ports = {
      inputs,
      outputs: Object.entries(outputs).map(([name, { type, shape }]) => ({ name, type, shape })),
    };
    const standard = await Executable.open(engine, encodeModel(graph, standardOperatorSets), ports);
    const feeds = { x: floats([2, 2, 3], -3), y: floats([2, 2, 3], -4.5) };
    const [ours, theirs] = [await run(outputs, feeds), await standard.run(feeds)];
    await standard.release();
    for (const [name, { data }] of Object.entries(ours)) {
      for (const [index, value] of data.entries())
        expect(theirs[name]?.data[index], name).toBeCloseTo(Number(value), 5);
    }
  });
});

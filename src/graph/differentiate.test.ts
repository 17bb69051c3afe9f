import { describe, expect, it } from "vitest";
import { ShapeError } from "../errors.ts";
import { createCpuEngine } from "../runtime/c-api.ts";
import { Executable } from "../runtime/executable.ts";
import { gradientsOf, nodesOf } from "./differentiate.ts";
import { add, cast, crossEntropy, exp, layerNorm, mul, neg, relu, split, sum } from "./ops.ts";
import { shapeOf } from "./shapes.ts";
import { input, Parameter, type SymbolicTensor } from "./symbolic-tensor.ts";
import { withScope } from "./trace.ts";

const engine = createCpuEngine();
const x = input("x", "float32", shapeOf("N"));
const y = input("y", "float32", shapeOf("N"));

async function evaluate(tensor: SymbolicTensor | undefined, values: Record<string, number[]>): Promise<number[]> {
  if (tensor === undefined) throw new Error("there is no gradient");
  const executable = await Executable.compile(engine, { tensor }, { parameters: () => new Float32Array() });
  const feeds = Object.entries(values).map(([name, data]) => [
    name,
    { type: "float32" as const, dims: [data.length], data: Float32Array.from(data) },
  ]);
  const results = await executable.run(Object.fromEntries(feeds));
  await executable.release();
  return Array.from(results.tensor?.data ?? [], Number);
}

describe("gradientsOf", () => {
  it("adds up all uses of a tensor", async () => {
    // x² + 3x + x·y
    const loss = sum(add(add(mul(x, x), mul(x, 3)), mul(x, y)));
    const [dx, dy] = gradientsOf(loss, [x, y]);
    expect(await evaluate(dx, { x: [1, 2], y: [10, 20] })).toEqual([15, 27]);
    expect(await evaluate(dy, { x: [1, 2], y: [10, 20] })).toEqual([1, 2]);
  });

  it("is undefined where the loss does not depend on the target", () => {
    const unused = new Parameter([3], () => {});
    expect(gradientsOf(sum(mul(x, x)), [y, unused])).toEqual([undefined, undefined]);
    expect(gradientsOf(sum(cast(cast(x, { to: "int64" }), { to: "float32" })), [x])).toEqual([undefined]);
  });

  it("stops at values between, which can be targets too", async () => {
    const between = mul(x, 2);
    const [atBetween, atX] = gradientsOf(sum(mul(between, between)), [between, x]);
    expect(await evaluate(atBetween, { x: [3] })).toEqual([12]);
    expect(await evaluate(atX, { x: [3] })).toEqual([24]);
  });

  it("of the loss itself is 1", async () => {
    const loss = sum(x);
    const [own] = gradientsOf(loss, [loss]);
    expect(own?.shape).toEqual([]);
    expect(await evaluate(own, {})).toEqual([1]);
  });

  it("can be differentiated again", async () => {
    const cube = sum(mul(mul(x, x), x));
    const [first] = gradientsOf(cube, [x]);
    const [second] = gradientsOf(sum(first as SymbolicTensor), [x]);
    expect(await evaluate(second, { x: [1, -2] })).toEqual([6, -12]);
  });

  it("asks for nothing that no target needs", () => {
    const [dy] = gradientsOf(sum(mul(exp(x), y)), [y]);
    // The gradient of y is exp(x) spread over the sum: no node differentiates exp.
    const operators = nodesOf([dy as SymbolicTensor]).map((node) => node.operator);
    expect(operators.filter((operator) => operator === "exp")).toHaveLength(1);
    expect(operators.filter((operator) => operator === "mul")).toHaveLength(1);
  });

  it("takes a part of which others are unused", async () => {
    const z = input("x", "float32", [4]);
    const [, second] = split(z, { axis: 0, sizes: [1, 3] });
    const [dz] = gradientsOf(sum(mul(second as SymbolicTensor, 2)), [z]);
    expect(await evaluate(dz, { x: [1, 2, 3, 4] })).toEqual([0, 2, 2, 2]);
  });

  it("names the nodes of the backward pass by the module of the forward pass", () => {
    const hidden = withScope("encoder.layer.0", () => relu(x));
    const [dx] = gradientsOf(sum(neg(hidden)), [x]);
    const scopes = nodesOf([dx as SymbolicTensor]).map(({ operator, scope }) => `${scope}/${operator}`);
    expect(scopes).toContain("backward/encoder.layer.0/less");
  });

  it("refuses a loss that is not a scalar", () => {
    expect(() => gradientsOf(x, [x])).toThrow(ShapeError);
    expect(() => gradientsOf(sum(x, { keepDims: true }), [x])).toThrow(/a loss is a scalar/);
  });

  it("refuses what it cannot differentiate rather than be silently wrong", () => {
    const logits = input("logits", "float32", shapeOf("N", 3));
    const labels = input("labels", "int64", shapeOf("N"));
    const [loss, logProbabilities] = crossEntropy(logits, labels, { ignoreIndex: -100 });
    expect(() => gradientsOf(sum(logProbabilities as SymbolicTensor), [logits])).toThrow(/only the loss/);
    const [first] = gradientsOf(loss as SymbolicTensor, [logits]);
    expect(() => gradientsOf(sum(first as SymbolicTensor), [logits])).toThrow(ShapeError);
    const gain = new Parameter([3], () => {});
    const [, mean] = layerNorm(logits, gain, gain, { epsilon: 1e-5 });
    expect(() => gradientsOf(sum(mean as SymbolicTensor), [logits])).toThrow(/only the normalized result/);
  });
});

import { describe, expect, it } from "vitest";
import { createCpuEngine } from "../runtime/c-api.ts";
import type { Engine } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { createWebEngine } from "../runtime/web-engine.ts";
import { layerOf } from "./checkpointing.ts";
import { gradientsOf, nodesOf } from "./differentiate.ts";
import { exp, matmul, mul, sum, tanh } from "./ops.ts";
import { constant, input, type SymbolicTensor } from "./symbolic-tensor.ts";
import { withScope } from "./trace.ts";

const x = input("x", "float32", [2, 2]);

/** Three layers tanh(exp(h·w)/8), and something after them. */
function gradient(checkpointed: boolean): { dx: SymbolicTensor; loss: SymbolicTensor } {
  let hidden: SymbolicTensor = x;
  for (let layer = 0; layer < 3; layer++) {
    hidden = withScope(`model.layers.${layer}.part`, () => {
      const weight = constant("float32", [2, 2], [0.5, layer, -1, 0.25]);
      return tanh(mul(exp(matmul(hidden, weight)), 1 / 8));
    });
  }
  const loss = withScope("model.head", () => sum(mul(hidden, exp(hidden))));
  const [dx] = gradientsOf(loss, [x], { checkpointed: checkpointed ? layerOf : undefined });
  return { dx: dx as SymbolicTensor, loss };
}

const operatorsOf = (tensor: SymbolicTensor, name: string) =>
  nodesOf([tensor]).filter(({ operator }) => operator === name);

async function evaluate(engine: Engine, tensor: SymbolicTensor, keepsRepetitions: boolean): Promise<number[]> {
  const fixed = { parameters: () => new Float32Array() };
  const executable = await Executable.compile(engine, { tensor }, fixed, { keepsRepetitions });
  const data = Float32Array.of(0.1, -0.2, 0.3, 0.4);
  const { tensor: result } = await executable.run({ x: { type: "float32", dims: [2, 2], data } });
  await executable.release();
  return Array.from(result?.data ?? [], Number);
}

describe("gradient checkpointing", () => {
  it("computes each layer again, the rest once", () => {
    const plain = operatorsOf(gradient(false).dx, "exp");
    const repeated = operatorsOf(gradient(true).dx, "exp");
    const within = (nodes: typeof plain, scope: string) => nodes.filter((node) => node.scope.startsWith(scope)).length;
    expect(within(plain, "model.layers")).toBe(3);
    expect(within(repeated, "model.layers")).toBe(6);
    expect(within(repeated, "model.head")).toBe(within(plain, "model.head"));
  });

  it("computes a layer after the gradients of those behind it", () => {
    const { dx, loss } = gradient(true);
    const nodes = nodesOf([dx, loss]);
    const copies = nodes
      .filter(({ operator, scope }) => operator === "exp" && scope.startsWith("model.layers"))
      .slice(3);
    expect(copies.map(({ scope }) => scope)).toEqual([2, 1, 0].map((layer) => `model.layers.${layer}.part`));
    const lastProduct = (layer: number): number =>
      Math.max(
        ...nodes.filter((n) => n.operator === "matmul" && n.scope.includes(`${layer}.part`)).map((n) => n.sequence),
      );
    expect(copies[1]?.sequence).toBeGreaterThan(lastProduct(2));
    expect(copies[2]?.sequence).toBeGreaterThan(lastProduct(1));
  });

  it.each([
    ["cpu", async () => createCpuEngine()],
    ["wasm", createWebEngine],
  ] as const)("gives the same gradients, bit for bit (%s)", async (_, open) => {
    const engine = await open();
    const plain = await evaluate(engine, gradient(false).dx, false);
    expect(await evaluate(engine, gradient(true).dx, true)).toEqual(plain);
    expect(plain.every((value) => value !== 0)).toBe(true);
  });
});

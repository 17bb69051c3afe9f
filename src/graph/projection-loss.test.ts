import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { createCpuEngine } from "../runtime/c-api.ts";
import type { Buffer } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { gradientsOf, nodesOf } from "./differentiate.ts";
import { crossEntropy, linear, matmul, mul, reshape } from "./ops.ts";
import { multiplyDimensions, namedDimension, shapeOf } from "./shapes.ts";
import { input, type SymbolicTensor } from "./symbolic-tensor.ts";

const [classes, width] = [1100, 3];
const x = input("x", "float32", shapeOf("B", "T", width));
const weight = input("weight", "float32", [classes, width]);
const bias = input("bias", "float32", [classes]);
const labels = input("labels", "int64", shapeOf("B", "T"));
const rows = multiplyDimensions(namedDimension("B"), namedDimension("T"));

const projections: Record<string, () => SymbolicTensor> = {
  linear: () => linear(x, weight, bias, { transposeWeight: true }),
  matmul: () => matmul(x, weight, { transposeRight: true }),
};

/** The gradients of x, the weight and the bias; `between` stands between projection and loss. */
function gradients(project: () => SymbolicTensor, between: (logits: SymbolicTensor) => SymbolicTensor) {
  const logits = reshape(between(project()), { shape: [rows, classes] });
  const [loss] = crossEntropy(logits, reshape(labels, { shape: [rows] }), { ignoreIndex: -100 });
  const wanted = gradientsOf(mul(loss as SymbolicTensor, 3), [x, weight, bias]);
  return Object.fromEntries(wanted.flatMap((gradient, index) => (gradient ? [[`gradient${index}`, gradient]] : [])));
}

function feeds(): Record<string, Buffer> {
  const random = new Random(3);
  const floats = (...dims: number[]): Buffer => {
    const data = new Float32Array(dims.reduce((product, dim) => product * dim, 1));
    random.fillNormal(data, 0, 1);
    return { type: "float32", dims, data };
  };
  const data = BigInt64Array.of(7n, -100n, 1099n, 7n, 0n, -100n);
  return {
    x: floats(2, 3, width),
    weight: floats(classes, width),
    bias: floats(classes),
    labels: { type: "int64", dims: [2, 3], data },
  };
}

async function evaluate(outputs: Record<string, SymbolicTensor>): Promise<Record<string, Buffer>> {
  const executable = await Executable.compile(createCpuEngine(), outputs, { parameters: () => new Float32Array() });
  const results = await executable.run(feeds());
  await executable.release();
  return results;
}

describe("a projection that goes straight into a cross-entropy", () => {
  it.each(Object.entries(projections))("%s has the gradients of one that does not", async (_, project) => {
    const straight = await evaluate(gradients(project, (logits) => logits));
    const indirect = await evaluate(gradients(project, (logits) => mul(logits, 1)));
    expect(Object.keys(straight)).toEqual(Object.keys(indirect));
    for (const [name, { dims, data }] of Object.entries(indirect)) {
      const found = straight[name] as Buffer;
      expect(found.dims).toEqual(dims);
      for (const [index, value] of Array.from(data, Number).entries()) {
        expect(Math.abs(Number(found.data[index]) - value), `${name}[${index}]`).toBeLessThan(4e-6);
      }
    }
  });

  it("makes no difference as large as the logits", () => {
    const operators = (between: (logits: SymbolicTensor) => SymbolicTensor): string[] =>
      nodesOf(Object.values(gradients(projections.linear as () => SymbolicTensor, between))).map((n) => n.operator);
    expect(operators((logits) => logits)).not.toContain("crossEntropyGradient");
    expect(operators((logits) => mul(logits, 1))).toContain("crossEntropyGradient");
  });
});

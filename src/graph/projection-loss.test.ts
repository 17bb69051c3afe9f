import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { createCpuEngine } from "../runtime/c-api.ts";
import type { Buffer } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { gradientsOf, nodesOf } from "./differentiate.ts";
import { crossEntropy, linear, matmul, mul, reshape } from "./ops.ts";
import { lossInParts } from "./projection-loss.ts";
import { multiplyDimensions, namedDimension, shapeOf } from "./shapes.ts";
import { input, Parameter, type SymbolicTensor } from "./symbolic-tensor.ts";
import { trace } from "./trace.ts";

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

describe("a loss whose logits would be many", () => {
  const random = new Random(5);
  const [manyClasses, examples, length] = [9000, 10, 101];
  /** As many tokens a row as the graph is made for, so that there are parts; few are run. */
  const planned = 4 * length;
  const parameters = [new Parameter([manyClasses, width], () => {}), new Parameter([manyClasses], () => {})];
  const normals = (size: number): Float32Array => {
    const values = new Float32Array(size);
    random.fillNormal(values);
    return values;
  };
  const values = parameters.map(({ size }) => normals(size));
  const hidden = normals(examples * length * width);
  const [table, offsets] = parameters as [Parameter, Parameter];
  table.name = "table";
  offsets.name = "offsets";

  /** Traced with rows of so many tokens in mind. */
  function lossOf(project: () => SymbolicTensor, tokens: number | undefined) {
    const largest = tokens === undefined ? undefined : new Map([...Object.entries({ B: examples, T: tokens })]);
    return trace({ largest }, () => {
      const logits = project();
      const ordinary = (): SymbolicTensor => {
        const flat = reshape(logits, { shape: [rows, manyClasses] });
        return crossEntropy(flat, reshape(labels, { shape: [rows] }), { ignoreIndex: -100 })[0] as SymbolicTensor;
      };
      const parted = lossInParts(logits, labels, { ignoreIndex: -100 });
      const loss = mul(parted ?? ordinary(), 3);
      const gradients = gradientsOf(loss, [x, table, offsets]);
      const found = gradients.flatMap((gradient, index) => (gradient ? [[`gradient${index}`, gradient] as const] : []));
      return { isParted: parted !== undefined, outputs: { loss, ...Object.fromEntries(found) } };
    }).result;
  }

  async function run(outputs: Record<string, SymbolicTensor>): Promise<Record<string, Buffer>> {
    const valuesOf = (parameter: Parameter): Float32Array => values[parameters.indexOf(parameter)] as Float32Array;
    const executable = await Executable.compile(createCpuEngine(), outputs, { parameters: valuesOf });
    const count = examples * length;
    const ids = BigInt64Array.from({ length: count }, (_, i) =>
      i % 7 === 0 ? -100n : BigInt((i * 7919) % manyClasses),
    );
    const results = await executable.run({
      x: { type: "float32", dims: [examples, length, width], data: hidden },
      labels: { type: "int64", dims: [examples, length], data: ids },
    });
    await executable.release();
    return results;
  }

  const projected: Record<string, () => SymbolicTensor> = {
    linear: () => linear(x, table, offsets, { transposeWeight: true }),
    matmul: () => matmul(x, table, { transposeRight: true }),
  };

  it.each(Object.entries(projected))("is made in parts: %s, with the same value and gradients", async (_, project) => {
    const [whole, parted] = [lossOf(project, undefined), lossOf(project, planned)];
    expect([whole.isParted, parted.isParted, lossOf(project, 5).isParted]).toEqual([false, true, false]);
    const [expected, found] = [await run(whole.outputs), await run(parted.outputs)];
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    for (const [name, { data, dims }] of Object.entries(expected)) {
      expect(found[name]?.dims).toEqual(dims);
      const numbers = Array.from(data, Number);
      const most = numbers.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      for (const [index, value] of numbers.entries()) {
        const off = Math.abs(value - Number(found[name]?.data[index]));
        if (off > 4e-6 * most) throw new Error(`${name}[${index}] is off by ${off} of ${most}`);
      }
    }
  });

  it("is made whole where the projection is not trained", () => {
    table.trainable = false;
    expect(lossOf(projected.matmul as () => SymbolicTensor, planned).isParted).toBe(false);
    table.trainable = true;
  });
});

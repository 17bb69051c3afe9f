import { describe, expect, it } from "vitest";
import { ShapeError } from "../errors.ts";
import { add, concat, conv1d, linear, logicalAnd, lstmCell, matmul, operators, reshape, where } from "./ops.ts";
import { namedDimension, shapeOf } from "./shapes.ts";
import { input, Parameter } from "./symbolic-tensor.ts";
import { addDropoutSite, currentScope, isTraining, trace, withScope } from "./trace.ts";

const x = input("x", "float32", shapeOf("B", "T", 4));
const weight = new Parameter([3, 5], () => {});
const filters = new Parameter([3, 2, 5], () => {});
const bias = new Parameter([3], () => {});

function errorOf(build: () => unknown): ShapeError {
  try {
    build();
  } catch (error) {
    if (error instanceof ShapeError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("an operator that refuses its operands", () => {
  it("says which operator, in which module, with which operands", () => {
    const error = errorOf(() => withScope("bert.encoder.layer.0", () => matmul(x, weight)));
    expect(error.message).toBe(
      "bert.encoder.layer.0: matmul(float32[B, T, 4], float32[3, 5]): inner dimensions 4 and 3 differ",
    );
    expect(error.field).toBe("bert.encoder.layer.0");
    expect(error.expected).toBe("4");
    expect(error.received).toBe("3");
  });

  it("says which operator outside any module", () => {
    const error = errorOf(() => add(x, input("y", "float32", shapeOf("T", "B", 4))));
    expect(error.message).toMatch(/^add\(float32\[B, T, 4\], float32\[T, B, 4\]\): shapes .* do not broadcast$/);
    expect(error.field).toBe("add");
  });

  it.each([
    ["types that differ", () => add(x, input("n", "int64", shapeOf("B", "T", 4)))],
    ["numbers where it takes truths", () => logicalAnd(x, x)],
    ["truths where it takes numbers", () => add(input("m", "bool", [2]), input("n", "bool", [2]))],
    ["a reshape to another size", () => reshape(x, { shape: [namedDimension("B"), 4] })],
    ["a bias of another length", () => linear(x, new Parameter([3, 4], () => {}), weight, { transposeWeight: true })],
    ["a stride over a named length", () => conv1d(x, filters, bias, { stride: 2 })],
    ["a window longer than all positions", () => conv1d(input("w", "float32", [1, 2, 4]), filters, bias, {})],
    ["filters of other channels", () => conv1d(input("w", "float32", [1, 3, 9]), filters, bias, {})],
    ["filters that do not make groups", () => conv1d(input("w", "float32", [1, 4, 9]), filters, bias, { groups: 2 })],
    ["gates of another width", () => lstmCell(input("g", "float32", [2, 8]), input("c", "float32", [2, 3]))],
    ["parts that do not continue each other", () => concat(x, input("z", "float32", [1, 1, 4]), { axis: 2 })],
  ])("%s", (_, build) => {
    expect(errorOf(build).kind).toBe("shape");
  });
});

describe("numbers among the operands", () => {
  it("take the type of the tensor beside them", () => {
    expect(add(input("n", "int64", [2]), 1).type).toBe("int64");
    expect(add(1, x).type).toBe("float32");
    expect(where(input("m", "bool", [2]), input("n", "int64", [2]), 0).type).toBe("int64");
    expect(where(input("m", "bool", [2]), 1, 0).type).toBe("float32");
  });
});

describe("the registry", () => {
  it.each(Object.entries(operators))("%s goes by its own name", (name, operator) => {
    expect(operator.operatorName).toBe(name);
  });
});

describe("a trace", () => {
  it("has a scope, which ends with its code, errors or not", () => {
    const seen: string[] = [];
    withScope("outer", () => {
      seen.push(currentScope());
      withScope("outer.inner", () => seen.push(currentScope()));
      expect(() =>
        withScope("outer.broken", () => {
          throw new Error("stop");
        }),
      ).toThrow("stop");
      seen.push(currentScope());
    });
    expect([...seen, currentScope()]).toEqual(["outer", "outer.inner", "outer", ""]);
  });

  it("knows whether dropout is on and where it is applied, apart from the trace around it", () => {
    const { result, trace: met } = trace({ training: true }, () => {
      trace({}, () => addDropoutSite([1], 0.5));
      return [isTraining(), addDropoutSite(x.shape, 0.1)] as const;
    });
    expect(isTraining()).toBe(false);
    expect(result[0]).toBe(true);
    expect(result[1].type).toBe("uint8");
    expect(met.dropoutSites).toEqual([{ name: "dropout.0", shape: x.shape, probability: 0.1 }]);
  });
});

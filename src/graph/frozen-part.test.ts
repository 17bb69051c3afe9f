/** What is cut off is what training does not change, and what is left gives the same gradients. */
import { describe, expect, it } from "vitest";
import { nodesOf } from "./differentiate.ts";
import { cutFrozenPart } from "./frozen-part.ts";
import { add, cast, linear, mul, sum, tanh } from "./ops.ts";
import { shapeOf } from "./shapes.ts";
import { input, Parameter } from "./symbolic-tensor.ts";
import { addDropoutSite, trace } from "./trace.ts";

const parameter = (shape: number[], trainable: boolean): Parameter =>
  Object.assign(new Parameter(shape, () => {}), { trainable });
const inputs = (outputs: Parameters<typeof cutFrozenPart>[0]): string[] =>
  [
    ...new Set(
      nodesOf(Object.values(outputs)).flatMap(({ inputs: own }) =>
        own.flatMap(({ source }) => (source.kind === "input" ? [source.name] : [])),
      ),
    ),
  ].sort();

describe("the frozen part of a graph", () => {
  const x = input("x", "float32", shapeOf("B", "T", 4));
  const mask = input("mask", "int64", shapeOf("B", "T"));
  const [frozenWeight, frozenBias] = [parameter([4, 4], false), parameter([4], false)];
  const encoded = tanh(linear(x, frozenWeight, frozenBias, { transposeWeight: false }));

  it("ends where what is trained begins, as late as there is a row for each example", () => {
    const pooled = sum(encoded, { axes: [1] });
    const outputs = {
      loss: sum(linear(pooled, parameter([4, 2], true), parameter([2], true), { transposeWeight: false }), {
        axes: [0, 1],
      }),
    };
    const { outputs: left, features } = cutFrozenPart(outputs);
    expect(Object.values(features)).toEqual([pooled]);
    expect(inputs(left)).toEqual(["frozen.0"]);
  });

  it("holds neither what depends on no parameter nor what is drawn anew", () => {
    const { result } = trace({ training: true }, () => {
      const dropped = mul(encoded, cast(addDropoutSite(encoded.shape, 0.5), { to: "float32" }));
      return { loss: sum(mul(dropped, sum(cast(mask, { to: "float32" }), { axes: [0, 1] })), { axes: [0, 1, 2] }) };
    });
    const { outputs: left, features } = cutFrozenPart(result);
    expect(Object.values(features)).toEqual([encoded]);
    expect(inputs(left)).toEqual(["dropout.0", "frozen.0", "mask"]);
  });

  it("goes back to the last tensor with a row for each example", () => {
    const total = sum(encoded, { axes: [0, 1] });
    const { outputs: left, features } = cutFrozenPart({ loss: sum(add(total, parameter([4], true)), { axes: [0] }) });
    expect(Object.values(features)).toEqual([encoded]);
    expect(inputs(left)).toEqual(["frozen.0"]);
  });
});

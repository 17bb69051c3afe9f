import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ShapeError } from "../errors.ts";
import {
  addDimensions,
  bareName,
  bindNames,
  broadcastShapes,
  checkDims,
  type Dimension,
  dimensionsEqual,
  evaluateDimension,
  evaluateShape,
  formatShape,
  multiplyDimensions,
  namedDimension,
  normalizeAxis,
  reducedAxes,
  shapeOf,
  shapesEqual,
  sizeOf,
} from "./shapes.ts";

const B = namedDimension("B");
const T = namedDimension("T");
const P = namedDimension("P");

describe("dimensions", () => {
  it("are polynomials in a normal form", () => {
    expect(String(addDimensions(P, T))).toBe("P + T");
    expect(dimensionsEqual(addDimensions(P, T), addDimensions(T, P))).toBe(true);
    expect(String(multiplyDimensions(B, T))).toBe("B·T");
    expect(dimensionsEqual(multiplyDimensions(B, T), multiplyDimensions(T, B))).toBe(true);
    expect(String(multiplyDimensions(addDimensions(B, 1), addDimensions(B, 1, -1)))).toBe("-1 + B·B");
    expect(addDimensions(addDimensions(B, T), B, -1)).toEqual(T);
  });

  it("become numbers when nothing symbolic is left", () => {
    expect(addDimensions(B, B, -1)).toBe(0);
    expect(addDimensions(addDimensions(B, 3), B, -1)).toBe(3);
    expect(multiplyDimensions(B, 0)).toBe(0);
    expect(sizeOf([])).toBe(1);
    expect(sizeOf([2, 3])).toBe(6);
    expect(sizeOf([B, 0])).toBe(0);
  });

  it("are not equal to numbers, whatever those are", () => {
    expect(dimensionsEqual(B, 1)).toBe(false);
    expect(dimensionsEqual(B, T)).toBe(false);
    expect(dimensionsEqual(multiplyDimensions(B, 2), B)).toBe(false);
    expect(shapesEqual([B, 4], shapeOf("B", 4))).toBe(true);
    expect(shapesEqual([B, 4], [B])).toBe(false);
  });

  it("know when they are nothing but a name", () => {
    expect(bareName(B)).toBe("B");
    expect(bareName(3)).toBeUndefined();
    expect(bareName(multiplyDimensions(B, 2))).toBeUndefined();
    expect(bareName(multiplyDimensions(B, T))).toBeUndefined();
    expect(bareName(addDimensions(B, 1))).toBeUndefined();
  });

  it("are computed like the numbers they stand for", () => {
    const names = ["A", "B", "C"];
    const leaf = fc.oneof(fc.integer({ min: 0, max: 9 }), fc.constantFrom(...names.map(namedDimension)));
    const step = fc.record({ right: leaf, operation: fc.constantFrom("add", "subtract", "multiply") });
    const values = fc.tuple(...names.map(() => fc.integer({ min: 0, max: 20 })));
    fc.assert(
      fc.property(leaf, fc.array(step, { maxLength: 5 }), values, (first, steps, numbers) => {
        const known = new Map(names.map((name, index) => [name, numbers[index] as number]));
        let [dimension, expected]: [Dimension, number] = [first, evaluateDimension(first, known)];
        for (const { right, operation } of steps) {
          const value = evaluateDimension(right, known);
          if (operation === "multiply")
            [dimension, expected] = [multiplyDimensions(dimension, right), expected * value];
          else {
            const sign = operation === "add" ? 1 : -1;
            [dimension, expected] = [addDimensions(dimension, right, sign), expected + sign * value];
          }
        }
        expect(evaluateDimension(dimension, known) + 0).toBe(expected + 0);
      }),
    );
  });
});

describe("binding to the sizes of a run", () => {
  it("takes names from where they stand alone and checks all others", () => {
    const values = new Map<string, number>();
    const mask = [B, 1, addDimensions(P, T)];
    bindNames(mask, [2, 1, 7], values);
    bindNames(shapeOf("B", "T"), [2, 3], values);
    bindNames(shapeOf("P"), [4], values);
    expect([...values].sort()).toEqual([
      ["B", 2],
      ["P", 4],
      ["T", 3],
    ]);
    expect(evaluateShape(mask, values)).toEqual([2, 1, 7]);
    expect(() => checkDims(mask, [2, 1, 7], values, "input mask")).not.toThrow();
  });

  it("names the input, the shape and the values when sizes do not fit", () => {
    const values = new Map([["B", 2]]);
    let caught: unknown;
    try {
      checkDims(shapeOf("B", 4), [3, 4], values, "input hidden");
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(ShapeError);
    expect((caught as ShapeError).toJSON()).toEqual({
      kind: "shape",
      message: "input hidden has the wrong shape",
      field: "input hidden",
      expected: "[B, 4] where B=2",
      received: "[3, 4]",
    });
    expect(() => checkDims([2], [2, 1], new Map(), "input x")).toThrow(/input x/);
    expect(() => evaluateDimension(T, values)).toThrow(/dimension T has no value/);
  });
});

describe("broadcastShapes", () => {
  it.each([
    [[], [], []],
    [[2, 3], [], [2, 3]],
    [[3], [2, 1], [2, 3]],
    [[1], [0], [0]],
    [
      [B, 1, 4],
      [T, 1],
      [B, T, 4],
    ],
    [
      [B, T],
      [B, T],
      [B, T],
    ],
  ])("%j and %j", (left, right, expected) => {
    expect(formatShape(broadcastShapes(left, right))).toBe(formatShape(expected));
    expect(formatShape(broadcastShapes(right, left))).toBe(formatShape(expected));
  });

  it.each([
    [[2], [3]],
    [[B], [T]],
    [[B], [2]],
    [[0], [2]],
  ])("refuses %j and %j", (left, right) => {
    expect(() => broadcastShapes(left, right)).toThrow(ShapeError);
  });
});

describe("axes", () => {
  it("are counted from either end", () => {
    expect(normalizeAxis(-1, 3)).toBe(2);
    expect(normalizeAxis(0, 3)).toBe(0);
    expect(reducedAxes(3, undefined)).toEqual([0, 1, 2]);
    expect(reducedAxes(3, [-1, 0])).toEqual([0, 2]);
  });

  it.each([3, -4, 0.5])("refuses axis %d of 3", (axis) => {
    expect(() => normalizeAxis(axis, 3)).toThrow(/out of range for 3 dimensions/);
  });
});

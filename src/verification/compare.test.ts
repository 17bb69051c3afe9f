import { describe, expect, it } from "vitest";
import { compare } from "./compare.ts";

const values = (...data: number[]) => ({ shape: [data.length], data });
const check = (actual: number[], expected: number[], tolerance = {}) =>
  compare("outputs", "x", values(...actual), values(...expected), { relative: 2e-5, ...tolerance });

describe("compare", () => {
  it("allows a share of the largest reference value, and 1e-6 beside", () => {
    expect(check([10, 1 + 2e-4], [10, 1]).ok).toBe(true);
    expect(check([10, 1 + 2.1e-4], [10, 1]).ok).toBe(false);
    expect(check([0.9e-6], [0]).ok).toBe(true);
    expect(check([1.1e-6], [0]).ok).toBe(false);
  });

  it("reports the largest error, absolutely and as a share", () => {
    const result = check([1, 4.5, 3], [1, 4, 3]);
    expect(result).toMatchObject({
      name: "x",
      kind: "outputs",
      maxAbsoluteError: 0.5,
      maxRelativeError: 0.125,
      ok: false,
    });
  });

  it("lets equal infinities match and nothing else beside them", () => {
    const inf = Number.POSITIVE_INFINITY;
    expect(check([-inf, 1, inf], [-inf, 1, inf])).toMatchObject({ ok: true, maxAbsoluteError: 0 });
    expect(check([inf], [-inf]).ok).toBe(false);
    expect(check([3e38], [inf]).ok).toBe(false);
    expect(check([inf], [3]).ok).toBe(false);
    // The infinity does not count as the largest value, or all else would pass.
    expect(check([inf, 1.1], [inf, 1]).ok).toBe(false);
  });

  it("never lets NaN pass, in either, first or last", () => {
    for (const [actual, expected] of [
      [
        [Number.NaN, 1],
        [0, 1],
      ],
      [
        [1, Number.NaN],
        [1, 0],
      ],
      [
        [0, 1],
        [Number.NaN, 1],
      ],
      [[Number.NaN], [Number.NaN]],
    ] as const) {
      expect(check([...actual], [...expected]).ok).toBe(false);
    }
  });

  it("allows ten times the reference's own deviation where that is more than the share", () => {
    expect(check([1.0009], [1], { deviation: 1e-4 }).ok).toBe(true);
    expect(check([1.0011], [1], { deviation: 1e-4 }).ok).toBe(false);
    // 1e-5 is less than the share of 2e-5, so the share stays.
    expect(check([1.00005], [1], { deviation: 1e-5 }).ok).toBe(false);
  });

  it("fails with a reason when a value is missing or of another shape", () => {
    const expected = values(1, 2);
    expect(compare("outputs", "x", undefined, expected, { relative: 1 })).toMatchObject({
      ok: false,
      reason: "there is no such value",
    });
    const column = { shape: [2, 1], data: [1, 2] };
    expect(compare("outputs", "x", column, expected, { relative: 1 })).toMatchObject({
      ok: false,
      reason: "the shape is [2, 1] instead of [2]",
    });
  });

  it("compares whole numbers too", () => {
    const ids = { shape: [2], data: BigInt64Array.of(3n, 4n) };
    expect(compare("outputs", "x", ids, { shape: [2], data: BigInt64Array.of(3n, 4n) }, { relative: 0 }).ok).toBe(true);
    expect(compare("outputs", "x", ids, { shape: [2], data: BigInt64Array.of(3n, 5n) }, { relative: 0 }).ok).toBe(
      false,
    );
  });
});

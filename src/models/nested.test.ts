import { describe, expect, it } from "vitest";
import { flatten, unflatten } from "./nested.ts";

const isNumber = (value: unknown): value is number => typeof value === "number";

describe("flatten and unflatten", () => {
  it("name leaves by their path, and find the way back", () => {
    const nested = {
      a: 1,
      past: [
        { key: 2, value: 3 },
        { key: 4, value: 5 },
      ],
      list: [6, 7],
    };
    const flat = flatten(nested, isNumber);
    expect([...flat]).toEqual([
      ["a", 1],
      ["past.0.key", 2],
      ["past.0.value", 3],
      ["past.1.key", 4],
      ["past.1.value", 5],
      ["list.0", 6],
      ["list.1", 7],
    ]);
    expect(unflatten(flat)).toEqual(nested);
  });

  it("leave out what is undefined", () => {
    expect([...flatten({ a: undefined, b: 1 } as never, isNumber)]).toEqual([["b", 1]]);
  });
});

import { describe, expect, it } from "vitest";
import { ClozeError, ResourceError } from "../errors.ts";
import { FlatMemory } from "./memory.ts";

describe("FlatMemory", () => {
  it("hands out aligned, zeroed, disjoint regions of every type", () => {
    const memory = new FlatMemory({ shared: true });
    const arrays = (["float32", "float64", "float16", "int64", "int32", "int8", "uint8", "bool"] as const).flatMap(
      (type) => [0, 1, 15, 16, 17, 1000].map((length) => memory.allocate(type, length)),
    );
    const ends = arrays.map((array) => [array.byteOffset, array.byteOffset + array.byteLength] as const);
    for (const [start] of ends) expect(start % 64).toBe(0);
    const sorted = [...ends].sort((a, b) => a[0] - b[0]);
    for (let i = 1; i < sorted.length; i++) expect(sorted[i]?.[0]).toBeGreaterThanOrEqual(sorted[i - 1]?.[1] ?? 0);
    expect(new Set(ends.map(([start]) => start)).size).toBe(arrays.length);
    expect(sorted[0]?.[0]).toBe(64);
    for (const array of arrays) expect(array.every((value: number | bigint) => Number(value) === 0)).toBe(true);
  });

  it("keeps earlier views alive when a shared memory grows", () => {
    const memory = new FlatMemory({ shared: true });
    const early = memory.allocate("float32", 4);
    early.set([1, 2, 3, 4]);
    const late = memory.allocate("float32", 2 ** 20);
    late[2 ** 20 - 1] = 5;
    expect([...early]).toEqual([1, 2, 3, 4]);
    early[0] = 7;
    expect(new Float32Array(memory.memory.buffer, early.byteOffset, 1)[0]).toBe(7);
    expect(memory.offsetOf(early)).toBe(64);
    expect(memory.offsetOf(late.subarray(16))).toBe(late.byteOffset + 64);
  });

  it("refuses, in bytes, what does not fit, and stays usable", () => {
    const memory = new FlatMemory({ shared: true, maximumBytes: 2 ** 20 });
    memory.allocate("float32", 1000);
    let error: unknown;
    try {
      memory.allocate("float32", 2 ** 18);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(ResourceError);
    expect((error as ClozeError).message).toContain("1 MiB of training memory were asked for, with 3.9 KiB in use");
    expect((error as ClozeError).hint).toContain("moments: bfloat16");
    expect(memory.allocate("float32", 1000).length).toBe(1000);
    expect(() => new FlatMemory({ shared: false, initialBytes: 2 ** 33 })).toThrow(ResourceError);
    expect(() => new FlatMemory({ shared: true, initialBytes: 2 ** 33 })).toThrow(ResourceError);
    expect(() => memory.allocate("float32", 1.5)).toThrow(ClozeError);
    expect(() => memory.allocate("float32", -1)).toThrow(ClozeError);
  });

  it("does not grow an unshared memory, whose views would be lost", () => {
    const memory = new FlatMemory({ shared: false, initialBytes: 100_000 });
    const array = memory.allocate("float32", 25_000);
    expect(() => memory.allocate("float32", 2 ** 16)).toThrow(ResourceError);
    expect(array.length).toBe(25_000);
    expect(memory.memory.buffer).toBeInstanceOf(ArrayBuffer);
  });

  it("uses given-back room again, zeroed, and joins neighbours", () => {
    const memory = new FlatMemory({ shared: true });
    const arrays = [0, 1, 2, 3].map(() => memory.allocate("float32", 16).fill(9));
    const used = memory.usedBytes;
    const [first, second, third, fourth] = arrays as [Float32Array, Float32Array, Float32Array, Float32Array];
    memory.free(second);
    memory.free(first);
    const joined = memory.allocate("float32", 32);
    expect(joined.byteOffset).toBe(first.byteOffset);
    expect(joined.every((value) => value === 0)).toBe(true);
    memory.free(third);
    memory.free(fourth);
    const last = memory.allocate("float32", 48);
    expect(last.byteOffset).toBe(third.byteOffset);
    expect(last.every((value) => value === 0)).toBe(true);
    expect(memory.usedBytes).toBe(used + 64);
    expect(() => memory.free(last.subarray(16))).toThrow(ClozeError);
    memory.free(last);
    expect(() => memory.free(last)).toThrow(ClozeError);
    expect(() => memory.offsetOf(new Float32Array(4))).toThrow(/does not live/);
  });
});

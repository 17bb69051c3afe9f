import { describe, expect, it } from "vitest";
import { COUNTER_DOMAIN, inverseNormal, philox4x32, Random } from "./random.ts";

const hex = (words: Iterable<number>) => [...words].map((word) => word.toString(16).padStart(8, "0"));

describe("philox4x32", () => {
  // The known answers published with Random123 for philox4x32-10.
  it.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [Array(4).fill(0xffffffff), Array(2).fill(0xffffffff), "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], "d16cfe09 94fdcceb 5001e420 24126ea1"],
  ] as [[number, number, number, number], [number, number], string][])("counter %s", (counter, key, expected) => {
    const out = new Uint32Array(4);
    philox4x32(key, counter, out);
    expect(hex(out).join(" ")).toBe(expected);
  });

  it("agrees with arithmetic on big integers for 2,000 keys and counters", () => {
    const words = new Uint32Array(6 * 2000);
    new Random(5).fillUint32(words);
    const out = new Uint32Array(4);
    for (let at = 0; at < words.length; at += 6) {
      const [a, b, c, d, k0, k1] = words.subarray(at, at + 6) as unknown as [
        number,
        number,
        number,
        number,
        number,
        number,
      ];
      philox4x32([k0, k1], [a, b, c, d], out);
      expect([...out]).toEqual(philoxWithBigInt([a, b, c, d], [k0, k1]));
    }
  });
});

function philoxWithBigInt(counter: number[], key: number[]): number[] {
  let x = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  const mask = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const a = 0xd2511f53n * x[0];
    const b = 0xcd9e8d57n * x[2];
    x = [(b >> 32n) ^ x[1] ^ k0, b & mask, (a >> 32n) ^ x[3] ^ k1, a & mask];
    k0 = (k0 + 0x9e3779b9n) & mask;
    k1 = (k1 + 0xbb67ae85n) & mask;
  }
  return x.map(Number);
}

describe("streams", () => {
  it("have keys and draws that stay the same for ever", () => {
    // Computed with an independent implementation of the derivation in Python.
    const random = new Random(42);
    expect(hex(random.key)).toEqual(["bc519c41", "4e81901a"]);
    expect(hex(Array.from({ length: 8 }, () => random.uint32()))).toEqual(
      "a51f8ad5 088fda8a 6080fc1d 3d3180c7 36fa7ebf 7f841a90 739757d1 668a6041".split(" "),
    );
    expect(hex(random.fork("dropout mask", 7).key)).toEqual(["49a907d9", "ae63c03a"]);
  });

  it("depend on seed and labels alone", () => {
    const random = new Random(1);
    const before = random.fork("data", 3).uint32();
    for (let i = 0; i < 9; i++) random.uint32();
    expect(random.fork("data", 3).uint32()).toBe(before);
    expect(random.fork("data").fork(3).uint32()).toBe(before);
    expect(random.position).toBe(9);
  });

  it("differ for different seeds and labels", () => {
    const labels = [[], ["a", "b"], ["ab"], ["b", "a"], ["1"], [1], [""], ["\0"], ["a\0"], ["a"], [0], [0.5], [-1]];
    labels.push(["12345678"], ["12345678", ""], ["123456789"], ["12345678", "9"], ["1234567812345678"]);
    const streams = [0, 1, -1, 2 ** 32, 2 ** 53 - 1].flatMap((seed) => labels.map((l) => new Random(seed).fork(...l)));
    const keys = new Set(streams.map((stream) => hex(stream.key).join("")));
    expect(keys.size).toBe(5 * labels.length);
    expect(new Random(3).fork(-0).key).toEqual(new Random(3).fork(0).key);
  });

  it("go on from a saved position, also beyond 2^34 draws", () => {
    const random = new Random(7);
    const draws = Array.from({ length: 23 }, () => random.uint32());
    for (let at = 0; at < 23; at++) {
      const other = new Random(7);
      other.position = at;
      expect(other.uint32()).toBe(draws[at]);
      expect(other.uint32At(22 - at)).toBe(draws[22 - at]);
      expect(other.position).toBe(at + 1);
    }
    const far = 5 * 2 ** 34 + 2;
    random.position = far;
    const out = new Uint32Array(4);
    philox4x32(random.key, [0, 5, 0, COUNTER_DOMAIN.draw], out);
    expect(random.uint32()).toBe(out[2]);
    expect(random.position).toBe(far + 1);
    const bulk = new Uint32Array(9);
    random.position = far;
    random.fillUint32(bulk);
    expect([bulk[0], bulk[1]]).toEqual([out[2], out[3]]);
  });

  it("refuse what is not a seed, a label, a position or a bound", () => {
    for (const seed of [0.5, Number.NaN, 2 ** 53]) expect(() => new Random(seed)).toThrow(/seed/);
    expect(() => new Random(1).fork(Number.NaN)).toThrow(/label/);
    const random = new Random(1);
    for (const position of [-1, 0.5]) {
      expect(() => {
        random.position = position;
      }).toThrow(/position/);
    }
    for (const n of [0, -1, 1.5, 2 ** 54]) expect(() => random.integer(n)).toThrow(/bound/);
  });
});

describe("distributions", () => {
  it("bulk draws equal single draws from any starting point", () => {
    for (const start of [0, 1, 2, 3, 5]) {
      for (const length of [0, 1, 2, 3, 4, 7, 4097]) {
        const [single, bulk] = [new Random(11), new Random(11)];
        single.position = bulk.position = start;
        const out = new Uint32Array(length);
        bulk.fillUint32(out);
        expect(out).toEqual(Uint32Array.from({ length }, () => single.uint32()));
        const normals = new Float32Array(length);
        bulk.fillNormal(normals, 2, 0.5);
        expect(normals).toEqual(Float32Array.from({ length }, () => 2 + 0.5 * single.normal()));
        expect(bulk.position).toBe(single.position);
      }
    }
  });

  it("integers are unbiased", () => {
    const random = new Random(13);
    for (const n of [1, 2, 7, 10]) {
      const counts = new Array(n).fill(0);
      for (let i = 0; i < 70_000; i++) counts[random.integer(n)]++;
      const chiSquare = counts.reduce((sum, count) => sum + (count - 70_000 / n) ** 2 / (70_000 / n), 0);
      expect(chiSquare).toBeLessThan(30); // 9 degrees of freedom: p = 0.0004
    }
    // With n = 3 · 2^30 plain remainders would fall below 2^30 half of the time instead of a third.
    let low = 0;
    for (let i = 0; i < 10_000; i++) if (random.integer(3 * 2 ** 30) < 2 ** 30) low++;
    expect(Math.abs(low / 10_000 - 1 / 3)).toBeLessThan(0.02);
    let mean = 0;
    for (let i = 0; i < 10_000; i++) {
      const value = random.integer(2 ** 50);
      expect(value).toBeLessThan(2 ** 50);
      mean += value / 2 ** 50 / 10_000;
    }
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.02);
  });

  it("uniform values stay in [0, 1)", () => {
    const random = new Random(17);
    const out = new Float32Array(200_000);
    random.fillUniform(out);
    let [low, high, sum] = [1, 0, 0];
    for (const value of out) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      sum += value;
    }
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(1);
    expect(Math.abs(sum / out.length - 0.5)).toBeLessThan(0.003);
    random.fillUniform(out, -2, 6);
    expect(Math.min(...out.subarray(0, 1000))).toBeLessThan(-1.9);
    expect(Math.max(...out.subarray(0, 1000))).toBeGreaterThan(5.9);
  });

  it("normal quantiles are those of Python's statistics.NormalDist", () => {
    const cases: [number, number][] = [
      [1.1641532182693481e-10, -6.337957754553789],
      [1e-9, -5.9978070150076865],
      [1e-5, -4.2648907939228256],
      [0.01, -2.3263478740408408],
      [0.07, -1.4757910281791702],
      [0.075, -1.4395314709384557],
      [0.1, -1.2815515655446008],
      [0.3, -0.5244005127080407],
      [0.5, 0],
      [0.77, 0.7388468491852137],
      [0.93, 1.4757910281791708],
      [0.999, 3.090232306167813],
      [0.9999999998835847, 6.337957754553789],
    ];
    for (const [p, value] of cases)
      expect(Math.abs(inverseNormal(p) - value)).toBeLessThanOrEqual(2e-15 * Math.abs(value));
    expect(inverseNormal(1e-200)).toBeCloseTo(-30.20559417957964, 12); // the branch of the far tail
  });

  it("normal values have the moments of the normal distribution", () => {
    const random = new Random(19);
    const out = new Float32Array(400_000);
    random.fillNormal(out);
    const moment = (k: number) => out.reduce((sum, value) => sum + value ** k, 0) / out.length;
    expect(Math.abs(moment(1))).toBeLessThan(0.006);
    expect(Math.abs(moment(2) - 1)).toBeLessThan(0.01);
    expect(Math.abs(moment(3))).toBeLessThan(0.02);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.08);
  });

  it("shuffles keep the elements and reach all orders equally", () => {
    const random = new Random(23);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = random.shuffle([0, 1, 2, 3]).join("");
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    const large = random.shuffle(Int32Array.from({ length: 1000 }, (_, i) => i));
    expect([...large].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});

import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { Tensor } from "../tensor/index.ts";
import { DecodingCache } from "./decoding-cache.ts";

const sizes = { layers: 2, heads: 2, width: 3 };

/** Keys and values of `count` tokens for each row; no two numbers are equal. */
function addition(rows: number, count: number, random: Random) {
  const tensor = (): Tensor => {
    const data = Float32Array.from({ length: rows * sizes.heads * count * sizes.width }, () => random.uniform());
    return new Tensor("float32", data, [rows, sizes.heads, count, sizes.width]);
  };
  return Array.from({ length: sizes.layers }, () => ({ key: tensor(), value: tensor() }));
}

/** Of each row, of each of its arrays and heads, the tokens: as if nothing was ever shared. */
type Contents = number[][][];

function appended(contents: Contents, added: ReturnType<typeof addition>): void {
  const tensors = added.flatMap(({ key, value }) => [key, value]);
  for (const [row, parts] of contents.entries()) {
    for (const [part, values] of parts.entries()) {
      const { data, dims } = tensors[Math.floor(part / sizes.heads)] as Tensor;
      const length = Number(dims[2]) * sizes.width;
      const start = (row * sizes.heads + (part % sizes.heads)) * length;
      values.push(...Array.from((data as Float32Array).subarray(start, start + length)));
    }
  }
}

function contentsOf(cache: DecodingCache): Contents {
  const tensors = cache.tensors.flatMap(({ key, value }) => [key, value]);
  return Array.from({ length: cache.rows }, (_, row) =>
    tensors.flatMap(({ data }) =>
      Array.from({ length: sizes.heads }, (_, head) => {
        const start = (row * sizes.heads + head) * cache.capacity * sizes.width;
        return Array.from((data as Float32Array).subarray(start, start + cache.length * sizes.width));
      }),
    ),
  );
}

describe("DecodingCache", () => {
  it("has in each row what was at its place, however rows were exchanged, doubled and left out", () => {
    const random = new Random(7);
    for (let trial = 0; trial < 20; trial++) {
      let cache = new DecodingCache(sizes, 2);
      let contents: Contents = Array.from({ length: 2 }, () => Array.from({ length: 8 }, () => []));
      for (let step = 0; step < 40; step++) {
        const added = addition(cache.rows, step === 0 ? 5 : 1 + random.integer(4), random);
        cache.append(added);
        appended(contents, added);
        // Mostly as many as there are, as with beams.
        const rows = random.integer(8) === 0 ? 1 + random.integer(4) : cache.rows;
        const places = Array.from({ length: rows }, () => random.integer(cache.rows));
        cache = cache.take(places);
        contents = places.map((place) => structuredClone(contents[place] as number[][]));
        expect(contentsOf(cache)).toEqual(contents);
      }
    }
  });
});

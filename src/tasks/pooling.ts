/**
 * Vectors of tokens into one vector of the text, in the ways of sentence-transformers (Reimers and Gurevych 2019,
 * https://arxiv.org/abs/1908.10084, §3; weighted: Muennighoff 2022, https://arxiv.org/abs/2202.08904, §4.1).
 */
import { Tensor } from "../tensor/index.ts";

/** What the vector of each of a text's tokens counts for. */
type Weight = (place: number, count: number) => number;

/** The ways of pooling that are weighted sums; `max` takes the largest value of each feature. */
const ways: Readonly<Record<"cls" | "max" | "mean" | "mean_sqrt_len" | "weightedmean" | "lasttoken", Weight | "max">> =
  {
    /** The first token alone. */
    cls: (place) => (place === 0 ? 1 : 0),
    max: "max",
    mean: (_, count) => 1 / count,
    mean_sqrt_len: (_, count) => 1 / Math.sqrt(count),
    /** Later tokens count for more: those of a left-to-right model have seen more. */
    weightedmean: (place, count) => (place + 1) / ((count * (count + 1)) / 2),
    lasttoken: (place, count) => (place === count - 1 ? 1 : 0),
  };

export type PoolingMode = keyof typeof ways;

/** Every way of pooling; where several are asked for, their vectors stand one after another in this order. */
export const poolingModes = Object.keys(ways) as readonly PoolingMode[];

/** The vectors of the T tokens of a text, [T, D], as one: [D] or, in several ways, [ways · D]. Zeros for no tokens. */
export function pooled(tokens: Float32Array, width: number, modes: readonly PoolingMode[]): Float32Array {
  const chosen = poolingModes.filter((mode) => modes.includes(mode));
  const joined = new Float32Array(chosen.length * width);
  const count = tokens.length / width;
  chosen.forEach((mode, index) => {
    const way = ways[mode];
    // Sums in double precision.
    const vector = new Float64Array(width).fill(way === "max" && count > 0 ? Number.NEGATIVE_INFINITY : 0);
    for (let place = 0; place < count; place++) {
      const weight = way === "max" ? 1 : way(place, count);
      if (weight === 0) continue;
      for (let feature = 0; feature < width; feature++) {
        const value = tokens[place * width + feature] as number;
        const sofar = vector[feature] as number;
        vector[feature] = way === "max" ? Math.max(sofar, value) : sofar + weight * value;
      }
    }
    joined.set(vector, index * width);
  });
  return joined;
}

/** Vectors [..., D], each of length 1 afterwards; zeros stay zeros. */
export function normalized({ data, dims }: Tensor): Tensor {
  const width = dims.at(-1) ?? 1;
  const values = new Float32Array(data as Float32Array);
  for (let start = 0; start < values.length; start += width) {
    const vector = values.subarray(start, start + width);
    const length = Math.max(Math.hypot(...vector), 1e-12);
    vector.forEach((value, index) => {
      vector[index] = value / length;
    });
  }
  return new Tensor("float32", values, dims);
}

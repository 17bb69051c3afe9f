/** How far an exported file's outputs are from the model's own. */
import { evaluateShape } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { Random } from "../random.ts";
import type { Executable } from "../runtime/executable.ts";
import { Tensor } from "../tensor/index.ts";
import { encoderInputs, publishedPortName } from "./encoder-graph.ts";

export interface Drift {
  /** max|a − b| / max|b| of the output that differs most; b is the model's own. */
  readonly maxRelative: number;
  /** The cosine of the angle between a and b, of the output where it is smallest. */
  readonly minCosine: number;
}

/** Rows, choices where there are some, and tokens of what is compared; the longest is cut to what the model can take. */
const comparedSizes = [
  { B: 1, C: 2, T: 7 },
  { B: 8, C: 4, T: 16 },
  { B: 2, C: 3, T: 128 },
] as const;

/** Runs both over random tokens of several sizes, with rows of unequal length. */
export async function measureDrift(
  model: AnyModel,
  exported: Executable,
  { random, longest }: { readonly random: Random; readonly longest: number },
): Promise<Drift> {
  const differences = exported.outputs.map(({ name }) => [name, new Difference()] as const);
  for (const { B, C, T } of comparedSizes) {
    const inputs = randomInputs(model, new Map(Object.entries({ B, C, T: Math.min(T, longest) })), random);
    const named = Object.entries(inputs).map(([name, tensor]) => [publishedPortName(name), tensor] as const);
    const results = await exported.run(Object.fromEntries(named));
    const own = Object.entries(await model(inputs)).map(([name, tensor]) => [publishedPortName(name), tensor] as const);
    const expected = new Map(own as (readonly [string, Tensor])[]);
    for (const [name, difference] of differences) {
      difference.add(results[name]?.data as Float32Array, expected.get(name)?.data as Float32Array);
    }
  }
  const found = differences.map(([, difference]) => difference.drift);
  return {
    maxRelative: Math.max(...found.map(({ maxRelative }) => maxRelative)),
    minCosine: Math.min(...found.map(({ minCosine }) => minCosine)),
  };
}

/** Of one output in all runs together. */
class Difference {
  #error = 0;
  #scale = 0;
  #product = 0;
  #squares = 0;
  #expectedSquares = 0;

  add(actual: Float32Array, expected: Float32Array): void {
    for (const [index, b] of expected.entries()) {
      const a = actual[index] ?? Number.NaN;
      // Math.max keeps a NaN once it has one.
      this.#error = Math.max(this.#error, Math.abs(a - b));
      this.#scale = Math.max(this.#scale, Math.abs(b));
      this.#product += a * b;
      this.#squares += a * a;
      this.#expectedSquares += b * b;
    }
  }

  get drift(): Drift {
    if (this.#error === 0) return { maxRelative: 0, minCosine: 1 };
    const lengths = Math.sqrt(this.#squares) * Math.sqrt(this.#expectedSquares);
    return { maxRelative: this.#error / this.#scale, minCosine: this.#product / lengths };
  }
}

function randomInputs(model: AnyModel, sizes: ReadonlyMap<string, number>, random: Random): Record<string, Tensor> {
  const tokens = sizes.get("T") as number;
  const entries = Object.entries(encoderInputs(model)).map(([name, { shape, below = 2 }]) => {
    const dims = evaluateShape(shape, sizes);
    const size = dims.reduce((product, dim) => product * dim, 1);
    const element = (index: number): number => {
      // Every other row ends in padding, a third of it.
      if (name === "attentionMask")
        return Math.floor(index / tokens) % 2 === 1 && index % tokens >= (2 * tokens) / 3 ? 0 : 1;
      return random.integer(below);
    };
    const data = BigInt64Array.from({ length: size }, (_, index) => BigInt(element(index)));
    return [name, new Tensor("int64", data, dims)] as const;
  });
  return Object.fromEntries(entries);
}

/** How far an exported file's outputs are from the model's own. */
import { evaluateShape } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { flatten, unflatten } from "../models/nested.ts";
import type { Random } from "../random.ts";
import type { Executable } from "../runtime/executable.ts";
import { Tensor } from "../tensor/index.ts";
import { exportedInputs, publishedInputName, publishedOutputName } from "./exported-graph.ts";

export interface Drift {
  /** max|a − b| / max|b| of the output that differs most; b is the model's own. */
  readonly maxRelative: number;
  /** The cosine of the angle between a and b, of the output where it is smallest. */
  readonly minCosine: number;
}

/**
 * Rows, choices where there are some, tokens, and tokens that a decoder has read before; the longest are cut to what the
 * model can take.
 */
const comparedSizes = [
  { B: 1, C: 2, T: 7, P: 0 },
  { B: 8, C: 4, T: 16, P: 5 },
  { B: 2, C: 3, T: 128, P: 32 },
] as const;

export interface DriftOptions {
  readonly isCausal: boolean;
  readonly random: Random;
  /** Tokens of the longest row. */
  readonly longest: number;
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/** Runs both over random tokens of several sizes, with rows of unequal length. */
export async function measureDrift(model: AnyModel, exported: Executable, options: DriftOptions): Promise<Drift> {
  const { isCausal, longest } = options;
  const differences = exported.outputs.map(({ name }) => [name, new Difference()] as const);
  for (const size of comparedSizes) {
    const past = isCausal ? Math.min(size.P, Math.floor(longest / 2)) : 0;
    const sizes = new Map(Object.entries({ ...size, P: past, T: Math.min(size.T, longest - past) }));
    const inputs = randomInputs(model, sizes, options);
    const named = inputs.map(([name, tensor]) => [publishedInputName(name), tensor] as const);
    const results = await exported.run(Object.fromEntries(named));
    const own = flatten<Tensor>((await model(unflatten(inputs), { useCache: isCausal })) as never, isTensor);
    const expected = new Map([...own].map(([name, tensor]) => [publishedOutputName(name), tensor]));
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

function randomInputs(
  model: AnyModel,
  sizes: ReadonlyMap<string, number>,
  { isCausal, random }: DriftOptions,
): (readonly [name: string, Tensor])[] {
  const tokens = sizes.get("T") as number;
  const past = sizes.get("P") as number;
  return Object.entries(exportedInputs(model, isCausal)).map(([name, { type, shape, below = 2 }]) => {
    const dims = evaluateShape(shape, sizes);
    const length = dims.reduce((product, dim) => product * dim, 1);
    if (type === "float32") {
      return [
        name,
        new Tensor(
          type,
          Float32Array.from({ length }, () => random.normal()),
          dims,
        ),
      ] as const;
    }
    const element = (index: number): number => {
      if (name === "positionIds") return past + (index % tokens);
      if (name !== "attentionMask") return random.integer(below);
      // Every other row ends in padding, a third of it.
      const [row, place] = [Math.floor(index / (past + tokens)), index % (past + tokens)];
      return row % 2 === 1 && place >= past + (2 * tokens) / 3 ? 0 : 1;
    };
    return [
      name,
      new Tensor(
        type,
        BigInt64Array.from({ length }, (_, index) => BigInt(element(index))),
        dims,
      ),
    ] as const;
  });
}

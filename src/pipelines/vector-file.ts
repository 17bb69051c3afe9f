/** Vectors of any number of texts into one file, without holding them. */
import { platform } from "#platform";
import { DataError } from "../errors.ts";
import type { Tensor } from "../tensor/index.ts";
import { npyBytes, npyHeader } from "../tensor/npy.ts";

/**
 * Writes vectors [n, …] of equal shapes but for n, one after another, as one array [N, …] of float32 in NumPy's format. The file
 * appears when it is whole; until then the vectors lie in a file beside it.
 *
 * @throws DataError for a vector of another shape than those before it, as those of tokens are.
 */
export async function writeVectors(file: string, vectors: AsyncIterable<Tensor>): Promise<void> {
  const path = platform.resolve(file);
  const aside = `${path}.vectors`;
  let count = 0;
  let shape: readonly number[] | undefined;
  async function* elements(): AsyncGenerator<Uint8Array> {
    for await (const { data, dims } of vectors) {
      const [rows = 0, ...rest] = dims;
      shape ??= rest;
      if (rest.join() !== shape.join()) throw unequalShapes(path, shape, rest);
      count += rows;
      yield npyBytes(data as Float32Array);
    }
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield npyHeader([count, ...(shape ?? [0])]);
    yield* platform.readChunks(aside, "data");
  }
  try {
    // The header says how many there are, and comes first.
    await platform.writeFileAtomically(aside, elements());
    await platform.writeFileAtomically(path, whole());
  } finally {
    await platform.remove(aside);
  }
}

function unequalShapes(file: string, expected: readonly number[], received: readonly number[]): DataError {
  return new DataError("These vectors do not make one array: texts have different numbers of tokens.", {
    file,
    expected: `[1, ${expected.join(", ")}], as before`,
    received: `[1, ${received.join(", ")}]`,
    hint: "Choose a pooling such as mean, which gives one vector for each text, or write JSON Lines.",
  });
}

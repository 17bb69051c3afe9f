/** A graph with its weights as one file. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { modelPieces, type OnnxGraph, standardOperatorSets } from "../onnx/index.ts";

/** A protobuf message cannot be larger. */
const largestBytes = 2 ** 31 - 1;

/**
 * Writes the file and returns its size in bytes.
 *
 * @param name of the file in errors.
 * @throws ConfigurationError if it would be too large.
 */
export async function writeOnnx(path: string, graph: OnnxGraph, name: string): Promise<number> {
  const pieces = modelPieces(graph, standardOperatorSets);
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
  if (bytes > largestBytes) {
    throw new ConfigurationError(`${name} would be larger than an ONNX file can be.`, {
      file: name,
      field: "--dtype",
      expected: `at most ${largestBytes} bytes`,
      received: `${bytes} bytes`,
      hint: "Export the 8-bit file alone, with --dtype q8.",
    });
  }
  await platform.writeFileAtomically(path, pieces);
  return bytes;
}

/** What a case must do at least: what shares of the machine's peaks are taken of. */
import type { BenchmarkCase } from "./cases.ts";

interface Sizes {
  readonly width: number;
  readonly layers: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly positions: number;
}

function sizesOf({ architecture, config }: BenchmarkCase): Sizes {
  const of = (key: string, published: number): number => Number(config[key] ?? published);
  if (architecture === "gpt2") {
    const width = of("n_embd", 768);
    return {
      ...{ width, layers: of("n_layer", 12), inner: 4 * width },
      ...{ vocabulary: of("vocab_size", 50257), positions: of("n_positions", 1024) },
    };
  }
  return {
    ...{ width: of("hidden_size", 768), layers: of("num_hidden_layers", 12), inner: of("intermediate_size", 3072) },
    ...{ vocabulary: of("vocab_size", 30522), positions: of("max_position_embeddings", 512) },
  };
}

/** Of the matrices of one layer. */
function layerParameters({ width, inner }: Sizes): number {
  return 4 * width * width + 2 * width * inner;
}

/**
 * Multiplications and additions in the matrix products of one step, whose backward pass has twice those of its forward
 * pass, of one call or of one token; there attention to earlier tokens is left out.
 */
export function operationsOf(benchmark: BenchmarkCase): number {
  const { batchSize, sequenceLength, architecture } = benchmark;
  const sizes = sizesOf(benchmark);
  const { width, layers, vocabulary } = sizes;
  if (benchmark.kind === "decoding")
    return 2 * benchmark.beams * (layers * layerParameters(sizes) + width * vocabulary);
  const rows = batchSize * sequenceLength;
  const attention = 2 * rows * sequenceLength * width;
  const encoder = layers * (rows * layerParameters(sizes) + attention);
  if (benchmark.kind === "forward") return 2 * encoder;
  const predicted = Math.round(rows * benchmark.selected);
  const head = predicted * (width * vocabulary + (architecture === "bert" ? width * width : 0));
  return 3 * 2 * (encoder + head);
}

/** float32 */
const bytes = 4;
/** AdamW reads values, gradients and two moments, and writes all but the gradients. */
const adamwBytes = 7 * bytes;

/**
 * Bytes that must come from or go to the memory, as weights do not fit into caches: all matrices once for a call or a token; for a
 * step twice, with their gradients once, and what AdamW moves. Activations are left out.
 */
export function bytesOf(benchmark: BenchmarkCase): number {
  const sizes = sizesOf(benchmark);
  const matrices = sizes.layers * layerParameters(sizes);
  if (benchmark.kind === "forward") return bytes * matrices;
  const table = sizes.width * sizes.vocabulary;
  if (benchmark.kind === "decoding") return bytes * (matrices + table);
  return 3 * bytes * (matrices + table) + adamwBytes * (matrices + table + sizes.width * sizes.positions);
}

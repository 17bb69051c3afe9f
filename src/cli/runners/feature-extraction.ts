import { type PipelineOptions, type PoolingMode, pipeline } from "../../pipelines/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import { callOptions, type PipelineRunner, type Runner, type RunRequest, results } from "./runner.ts";

export const featureExtraction: PipelineRunner = { own: ["pooling", "normalize", "layers"], givesVectors: true, load };

/** How many numbers of a vector people see. */
const shownFeatures = 6;

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, pooling, normalize, layers } = request.values;
  const extract = await pipeline("feature-extraction", model, loading);
  const options = callOptions(request, {
    pooling: pooling as PoolingMode | undefined,
    normalize: normalize && normalize === "yes",
    layers,
  });
  return async (lines) => {
    const texts = lines.map(({ text }) => text);
    return results<Tensor>(await extract.each(texts, options), (value, index) => `${texts[index]}\n${shown(value)}\n`);
  };
}

function shown({ data, dims }: Tensor): string {
  const few = Array.from(data as Float32Array)
    .slice(0, shownFeatures)
    .map((value) => value.toFixed(4));
  return `  [${dims.join(", ")}]  ${few.join("  ")}${data.length > shownFeatures ? "  …" : ""}`;
}

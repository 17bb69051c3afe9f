import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { withSeveral } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, type Runner, type RunRequest, results } from "./runner.ts";

export const sentenceSimilarity: PipelineRunner = {
  own: ["sourceSentence", "sentence", "pair", "pooling"],
  inputOptions: ["sourceSentence"],
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, sentence, pair, pooling } = request.values;
  const compare = await pipeline("sentence-similarity", model, loading);
  const options = callOptions(request, { pooling: pooling as never });
  const given = sentence.length > 0 ? sentence : pair;
  const parts = { first: "sourceSentence", second: "sentences", option: "sentence" };
  return async (lines) => {
    const inputs = lines.map((line) => {
      const [sourceSentence, sentences] = withSeveral(line, parts, given);
      return { sourceSentence, sentences };
    });
    return results(await compare(inputs, options), (value, index) => {
      const { sourceSentence, sentences } = inputs[index] as (typeof inputs)[number];
      const rows = value.map((score, place) => `${score.toFixed(4).padStart(9)}  ${sentences[place]}\n`);
      return `${sourceSentence}\n${rows.join("")}`;
    });
  };
}

import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { withSeveral } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, type Runner, type RunRequest, results } from "./runner.ts";

export const textRanking: PipelineRunner = {
  own: ["query", "document", "topK"],
  inputOptions: ["query"],
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, document, topK } = request.values;
  const rank = await pipeline("text-ranking", model, loading);
  const options = callOptions(request, { topK });
  const parts = { first: "query", second: "documents", option: "document" };
  return async (lines) => {
    const inputs = lines.map((line) => {
      const [query, documents] = withSeveral(line, parts, document);
      return { query, documents };
    });
    return results(await rank(inputs, options), (value, index) => {
      const rows = value.map(({ score, text }) => `${score.toFixed(4).padStart(9)}  ${text}\n`);
      return `${inputs[index]?.query}\n${rows.join("")}`;
    });
  };
}

import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { withSecond } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const nextSentencePrediction: PipelineRunner = { own: ["pair"], takesFields: true, load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, pair } = request.values;
  const predict = await pipeline("next-sentence-prediction", model, loading);
  const options = callOptions(request, {});
  return async (lines) => {
    const pairs = lines.map((line) => {
      const [text, textPair] = withSecond(line, { first: "text", second: "textPair", option: "pair" }, pair);
      return { text, textPair };
    });
    return results(await predict(pairs, options), (value, index) => {
      const scores = value.map(({ label, score }) => `${percentText(score)}  ${label}\n`).join("");
      return `${pairs[index]?.text} → ${pairs[index]?.textPair}\n${scores}`;
    });
  };
}

import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { withSeveral } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const zeroShotClassification: PipelineRunner = {
  own: ["candidateLabel", "hypothesisTemplate", "multiLabel"],
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, candidateLabel, hypothesisTemplate, multiLabel } = request.values;
  const classify = await pipeline("zero-shot-classification", model, loading);
  const options = callOptions(request, { hypothesisTemplate, multiLabel });
  const labels = candidateLabel.flatMap((text) => text.split(",")).map((label) => label.trim());
  const parts = { first: "text", second: "candidateLabels", option: "candidateLabel" };
  return async (lines) => {
    const inputs = lines.map((line) => {
      const [text, candidateLabels] = withSeveral(line, parts, labels);
      return { text, candidateLabels };
    });
    return results(await classify(inputs, options), ({ sequence, labels: ranked, scores }) => {
      const rows = ranked.map((label, place) => `${percentText(scores[place] as number)}  ${label}\n`);
      return `${sequence}\n${rows.join("")}`;
    });
  };
}

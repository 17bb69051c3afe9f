import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { withSeveral } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const cloze: PipelineRunner = { own: ["choice"], takesFields: true, load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const choose = await pipeline("cloze", request.values.model, loading);
  const options = callOptions(request, {});
  const parts = { first: "text", second: "choices", option: "choice" };
  return async (lines) => {
    const inputs = lines.map((line) => {
      const [text, choices] = withSeveral(line, parts, request.values.choice);
      return { text, choices };
    });
    return results(await choose(inputs, options), (value, index) => {
      const blanks = Array.isArray(value[0]) ? (value as readonly (typeof value)[]) : [value];
      const blocks = blanks.map((choices, blank) => {
        const title = blanks.length > 1 ? `  blank ${blank + 1}\n` : "";
        return `${title}${choices
          .flat()
          .map(({ choice, score }) => `${percentText(score)}  ${choice}\n`)
          .join("")}`;
      });
      return `${inputs[index]?.text}\n${blocks.join("")}`;
    });
  };
}

import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { fieldText, withSeveral } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const multipleChoice: PipelineRunner = {
  own: ["context", "question", "choice"],
  inputOption: "context",
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, question: questions, choice } = request.values;
  const choose = await pipeline("multiple-choice", model, loading);
  const options = callOptions(request, {});
  return async (lines) => {
    const inputs = lines.map((line) => {
      const [context, choices] = withSeveral(line, { first: "context", second: "choices", option: "choice" }, choice);
      const question = fieldText(line, "question") ?? (questions.length === 1 ? questions[0] : questions[line.index]);
      return { context, choices, ...(question !== undefined && { question }) };
    });
    return results(await choose(inputs, options), (value, index) => {
      const { context, question } = inputs[index] as (typeof inputs)[number];
      const rows = value.map(({ choice: text, score }) => `${percentText(score)}  ${text}\n`);
      return `${[context, question].filter((part) => part !== undefined).join("\n")}\n${rows.join("")}`;
    });
  };
}

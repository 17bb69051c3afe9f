import { type ChoiceQuestion, type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { fieldText, withSeveral } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const multipleChoice: PipelineRunner = {
  own: ["context", "question", "choice"],
  inputOptions: ["context", "question"],
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, input, context: contexts, question: questions, choice } = request.values;
  // Questions alone are what the choices answer.
  const areQuestions = input.length === 0 && contexts.length === 0 && questions.length > 0;
  const choose = await pipeline("multiple-choice", model, loading);
  const options = callOptions(request, {});
  return async (lines) => {
    const inputs = lines.map((line): ChoiceQuestion => {
      const isQuestion = line.fields === undefined ? areQuestions : fieldText(line, "context") === undefined;
      const parts = { first: isQuestion ? "question" : "context", second: "choices", option: "choice" };
      const [first, choices] = withSeveral(line, parts, choice);
      if (isQuestion) return { question: first, choices };
      const question = fieldText(line, "question") ?? (questions.length === 1 ? questions[0] : questions[line.index]);
      return { context: first, choices, ...(question !== undefined && { question }) };
    });
    return results(await choose(inputs, options), (value, index) => {
      const { context, question } = inputs[index] as (typeof inputs)[number];
      const rows = value.map(({ choice: text, score }) => `${percentText(score)}  ${text}\n`);
      return `${[context, question].filter((part) => part !== undefined).join("\n")}\n${rows.join("")}`;
    });
  };
}

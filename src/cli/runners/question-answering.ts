import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { withSecond } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const questionAnswering: PipelineRunner = {
  own: [
    ...(["question", "context", "pair", "topK"] as const),
    ...(["maxAnswerLen", "maxSeqLen", "docStride", "handleImpossibleAnswer"] as const),
  ],
  inputOptions: ["question"],
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, context, pair, topK, maxAnswerLen, maxSeqLen, docStride, handleImpossibleAnswer } = request.values;
  const answer = await pipeline("question-answering", model, loading);
  const options = callOptions(request, { topK, maxAnswerLen, maxSeqLen, docStride, handleImpossibleAnswer });
  const contexts = context.length > 0 ? context : pair;
  return async (lines) => {
    const inputs = lines.map((line) => {
      const parts = { first: "question", second: "context", option: "context" };
      const [question, text] = withSecond(line, parts, contexts);
      return { question, context: text };
    });
    return results(await answer(inputs, options), (value, index) => {
      const rows = [value].flat().map((each) => {
        const place = each.answer === "" ? "" : `  ${each.start}–${each.end}`;
        return `${percentText(each.score)}  ${each.answer === "" ? "no answer" : each.answer}${place}\n`;
      });
      return `${inputs[index]?.question}\n${rows.join("")}`;
    });
  };
}

import { type PipelineOptions, pipeline, type SummarizationInput } from "../../pipelines/index.ts";
import { fieldText } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const extractiveSummarization: PipelineRunner = { own: ["topK"], takesFields: true, load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, topK } = request.values;
  const summarize = await pipeline("extractive-summarization", model, loading);
  const options = callOptions(request, { topK: topK === 0 ? undefined : topK });
  return async (lines) => {
    const inputs = lines.map((line): SummarizationInput => {
      // The library checks the sentences.
      if (line.fields !== undefined && "sentences" in line.fields)
        return line.fields as { sentences: string[] } & object;
      return fieldText(line, "text") ?? line.text;
    });
    return results(await summarize(inputs, options), (value) =>
      value.map(({ score, sentence }) => `${percentText(score)}  ${sentence}\n`).join(""),
    );
  };
}

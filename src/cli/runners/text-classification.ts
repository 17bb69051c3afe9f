import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { fieldText, mainText, type RunLine, withSecond } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const textClassification: PipelineRunner = {
  own: ["topK", "functionToApply", "pair"],
  takesFields: true,
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, topK, pair, functionToApply } = request.values;
  const classify = await pipeline("text-classification", model, loading);
  const options = callOptions(request, { functionToApply });
  const isShare = (functionToApply ?? classify.functionToApply) !== "none";
  return async (lines) => {
    const inputs = lines.map((line) => inputOf(line, pair));
    // All of them, so that one class of a text comes in a list, as for a text alone.
    const all = await classify(inputs, { ...options, topK: null });
    const values = all.map((value) => best(value, topK ?? 1));
    return results(values, (value, index) => {
      const scores = value.map(({ label, score }) => `${isShare ? percentText(score) : score.toFixed(4)}  ${label}\n`);
      const { text, textPair } = inputs[index] as (typeof inputs)[number];
      return `${text}${textPair === undefined ? "" : ` → ${textPair}`}\n${scores.join("")}`;
    });
  };
}

function inputOf(line: RunLine, pair: readonly string[]): { text: string; textPair?: string } {
  if (pair.length === 0 && fieldText(line, "textPair") === undefined) return { text: mainText(line, "text") };
  const [text, textPair] = withSecond(line, { first: "text", second: "textPair", option: "pair" }, pair);
  return { text, textPair };
}

/** The first of a list, or of the list beside states; 0 is all. */
function best<T>(value: T[], topK: number): T[] {
  if (topK === 0) return value;
  if (Array.isArray(value)) return value.slice(0, topK);
  const { result, ...rest } = value as unknown as { result: T[] };
  return { result: result.slice(0, topK), ...rest } as unknown as T[];
}

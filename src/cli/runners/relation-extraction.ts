import { type EntityPair, type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { objectOf } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const relationExtraction: PipelineRunner = { own: ["topK"], takesFields: true, load };

const example = '{"text": "Ann works in Paris.", "head": [0, 3], "tail": [13, 18]}';

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, topK } = request.values;
  const relate = await pipeline("relation-extraction", model, loading);
  const options = callOptions(request, { topK: topK === 0 ? null : topK });
  return async (lines) => {
    // The library checks the fields.
    const inputs = lines.map((line) => objectOf(line, example) as unknown as EntityPair);
    return results(await relate(inputs, options), (value, index) => {
      const { text, head, tail } = inputs[index] as EntityPair;
      const rows = value.map(({ label, score }) => `${percentText(score)}  ${label}\n`);
      return `${text.slice(...head)} → ${text.slice(...tail)}\n${rows.join("")}`;
    });
  };
}

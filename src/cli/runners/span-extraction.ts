import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { columnsText } from "../quantities.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const spanExtraction: PipelineRunner = { own: [], load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const extract = await pipeline("span-extraction", request.values.model, loading);
  const options = callOptions(request, {});
  return async (lines) => {
    const texts = lines.map(({ text }) => text);
    return results(await extract(texts, options), (value, index) => {
      const rows = value.map(({ score, label, start, end, text }) => {
        return [percentText(score), label, `${start}–${end}`, text];
      });
      return `${texts[index]}\n${rows.length === 0 ? "  nothing found\n" : columnsText(rows, "")}`;
    });
  };
}

import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { columnsText } from "../quantities.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const spellingCorrection: PipelineRunner = { own: [], load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const correct = await pipeline("spelling-correction", request.values.model, loading);
  const options = callOptions(request, {});
  return async (lines) => {
    const texts = lines.map(({ text }) => text);
    return results(await correct(texts, options), ({ text, corrections }) => {
      const rows = corrections.map(({ start, end, source, target, score }) => [
        ...[percentText(score), `${start}–${end}`, `${source} → ${target === "" ? "nothing" : target}`],
      ]);
      return `${text}\n${rows.length === 0 ? "" : columnsText(rows, "")}`;
    });
  };
}

import { type Entity, type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { columnsText } from "../quantities.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const tokenClassification: PipelineRunner = { own: ["aggregationStrategy", "ignoreLabels", "stride"], load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, aggregationStrategy, ignoreLabels, stride } = request.values;
  const classify = await pipeline("token-classification", model, loading);
  const ignored = request.given.has("ignoreLabels") ? ignoreLabels : undefined;
  const options = callOptions(request, { aggregationStrategy, stride, ignoreLabels: ignored });
  return async (lines) => {
    const texts = lines.map(({ text }) => text);
    return results<Entity[]>(await classify(texts, options), (value, index) => {
      const rows = value.map((entity) => {
        const label = "entity" in entity ? entity.entity : entity.entityGroup;
        return [percentText(entity.score), label, `${entity.start}–${entity.end}`, entity.word];
      });
      return `${texts[index]}\n${rows.length === 0 ? "  nothing found\n" : columnsText(rows, "")}`;
    });
  };
}

import {
  type Entity,
  type IntentAndEntities,
  type PipelineOptions,
  pipeline,
  type TokenClassificationOptions,
} from "../../pipelines/index.ts";
import { columnsText } from "../quantities.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const tokenClassification: PipelineRunner = {
  own: ["aggregationStrategy", "ignoreLabels", "stride", "intent"],
  load,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { model, aggregationStrategy, ignoreLabels, stride, intent } = request.values;
  const classify = await pipeline("token-classification", model, loading);
  const ignored = request.given.has("ignoreLabels") ? ignoreLabels : undefined;
  const options: TokenClassificationOptions = callOptions(request, {
    ...{ aggregationStrategy, stride, ignoreLabels: ignored },
    intent: intent || undefined,
  });
  return async (lines) => {
    const texts = lines.map(({ text }) => text);
    const values: (Entity[] | IntentAndEntities<Entity[]>)[] = await classify(texts, options);
    return results(values, (value, index) => {
      const entities = "entities" in value ? value.entities : value;
      const wanted = "intent" in value ? `${percentText(value.intent.score)}  ${value.intent.label}\n` : "";
      const rows = entities.map((entity) => {
        const label = "entity" in entity ? entity.entity : entity.entityGroup;
        return [percentText(entity.score), label, `${entity.start}–${entity.end}`, entity.word];
      });
      return `${texts[index]}\n${wanted}${rows.length === 0 ? "  nothing found\n" : columnsText(rows, "")}`;
    });
  };
}

import { type ParsingInput, type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { columnsText } from "../quantities.ts";
import { fieldText } from "../run-inputs.ts";
import { callOptions, type PipelineRunner, percentText, type Runner, type RunRequest, results } from "./runner.ts";

export const dependencyParsing: PipelineRunner = { own: [], takesFields: true, load };

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const parse = await pipeline("dependency-parsing", request.values.model, loading);
  const options = callOptions(request, {});
  return async (lines) => {
    const inputs = lines.map((line): ParsingInput => {
      // The library checks the words.
      if (line.fields !== undefined && "tokens" in line.fields) return line.fields as unknown as { tokens: string[] };
      return fieldText(line, "text") ?? line.text;
    });
    return results(await parse(inputs, options), (value) => {
      const rows = value.map(({ index, word, head, relation, partOfSpeech = "", score }) => {
        const from = head === 0 ? "the root" : `${head} ${value[head - 1]?.word}`;
        return [percentText(score), String(index), word, partOfSpeech, relation, `← ${from}`];
      });
      return `${value.map(({ word }) => word).join(" ")}\n${columnsText(rows, "")}`;
    });
  };
}

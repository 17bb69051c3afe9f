import { type PipelineOptions, pipeline } from "../../pipelines/index.ts";
import { Random } from "../../random.ts";
import type { CommandContext } from "../command.ts";
import { generationOptions, textGenerationOptions } from "../generation-options.ts";
import { harmless } from "../output.ts";
import { callOptions, type PipelineRunner, type Runner, type RunRequest, results } from "./runner.ts";

export const textGeneration: PipelineRunner = {
  own: ["topK", ...(Object.keys(generationOptions) as (keyof typeof generationOptions)[])],
  load,
  loadStreaming,
};

async function load(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const options = callOptions(request, textGenerationOptions(request.values, request.given));
  const generate = await pipeline("text-generation", request.values.model, loading);
  const random = new Random(request.values.seed);
  let calls = 0;
  return async (lines) => {
    const texts = lines.map(({ text }) => text);
    const generated = await generate(texts, { ...options, random: random.fork("call", calls++) });
    return results(generated, (value) => value.map(({ generatedText }) => `${generatedText}\n`).join(""));
  };
}

async function loadStreaming(
  request: RunRequest,
  loading: PipelineOptions,
  output: CommandContext["output"],
): Promise<Runner> {
  const options = textGenerationOptions(request.values, request.given);
  const generate = await pipeline("text-generation", request.values.model, loading);
  const random = new Random(request.values.seed);
  const write = (text: string): void => void output.write(harmless(text));
  let calls = 0;
  return async ([line]) => {
    const text = line?.text ?? "";
    if (options.returnFullText) write(text);
    const value = await generate(text, { ...options, random: random.fork("call", calls++), onText: write });
    return [{ value, text: "\n" }];
  };
}

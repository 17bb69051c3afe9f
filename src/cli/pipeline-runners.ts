/** How `cloze run` calls each pipeline, and how people read what it returns. */
import { ConfigurationError } from "../errors.ts";
import { type PipelineOptions, type PipelineTask, pipeline } from "../pipelines/index.ts";
import { Random } from "../random.ts";
import type { CommandContext, CommandRequest } from "./command.ts";
import { generationOptions, textGenerationOptions } from "./generation-options.ts";
import { harmless } from "./output.ts";
import type { runOptions } from "./run-options.ts";

export type RunRequest = CommandRequest<typeof runOptions>;

export interface RunResult {
  /** Exactly what the library returns. */
  readonly value: unknown;
  /** The same for people. */
  readonly text: string;
}

/** What a pipeline makes of some texts, one result for each. */
export type Runner = (texts: readonly string[]) => Promise<readonly RunResult[]>;

export interface PipelineRunner {
  /** The options that only this pipeline and those that name it too can take. */
  readonly own: readonly string[];
  load(request: RunRequest, loading: PipelineOptions): Promise<Runner>;
  /** One text at a time, written to `output` while it is made; the results' texts say only what is left to say. */
  loadStreaming?(request: RunRequest, loading: PipelineOptions, output: CommandContext["output"]): Promise<Runner>;
}

export const pipelineRunners: Readonly<Record<PipelineTask, PipelineRunner>> = {
  "fill-mask": { own: ["topK", "targets"], load: loadFillMask },
  "next-sentence-prediction": { own: ["pair"], load: loadNextSentencePrediction },
  "text-generation": {
    own: ["topK", ...Object.keys(generationOptions)],
    load: loadTextGeneration,
    loadStreaming: loadStreamingTextGeneration,
  },
};

function percentText(share: number): string {
  return `${(100 * share).toFixed(1)}%`.padStart(7);
}

async function loadFillMask({ values }: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { topK, batchSize, targets } = values;
  const unmask = await pipeline("fill-mask", values.model, loading);
  return async (texts) => {
    const results = await unmask(texts, { topK, batchSize, targets: targets.length > 0 ? targets : undefined });
    return results.map((value, index) => {
      const masks = Array.isArray(value[0]) ? (value as readonly (typeof value)[]) : [value];
      const blocks = masks.map((answers, mask) => {
        const title = masks.length > 1 ? `  blank ${mask + 1}\n` : "";
        const lines = answers.flat().map(({ score, tokenStr, sequence }) => {
          const whole = masks.length > 1 ? "" : `  ${sequence}`;
          return `  ${percentText(score)}  ${tokenStr.padEnd(14)}${whole}`.trimEnd();
        });
        return `${title}${lines.join("\n")}\n`;
      });
      return { value, text: `${texts[index]}\n${blocks.join("")}` };
    });
  };
}

async function loadNextSentencePrediction({ values }: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { batchSize, pair } = values;
  const predict = await pipeline("next-sentence-prediction", values.model, loading);
  let used = 0;
  return async (texts) => {
    const pairs = texts.map((text) => pairOf(text, pair, used++));
    const results = await predict(pairs, { batchSize });
    return results.map((value, index) => {
      const { text, textPair } = pairs[index] as (typeof pairs)[number];
      const scores = value.map(({ label, score }) => `${percentText(score)}  ${label}\n`).join("");
      return { value, text: `${text} → ${textPair}\n${scores}` };
    });
  };
}

async function loadTextGeneration(request: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const options = textGenerationOptions(request.values, request.given);
  const generate = await pipeline("text-generation", request.values.model, loading);
  const random = new Random(request.values.seed);
  let calls = 0;
  return async (texts) => {
    const results = await generate(texts, { ...options, random: random.fork("call", calls++) });
    return results.map((value) => {
      return { value, text: value.map(({ generatedText }) => `${generatedText}\n`).join("") };
    });
  };
}

async function loadStreamingTextGeneration(
  request: RunRequest,
  loading: PipelineOptions,
  output: CommandContext["output"],
): Promise<Runner> {
  const options = textGenerationOptions(request.values, request.given);
  const generate = await pipeline("text-generation", request.values.model, loading);
  const random = new Random(request.values.seed);
  const write = (text: string): void => void output.write(harmless(text));
  let calls = 0;
  return async ([text = ""]) => {
    if (options.returnFullText) write(text);
    const value = await generate(text, { ...options, random: random.fork("call", calls++), onText: write });
    return [{ value, text: "\n" }];
  };
}

/** The pair of the input with this number: one for all, one for each, or what follows a tab in the line. */
function pairOf(text: string, pair: readonly string[], index: number): { text: string; textPair: string } {
  const textPair = pair.length === 1 ? pair[0] : pair[index];
  if (textPair !== undefined) return { text, textPair };
  const [first, second] = text.split("\t");
  if (pair.length === 0 && first !== undefined && second !== undefined) return { text: first, textPair: second };
  throw new ConfigurationError(`Input ${index + 1} has no second text.`, {
    field: "--pair",
    expected: "one --pair for all inputs, one for each, or lines with two texts and a tab between them",
    received: pair.length === 0 ? "none" : `${pair.length} for more inputs`,
    hint: 'Add --pair "the second text".',
  });
}

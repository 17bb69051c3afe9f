/** `cloze run`: a pipeline over texts from flags, a file or a pipe. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { type PipelineOptions, type PipelineTask, pipeline, pipelineTasks } from "../pipelines/index.ts";
import { type CommandContext, type CommandRequest, defineCommand } from "./command.ts";
import {
  chosen,
  flagName,
  optionalText,
  optionalWholeNumber,
  requiredText,
  severalTexts,
  wholeNumber,
} from "./options.ts";
import { harmless } from "./output.ts";
import { textBlocks, textInputOptions } from "./text-inputs.ts";

const options = {
  model: requiredText("DIR", "A model folder"),
  ...textInputOptions,
  pair: severalTexts("TEXT", "next-sentence-prediction: the second text, one for all or one for each input"),
  output: optionalText("FILE", "Write the results to a file", "standard output"),
  topK: wholeNumber("fill-mask: answers for each mask", 5),
  targets: severalTexts("TOKEN", "fill-mask: consider only this token", "all tokens"),
  batchSize: wholeNumber("Texts that go through the model together", 16),
  device: optionalText("DEVICE", "What computes", "cpu"),
  threads: optionalWholeNumber("Threads of a run", "all processors"),
};
type RunRequest = CommandRequest<typeof options>;

/** What a pipeline makes of a block of texts: for each what the library returns, and how a person reads it. */
type Runner = (texts: readonly string[]) => Promise<readonly { readonly value: unknown; readonly text: string }[]>;

/** How each pipeline is called, and which of the options are its own. */
const runners: Readonly<
  Record<PipelineTask, { own: readonly string[]; load(request: RunRequest, loading: PipelineOptions): Promise<Runner> }>
> = {
  "fill-mask": { own: ["topK", "targets"], load: loadFillMask },
  "next-sentence-prediction": { own: ["pair"], load: loadNextSentencePrediction },
};

export const run = defineCommand({
  arguments: [{ name: "<pipeline>", about: pipelineTasks.join(", ") }],
  options,
  examples: [
    'cloze run fill-mask --model ./my-bert --input "Paris is the [MASK] of France."',
    "cloze run fill-mask --model ./my-bert --json < sentences.txt",
    'cloze run next-sentence-prediction --model ./my-bert --input "It rains." --pair "Take an umbrella."',
  ],
  async run(request, context) {
    const { output: file, device, threads } = request.values;
    const task = chosen(request.arguments[0] ?? "", pipelineTasks, "run");
    refuseForeignOptions(task, request);
    const onWarning = (text: string): void => context.output.warn(text);
    const runner = await runners[task].load(request, { device, threads, onWarning });
    if (file === undefined) {
      for await (const lines of resultLines(runner, request, context)) await context.output.write(lines);
      return;
    }
    const encoder = new TextEncoder();
    async function* bytes(): AsyncGenerator<Uint8Array> {
      for await (const lines of resultLines(runner, request, context)) yield encoder.encode(lines);
    }
    await platform.writeFileAtomically(platform.resolve(file), bytes());
  },
});

/** Options of another pipeline would be without effect. */
function refuseForeignOptions(task: PipelineTask, { given }: RunRequest): void {
  for (const [other, { own }] of Object.entries(runners)) {
    const foreign = own.find((name) => other !== task && given.has(name));
    if (foreign === undefined) continue;
    throw new ConfigurationError(`--${flagName(foreign)} is of ${other}, not of ${task}.`, {
      field: `--${flagName(foreign)}`,
      hint: "Leave it out.",
    });
  }
}

async function* resultLines(runner: Runner, { values }: RunRequest, context: CommandContext): AsyncGenerator<string> {
  const { output, progress } = context;
  let done = 0;
  for await (const block of textBlocks(values, context)) {
    // Blocks are as large as the input gives them; results should come as they are ready.
    const step = values.batchSize * 8;
    for (let start = 0; start < block.length; start += step) {
      const results = await runner(block.slice(start, start + step));
      done += results.length;
      progress.report({ stage: "running", done, total: undefined, unit: "texts" });
      yield results.map(({ value, text }) => (output.isJson ? `${JSON.stringify(value)}\n` : text)).join("");
    }
  }
}

function percentText(share: number): string {
  return `${(100 * share).toFixed(1)}%`.padStart(7);
}

async function loadFillMask({ values }: RunRequest, loading: PipelineOptions): Promise<Runner> {
  const { topK, batchSize, targets } = values;
  const unmask = await pipeline("fill-mask", values.model, loading);
  return async (texts) => {
    const results = await unmask(texts, { topK, batchSize, ...(targets.length > 0 && { targets }) });
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
      return { value, text: harmless(`${texts[index]}\n${blocks.join("")}`) };
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
      return { value, text: harmless(`${text} → ${textPair}\n${scores}`) };
    });
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

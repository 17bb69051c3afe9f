/** `cloze run`: a pipeline over texts from flags, a file or a pipe. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { type PipelineTask, pipelineTasks } from "../pipelines/index.ts";
import { measured } from "../runtime/profiler.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { chosen, flagName } from "./options.ts";
import { harmless } from "./output.ts";
import { pipelineRunners, type Runner, type RunRequest } from "./pipeline-runners.ts";
import { profiled } from "./profile.ts";
import { runOptions } from "./run-options.ts";
import { textBlocks } from "./text-inputs.ts";

/** Texts that go to a pipeline at a time: several of its batches, so that texts of like length can go together. */
const textsAtATime = 128;

export const run = defineCommand({
  arguments: [{ name: "<pipeline>", about: pipelineTasks.join(", ") }],
  options: runOptions,
  examples: [
    'cloze run fill-mask --model ./my-bert --input "Paris is the [MASK] of France."',
    "cloze run fill-mask --model ./my-bert --json < sentences.txt",
    'cloze run next-sentence-prediction --model ./my-bert --input "It rains." --pair "Take an umbrella."',
    'cloze run text-generation --model ./my-gpt --input "Once upon a" --do-sample --top-p 0.9',
  ],
  async run(request, context) {
    const task = chosen(request.arguments[0] ?? "", pipelineTasks, "run");
    refuseForeignOptions(task, request);
    const { profile } = request.values;
    const file = profile === "" ? "profile.json" : profile;
    await profiled(file, "run", context, () => runPipeline(task, request, context));
  },
});

async function runPipeline(task: PipelineTask, request: RunRequest, context: CommandContext): Promise<void> {
  const { output, terminal } = context;
  const { output: file, device, threads, numBeams, numReturnSequences } = request.values;
  const loading = { device, threads, onWarning: (text: string) => output.warn(text) };
  const { load, loadStreaming } = pipelineRunners[task];
  const isWatched = terminal.output.isTerminal && !output.isJson && file === undefined;
  if (loadStreaming !== undefined && isWatched && (numBeams ?? 1) === 1 && (numReturnSequences ?? 1) === 1) {
    const runner = await measured("loading the model", () => loadStreaming(request, loading, output));
    for await (const text of resultLines(runner, 1, request, context)) await output.write(text);
    return;
  }
  const runner = await measured("loading the model", () => load(request, loading));
  const lines = resultLines(runner, textsAtATime, request, context);
  if (file === undefined) {
    for await (const text of lines) await output.write(text);
    return;
  }
  const encoder = new TextEncoder();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const text of lines) yield encoder.encode(text);
  }
  await platform.writeFileAtomically(platform.resolve(file), bytes());
}

/** Options of another pipeline would be without effect. */
function refuseForeignOptions(task: PipelineTask, { given }: RunRequest): void {
  for (const [other, { own }] of Object.entries(pipelineRunners)) {
    const foreign = own.find((name) => given.has(name) && !pipelineRunners[task].own.includes(name));
    if (foreign === undefined) continue;
    throw new ConfigurationError(`--${flagName(foreign)} is of ${other}, not of ${task}.`, {
      field: `--${flagName(foreign)}`,
      hint: "Leave it out.",
    });
  }
}

async function* resultLines(
  runner: Runner,
  atATime: number,
  { values }: RunRequest,
  context: CommandContext,
): AsyncGenerator<string> {
  const { output, progress, terminal } = context;
  const shown = terminal.output.isTerminal ? harmless : (text: string): string => text;
  let done = 0;
  for await (const block of textBlocks(values, context)) {
    for (let start = 0; start < block.length; start += atATime) {
      const results = await runner(block.slice(start, start + atATime));
      done += results.length;
      // Where texts are shown as they are made, a line of progress would be in their way.
      if (atATime > 1) progress.report({ stage: "running", done, total: undefined, unit: "texts" });
      yield results.map(({ value, text }) => (output.isJson ? `${JSON.stringify(value)}\n` : shown(text))).join("");
    }
  }
}

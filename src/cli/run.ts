/** `cloze run`: a pipeline over texts from flags, a file or a pipe. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { type PipelineTask, pipelineTasks, writeVectors } from "../pipelines/index.ts";
import { measured } from "../runtime/profiler.ts";
import type { Tensor } from "../tensor/index.ts";
import { type CommandContext, defineCommand } from "./command.ts";
import { chosen, flagName } from "./options.ts";
import { harmless } from "./output.ts";
import { profiled } from "./profile.ts";
import { isJsonLines, LineReader } from "./run-inputs.ts";
import { runOptions } from "./run-options.ts";
import { pipelineRunners } from "./runners/index.ts";
import type { Runner, RunRequest, RunResult } from "./runners/runner.ts";
import { textBlocks } from "./text-inputs.ts";

/** Inputs that go to a pipeline at a time: several of its batches, so that texts of like length can go together. */
const inputsAtATime = 128;

export const run = defineCommand({
  arguments: [{ name: "<pipeline>", about: pipelineTasks.join(", ") }],
  options: runOptions,
  examples: [
    'cloze run fill-mask --model ./my-bert --input "Paris is the [MASK] of France."',
    "cloze run fill-mask --model ./my-bert --json < sentences.txt",
    "cloze run feature-extraction --model ./my-encoder --file sentences.txt --output vectors.npy",
    'cloze run question-answering --model ./my-bert --question "Who won?" --context "Ann won the race."',
    'cloze run zero-shot-classification --model ./my-nli --input "We won!" --candidate-label sports,politics',
    'cloze run multiple-choice --model ./my-bert --context "It rains." --choice "We get wet." --choice "It snows."',
    'cloze run text-ranking --model ./my-reranker --query "Who won?" --document "Ann won." --document "It rained."',
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
  const { output, terminal, progress } = context;
  const { output: file, device, threads, numBeams, numReturnSequences } = request.values;
  const { load, loadStreaming, givesVectors = false } = pipelineRunners[task];
  const isJson = output.isJson || isJsonLines(file);
  const isNpy = file?.endsWith(".npy") === true;
  refuseUnseenOutputs(request, { isJson, isNpy, givesVectors });
  const reading = new Reading(task, request, context);
  const onWarning = (text: string): void => output.warn(text);
  const isWatched = terminal.output.isTerminal && !isJson && file === undefined;
  if (loadStreaming !== undefined && isWatched && (numBeams ?? 1) === 1 && (numReturnSequences ?? 1) === 1) {
    const runner = await measured("loading the model", () =>
      loadStreaming(request, { device, threads, onWarning }, output),
    );
    for await (const results of reading.results(runner, 1))
      await output.write(results.map(({ text }) => text).join(""));
    return;
  }
  const onBatch = (done: number, total: number): void =>
    progress.report({ stage: "running", unit: "texts", total: reading.total, done: reading.doneWith(done / total) });
  const runner = await measured("loading the model", () => load(request, { device, threads, onWarning, onBatch }));
  const results = reading.results(runner, inputsAtATime);
  if (file !== undefined && isNpy) return writeVectors(file, tensorsOf(results));
  const shown = terminal.output.isTerminal && file === undefined ? harmless : (text: string): string => text;
  const textOf = ({ value, text }: RunResult): string => (isJson ? `${JSON.stringify(value)}\n` : shown(text));
  if (file === undefined) {
    for await (const block of results) await output.write(block.map(textOf).join(""));
    return;
  }
  const encoder = new TextEncoder();
  async function* bytes(): AsyncGenerator<Uint8Array> {
    for await (const block of results) yield encoder.encode(block.map(textOf).join(""));
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

interface OutputKind {
  readonly isJson: boolean;
  readonly isNpy: boolean;
  readonly givesVectors: boolean;
}

/** What nobody could see or read is asked for by mistake. */
function refuseUnseenOutputs({ values }: RunRequest, { isJson, isNpy, givesVectors }: OutputKind): void {
  const states = (["outputAttentions", "outputHiddenStates"] as const).find((name) => values[name]);
  if (states !== undefined && (!isJson || isNpy)) {
    throw new ConfigurationError(`--${flagName(states)} shows only in JSON Lines.`, {
      field: `--${flagName(states)}`,
      expected: "--json beside it, or an --output that ends with .jsonl",
      hint: "Add --json, or leave it out.",
    });
  }
  const { output: file } = values;
  if (file === undefined) return;
  if (isNpy && !givesVectors) {
    throw new ConfigurationError(`Only vectors can be written as ${file}.`, {
      field: "--output",
      expected: "a file of text, or one that ends with .jsonl",
      received: file,
      hint: "Give the file another name, or run feature-extraction.",
    });
  }
  if (givesVectors && !isNpy && !isJson) {
    throw new ConfigurationError("Vectors are written as NumPy's format or as JSON Lines.", {
      field: "--output",
      expected: "a name that ends with .npy or .jsonl, or --json beside it",
      received: file,
      hint: "Give the file such a name.",
    });
  }
}

/** The inputs of one run on their way through a pipeline. */
class Reading {
  readonly #context: CommandContext;
  readonly #inputs: { readonly input: readonly string[]; readonly file: string | undefined };
  readonly #lines: LineReader;
  #done = 0;
  #underWay = 0;

  constructor(task: PipelineTask, request: RunRequest, context: CommandContext) {
    const { inputOptions = [], takesFields = false } = pipelineRunners[task];
    const { input, file } = request.values;
    const other = inputOptions.find((name) => request.values[name].length > 0);
    if (other !== undefined && other === inputOptions[0] && input.length > 0) {
      throw new ConfigurationError(`--input and --${flagName(other)} mean the same here.`, {
        field: `--${flagName(other)}`,
        expected: "one of them",
        hint: "Leave one out.",
      });
    }
    this.#context = context;
    this.#inputs = { input: input.length > 0 || other === undefined ? input : request.values[other], file };
    this.#lines = new LineReader(file, takesFields);
  }

  /** How many inputs there are; undefined where that shows only at their end. */
  get total(): number | undefined {
    return this.#inputs.input.length || undefined;
  }

  /** How many inputs are done when so much of those under way is. */
  doneWith(share: number): number {
    return Math.floor(this.#done + share * this.#underWay);
  }

  async *results(runner: Runner, atATime: number): AsyncGenerator<readonly RunResult[]> {
    for await (const block of textBlocks(this.#inputs, this.#context)) {
      const lines = this.#lines.read(block);
      for (let start = 0; start < lines.length; start += atATime) {
        const chunk = lines.slice(start, start + atATime);
        this.#underWay = chunk.length;
        yield await runner(chunk);
        this.#done += chunk.length;
      }
    }
  }
}

async function* tensorsOf(blocks: AsyncIterable<readonly RunResult[]>): AsyncGenerator<Tensor> {
  for await (const block of blocks) for (const { value } of block) yield value as Tensor;
}

/** `cloze inspect`: what a model folder holds and what it can do. */
import { ConfigurationError, TokenizerError } from "../errors.ts";
import {
  AutoModel,
  type ModelMemory,
  type ModelPart,
  type ModelSummary,
  type ModelTask,
  type ModelUse,
  summarizeModel,
} from "../models/index.ts";
import type { PipelineTask } from "../pipelines/index.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { attentionOptions, inspectAttention } from "./inspect-attention.ts";
import { flagName, toggle, type ValuesOf } from "./options.ts";
import type { Colors } from "./output.ts";
import { bytesText, columnsText, countText } from "./quantities.ts";

/** What runs a model that was trained for a task. */
const pipelineOfTask: Readonly<Partial<Record<ModelTask, PipelineTask>>> = {
  base: "feature-extraction",
  maskedLM: "fill-mask",
  causalLM: "text-generation",
  sequenceClassification: "text-classification",
  tokenClassification: "token-classification",
  questionAnswering: "question-answering",
  multipleChoice: "multiple-choice",
  nextSentencePrediction: "next-sentence-prediction",
};

/** Values, gradients and two moments of AdamW, all float32. */
const trainingBytesPerParameter = 16;

interface TokenizerSummary {
  readonly class: string;
  readonly tokens: number;
}

export const inspect = defineCommand({
  arguments: [{ name: "<folder>", about: "A model folder, or the id of a model on the hub", isPublished: true }],
  options: {
    ...attentionOptions,
    memory: toggle("Measure memory: load the model, make one call and ask the engine"),
  },
  examples: [
    "cloze inspect ./my-bert",
    "cloze inspect ./my-bert --memory",
    'cloze inspect ./my-bert --attention "The cat sat on the mat because it was tired."',
    'cloze inspect ./my-bert --attention "It rains." --pair "Take an umbrella." --output attention.html',
  ],
  async run({ arguments: [folder = ""], values, given }, context) {
    const { output } = context;
    const { attention } = values;
    if (attention !== undefined) return inspectAttention(folder, attention, values, context);
    refuseWithoutAttention(given, values.memory);
    const summary = await summarizeModel(folder, { onWarning: (text) => output.warn(text) });
    const tokenizer = await tokenizerOf(folder);
    const measured = values.memory ? await measuredMemory(summary, values) : undefined;
    await output.result(jsonOf(folder, summary, tokenizer, measured), () =>
      textOf(folder, summary, tokenizer, measured, output.colors),
    );
  },
});

/** These flags would be without effect. */
function refuseWithoutAttention(given: ReadonlySet<string>, runsModel: boolean): void {
  const idle = Object.keys(attentionOptions).find((name) => given.has(name) && !(runsModel && name in engineOptions));
  if (idle === undefined) return;
  throw new ConfigurationError(`--${flagName(idle)} has no effect without --attention.`, {
    field: `--${flagName(idle)}`,
    hint: 'Add --attention "some text", or leave it out.',
  });
}

/** What the model, without its head, takes after a call over a few tokens. */
async function measuredMemory(
  { folder }: ModelSummary,
  { device, threads }: ValuesOf<typeof engineOptions>,
): Promise<ModelMemory> {
  const model = await AutoModel.fromPretrained(folder, { device, threads, onWarning: () => undefined });
  try {
    await model({ inputIds: [[0, 0]] });
    return await model.memory();
  } finally {
    await model.release();
  }
}

/** Undefined when the folder has none. */
async function tokenizerOf(folder: string): Promise<TokenizerSummary | undefined> {
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(folder);
    return { class: tokenizer.config.tokenizerClass, tokens: tokenizer.length };
  } catch (error) {
    if (error instanceof TokenizerError && error.received === "none of these") return undefined;
    throw error;
  }
}

function pipelinesOf({ uses }: ModelSummary, tokenizer: TokenizerSummary | undefined): PipelineTask[] {
  if (tokenizer === undefined) return [];
  return uses.flatMap(({ task, missingParameters }) => (missingParameters === 0 ? (pipelineOfTask[task] ?? []) : []));
}

function jsonOf(
  path: string,
  summary: ModelSummary,
  tokenizer: TokenizerSummary | undefined,
  measured: ModelMemory | undefined,
): object {
  const { modelType, className, sizes, parameters, parts, weights, uses } = summary;
  const { extra: _, ...config } = summary.config as unknown as Record<string, unknown>;
  return {
    path,
    modelType,
    class: className,
    ...sizes,
    parameters,
    parts,
    memory: { weightsBytes: 4 * parameters, trainingBytes: trainingBytesPerParameter * parameters, ...measured },
    weights,
    tokenizer: tokenizer ?? null,
    uses,
    pipelines: pipelinesOf(summary, tokenizer),
    config,
  };
}

function textOf(
  folder: string,
  summary: ModelSummary,
  tokenizer: TokenizerSummary | undefined,
  measured: ModelMemory | undefined,
  colors: Colors,
): string {
  const { modelType, className, sizes, parameters, parts, weights, uses } = summary;
  const { layers, width, heads, maximumLength } = sizes;
  const title = (text: string): string => `\n${colors.bold(text)}\n`;
  const about = [
    ["architecture", `${modelType} (${className})`],
    ["size", `L ${layers}, H ${width}, A ${heads}: ${layers} layers of ${width} features and ${heads} attention heads`],
    ["longest text", `${countText(maximumLength)} tokens`],
    ["tokenizer", tokenizer === undefined ? "none here" : `${tokenizer.class}, ${countText(tokenizer.tokens)} tokens`],
    ["weights", `${bytesText(weights.bytes)} as ${weights.types.join(", ")}, in ${weights.file}`],
  ];
  const digits = countText(parameters).length;
  const partRows = [...parts.map(partRow), ["all", countText(parameters), ""] as const].map(
    ([name, size, each]) => [name, size.padStart(digits), each] as const,
  );
  const memory = [
    ["to run", `${bytesText(4 * parameters)} for the weights, as float32`],
    ["to train", `${bytesText(trainingBytesPerParameter * parameters)} with AdamW, and what the batches need`],
    ...(measured === undefined ? [] : [["in a call", measuredText(measured)] as const]),
  ];
  const commands = pipelinesOf(summary, tokenizer).map((pipeline) => `  cloze run ${pipeline} --model ${folder}\n`);
  return [
    `${colors.bold(folder)}\n`,
    columnsText(about, "  "),
    title("Parameters"),
    columnsText(partRows, "  "),
    title("Memory"),
    columnsText(memory, "  "),
    title("What it can do"),
    columnsText([...new Map(uses.map((use) => [use.className, useRow(use)])).values()], "  "),
    ...(commands.length === 0 ? [] : [title("Try"), ...commands]),
  ].join("");
}

function measuredText({ valuesBytes, compiledBytes }: ModelMemory): string {
  const values = valuesBytes === 0 ? "the values stay in their file" : `${bytesText(valuesBytes)} of values in memory`;
  if (compiledBytes === undefined) return `${values}; this engine does not say what it holds`;
  return `${values}; the engine holds ${bytesText(compiledBytes)}, weights packed for this processor (without a head)`;
}

function partRow({ name, count, parameters }: ModelPart) {
  const each = count > 1 ? `${count} of ${countText(parameters / count)}` : "";
  return [name, countText(parameters), each] as const;
}

function useRow({ className, missingParameters }: ModelUse): string[] {
  const state = missingParameters === 0 ? "ready" : `lacks ${countText(missingParameters)} parameters, to be trained`;
  return [className, state];
}

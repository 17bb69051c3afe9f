/**
 * A model folder as the ONNX folder that transformers.js loads: `config.json`, the tokenizer's files, `onnx/model.onnx` in
 * float32 and `onnx/model_quantized.onnx` with 8-bit weights. Each file is run and compared before the folder appears.
 */
import { platform } from "#platform";
import { ClozeError, ConfigurationError, TokenizerError } from "../errors.ts";
import type { AnyModel, ModelClass, ModelSummary, ModelUse } from "../models/index.ts";
import { classFor, loadArchitecture, type ModelTask, summarizeModel } from "../models/index.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { Random } from "../random.ts";
import { Executable } from "../runtime/executable.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { type Drift, measureDrift } from "./drift.ts";
import { type ExportedGraph, exportedGraph } from "./exported-graph.ts";
import { writeOnnx } from "./onnx-file.ts";
import { quantizeDynamically } from "./quantize.ts";

/** What a file's weights are, under the names by which transformers.js asks for it. */
export const exportTypes = ["fp32", "q8"] as const;
export type ExportType = (typeof exportTypes)[number];

const files: Readonly<Record<ExportType, string>> = { fp32: "onnx/model.onnx", q8: "onnx/model_quantized.onnx" };

/** What an exported model is for, under the names of the pipelines. */
const exportedTasks = {
  "feature-extraction": "base",
  "fill-mask": "maskedLM",
  "text-classification": "sequenceClassification",
  "token-classification": "tokenClassification",
  "question-answering": "questionAnswering",
  "multiple-choice": "multipleChoice",
  "next-sentence-prediction": "nextSentencePrediction",
  "text-generation": "causalLM",
} as const satisfies Readonly<Record<string, ModelTask>>;
export type ExportTask = keyof typeof exportedTasks;
export const exportTasks = Object.keys(exportedTasks) as readonly ExportTask[];

/** Architectures that are here and there; of decoders, which go on from the keys and values of what they have read, one. */
const encoders = ["bert", "distilbert", "roberta", "albert"];
const decoders = ["gpt2"];

/** Share of the largest value by which the outputs of the float32 file may differ: the order of sums is another one. */
const allowedFloatDrift = 2e-5;
/** The same for 8 bits, unless said otherwise. */
export const defaultMaxDrift = 0.2;

export interface ExportOptions {
  /** The one that the folder's `config.json` was saved for, when left out. */
  readonly task?: ExportTask | undefined;
  /** Both when left out. */
  readonly types?: readonly ExportType[] | undefined;
  /** Share of the largest value by which the outputs of the 8-bit file may differ; 0.2 when left out. */
  readonly maxDrift?: number | undefined;
  /** Whether an existing folder is replaced. */
  readonly overwrite?: boolean | undefined;
  readonly threads?: number | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
  readonly onProgress?: ((stage: string) => void) | undefined;
}
const optionNames = ["task", "types", "maxDrift", "overwrite", "threads", "onWarning", "onProgress"];

export interface ExportedFile {
  /** Within the folder. */
  readonly file: string;
  readonly type: ExportType;
  readonly bytes: number;
  readonly drift: Drift;
  readonly allowedDrift: number;
}

export interface ExportReport {
  readonly task: ExportTask;
  readonly className: string;
  readonly inputs: ExportedGraph["inputs"];
  readonly outputs: ExportedGraph["outputs"];
  /** Outputs of this kind of model that the folder has no weights for. */
  readonly leftOut: readonly string[];
  readonly files: readonly ExportedFile[];
  /** Whether the folder had a tokenizer. */
  readonly hasTokenizer: boolean;
}

/**
 * Exports a model folder. Nothing is left behind if it fails.
 *
 * @throws ConfigurationError for what transformers.js does not know, a head without weights, or a file that would be too large; ClozeError of the
 *   kind parity if a file's outputs drift too far from the model's own.
 */
export async function exportModel(source: string, folder: string, options: ExportOptions = {}): Promise<ExportReport> {
  refuseUnknownNames(options, optionNames, "the options of exportModel");
  const { types = exportTypes, threads, overwrite = false, onWarning } = options;
  const summary = await summarizeModel(source, onWarning === undefined ? {} : { onWarning });
  const { task, use, modelClass } = await exportedUse(summary, options.task);
  const isCausal = decoders.includes(summary.modelType);
  const model = await loaded(modelClass, summary.folder, threads);
  try {
    const exported = exportedGraph(model, { isCausal, missing: new Set(use.missing) });
    const tokenizer = await tokenizerOf(summary.folder);
    const written: ExportedFile[] = [];
    await platform.writeFolderAtomically(
      platform.resolve(folder),
      async (aside) => {
        for (const type of exportTypes.filter((name) => types.includes(name))) {
          written.push(await writeGraph(aside, type, { model, exported, isCausal, summary, options }));
        }
        await platform.writeFileAtomically(platform.join(aside, "config.json"), configOf(summary, modelClass, types));
        const generation = model.generationConfig?.text;
        if (generation !== undefined) {
          await platform.writeFileAtomically(platform.join(aside, "generation_config.json"), generation);
        }
        await tokenizer?.savePretrained(aside);
      },
      { replace: overwrite },
    );
    const { inputs, outputs, leftOut } = exported;
    const { className } = use;
    return { task, className, inputs, outputs, leftOut, files: written, hasTokenizer: tokenizer !== undefined };
  } finally {
    await model.release();
  }
}

async function exportedUse(
  summary: ModelSummary,
  asked: ExportTask | undefined,
): Promise<{ task: ExportTask; use: ModelUse; modelClass: ModelClass }> {
  const { modelType, className, uses } = summary;
  const architecture = await loadArchitecture(modelType);
  requireExportable(summary, architecture.isCausal?.(summary.config) ?? false);
  // Pretraining classes are none of those that pipelines take: their vocabulary head is what they were trained for.
  const saved = exportTasks.find((name) => architecture.tasks[exportedTasks[name]]?.name === className);
  const task = asked ?? saved ?? (decoders.includes(modelType) ? "text-generation" : "fill-mask");
  const isDecoder = decoders.includes(modelType);
  if (isDecoder !== (task === "text-generation")) {
    throw new ConfigurationError(`${modelType} cannot be exported for ${task}.`, {
      field: "--task",
      expected: isDecoder ? "text-generation" : exportTasks.filter((name) => name !== "text-generation").join(", "),
      received: task,
      hint: 'Take one of the tasks named under "expected".',
    });
  }
  const modelClass = classFor(architecture, exportedTasks[task]);
  const use = uses.find((other) => other.task === exportedTasks[task]) as ModelUse;
  return { task, use, modelClass };
}

/** Throws a ConfigurationError for an architecture that transformers.js does not know, or not as a decoder. */
function requireExportable({ modelType, className, config, folder }: ModelSummary, isCausal: boolean): void {
  const { addCrossAttention = false } = config as { addCrossAttention?: boolean };
  if (decoders.includes(modelType) ? !addCrossAttention : encoders.includes(modelType) && !isCausal) return;
  const known = [...encoders, ...decoders].includes(modelType);
  throw new ConfigurationError(`${className} cannot be exported: transformers.js does not know such a model.`, {
    file: platform.join(folder, "config.json"),
    field: "model_type",
    expected: `an encoder (${encoders.join(", ")}) or a decoder without one beside it (${decoders.join(", ")})`,
    received: known ? `${modelType} with ${addCrossAttention ? "add_cross_attention" : "is_decoder"}` : modelType,
    hint: "Run it with Cloze, or train one of the others.",
  });
}

/** What is missing is known from the summary; what is left over belongs to other heads. */
function loaded(modelClass: ModelClass, folder: string, threads: number | undefined): Promise<AnyModel> {
  const loadable = modelClass as ModelClass & { fromPretrained(folder: string, options: object): Promise<AnyModel> };
  return loadable.fromPretrained(folder, { device: "cpu", threads, onWarning: () => undefined });
}

/** Undefined when the folder has none. */
async function tokenizerOf(folder: string) {
  try {
    return await AutoTokenizer.fromPretrained(folder);
  } catch (error) {
    if (error instanceof TokenizerError && error.received === "none of these") return undefined;
    throw error;
  }
}

interface GraphToWrite {
  readonly model: AnyModel;
  readonly exported: ExportedGraph;
  readonly isCausal: boolean;
  readonly summary: ModelSummary;
  readonly options: ExportOptions;
}

async function writeGraph(
  folder: string,
  type: ExportType,
  { model, exported, isCausal, summary, options }: GraphToWrite,
): Promise<ExportedFile> {
  const { maxDrift = defaultMaxDrift, threads, onProgress } = options;
  const file = files[type];
  const path = platform.join(folder, file);
  onProgress?.(`writing ${file}`);
  const graph = type === "fp32" ? exported.graph : quantizeDynamically(exported.graph);
  const bytes = await writeOnnx(path, graph, file);
  onProgress?.(`comparing ${file}`);
  const executable = await Executable.open(await model.engine, await platform.readFile(path, "checkpoint"), exported, {
    threads,
  });
  try {
    const longest = summary.sizes.maximumLength;
    const drift = await measureDrift(model, executable, { isCausal, random: new Random(0).fork("export"), longest });
    const allowedDrift = type === "fp32" ? allowedFloatDrift : maxDrift;
    refuseDrift(file, type, drift, allowedDrift);
    return { file, type, bytes, drift, allowedDrift };
  } finally {
    await executable.release();
  }
}

function refuseDrift(file: string, type: ExportType, { maxRelative, minCosine }: Drift, allowed: number): void {
  // A NaN does not pass.
  if (maxRelative <= allowed) return;
  const cosine = type === "q8" ? `, cosine ${minCosine.toFixed(5)}` : "";
  throw new ClozeError("parity", `The outputs of ${file} differ too much from the model's own.`, {
    file,
    field: type === "q8" ? "--max-drift" : undefined,
    expected: `at most ${allowed} of the largest value`,
    received: `${maxRelative.toExponential(1)}${cosine}`,
    hint:
      type === "q8"
        ? "Leave it out with --dtype fp32, or allow more with --max-drift if its results are good enough for you."
        : "This is a bug, or the weights hold very large values: try cloze verify.",
  });
}

/** The folder's own settings, for the class that was exported; without a float32 file, transformers.js is told which. */
function configOf(
  { config }: ModelSummary,
  { name, publishedName = name, configuration }: ModelClass,
  types: readonly ExportType[],
): string {
  const settings = { ...config, architectures: [publishedName], dtype: "float32" };
  const extra = types.includes("fp32")
    ? config.extra
    : { ...config.extra, "transformers.js_config": '{"dtype": "q8"}' };
  return configuration.stringify({ ...settings, extra } as never);
}

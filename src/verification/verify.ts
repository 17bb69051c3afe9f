/** Parity that anyone can check: whatever a reference holds, beside what is computed here. */
import { platform } from "#platform";
import { hubIdOf, isPlace, publishedFolder } from "../checkpoints/index.ts";
import { CheckpointError, ClozeError, ConfigurationError } from "../errors.ts";
import { type AnyModel, findClass, type LoadOptions, type ModelClass } from "../models/index.ts";
import { parseJson } from "../platform/file-errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { checkGeneration } from "./generation-checks.ts";
import { checkOutputs, checkTraining, parameterNamed } from "./model-checks.ts";
import { type ModelReference, namesUnder, readModelReference, referenceValues } from "./model-reference.ts";
import { checkProcessors } from "./processor-checks.ts";
import {
  type Finding,
  failure,
  type VerificationKind,
  type VerificationReport,
  type VerificationResult,
  verificationKinds,
} from "./report.ts";
import { checkTokenizer } from "./tokenizer-checks.ts";
import { checkValuesFile } from "./training-checks.ts";

export interface VerifyOptions {
  /** The kinds to check; all that the reference holds when left out. */
  readonly only?: readonly VerificationKind[] | undefined;
  /** Share of the largest reference value by which tensors may differ, for large models; 2e-5 to 1e-4 by kind. */
  readonly tolerance?: number | undefined;
  readonly device?: string | undefined;
  readonly threads?: number | undefined;
  /** Loaded in place of the class that the reference names. */
  readonly modelClass?: ModelClass | undefined;
  /** Is told each result as it comes. */
  readonly onResult?: ((result: VerificationResult) => void) | undefined;
  /** Is told what is odd about a folder; `console.warn` when left out. */
  readonly onWarning?: ((text: string) => void) | undefined;
}
const optionNames = ["only", "tolerance", "device", "threads", "modelClass", "onResult", "onWarning"];

/**
 * Checks one reference: a model folder with `reference.json`, a tokenizer folder with `cases.jsonl` or `encodings.jsonl`,
 * or a JSON file with `cases`; or the first two on the hub, by id. What does not agree is in the report; nothing checked
 * at all is a failure.
 *
 * @throws CheckpointError or DataError if there is no reference at the path, or it is broken.
 */
export async function verify(path: string, options: VerifyOptions = {}): Promise<VerificationReport> {
  refuseUnknownNames(options, optionNames, "the options of verify");
  checkOptions(options);
  const results: VerificationResult[] = [];
  for await (const finding of await findingsOf(await referencePlace(path, options), options)) {
    const result = { path, ...finding };
    results.push(result);
    options.onResult?.(result);
  }
  const failed = results.filter((result) => !result.ok).length;
  return { path, ok: results.length > 0 && failed === 0, checked: results.length, failed, results };
}

function checkOptions({ only, tolerance }: VerifyOptions): void {
  const unknown = only?.find((kind) => !verificationKinds.includes(kind));
  if (unknown !== undefined) {
    throw new ConfigurationError(`${unknown} is nothing that can be verified`, {
      field: "only",
      expected: verificationKinds.join(", "),
      received: unknown,
    });
  }
  if (tolerance !== undefined && !(tolerance >= 0 && Number.isFinite(tolerance))) {
    throw new ConfigurationError("the tolerance must be a number of at least 0", {
      field: "tolerance",
      received: String(tolerance),
    });
  }
}

/** A path as it is; what is wanted of a published reference is downloaded. */
async function referencePlace(path: string, { onWarning }: VerifyOptions): Promise<string> {
  const isPublished = !isPlace(path) && (await hubIdOf(path)) !== undefined;
  return isPublished ? publishedFolder(path, ["weights", "tokenizer", "reference"], { onWarning }) : path;
}

type Findings = AsyncGenerator<Finding>;

/** The checks for what lies at the path. */
async function findingsOf(path: string, options: VerifyOptions): Promise<Findings> {
  const has = async (...names: string[]): Promise<boolean> => {
    for (const name of names) {
      if ((await platform.stat(platform.join(path, name), "checkpoint"))?.kind === "file") return true;
    }
    return false;
  };
  if (await has("reference.json", "reference.json.gz")) return checkReferenceFolder(path, options);
  if (await has("cases.jsonl", "cases.jsonl.gz", "encodings.jsonl", "encodings.jsonl.gz")) {
    return checkTokenizer(path);
  }
  if (/\.json(\.gz)?$/.test(path) && (await platform.stat(path, "checkpoint"))?.kind === "file") {
    return checkValuesFile(path);
  }
  throw new CheckpointError(`${path} holds no reference.`, {
    file: path,
    expected: "a folder with reference.json, cases.jsonl or encodings.jsonl, or a JSON file with cases",
    hint: "Name the folder of one reference, not the folder above it.",
  });
}

async function* checkReferenceFolder(folder: string, options: VerifyOptions): Findings {
  const file = platform.join(folder, "reference.json");
  const json = Object(parseJson(await platform.readText(file, "checkpoint"), file, "checkpoint"));
  if ("processors" in json) yield* checkProcessors(folder, json.processors, file);
  else if ("class" in json) yield* checkModelFolder(await readModelReference(folder), options);
  else yield failure("outputs", "reference.json", "references of this kind cannot be checked yet");
}

/** The kinds that a model's reference holds. */
function kindsOf(reference: ModelReference): VerificationKind[] {
  const held: Partial<Record<VerificationKind, boolean>> = {
    outputs: namesUnder(reference, "output.").some((name) => !name.startsWith("trained.")),
    gradients: namesUnder(reference, "grad.").length > 0,
    curve: reference.training !== undefined,
    generation: reference.generations.length > 0,
  };
  return verificationKinds.filter((kind) => held[kind] === true);
}

async function* checkModelFolder(reference: ModelReference, options: VerifyOptions): Findings {
  const { only = verificationKinds, tolerance } = options;
  const wanted = kindsOf(reference).filter((kind) => only.includes(kind));
  const [first] = wanted;
  if (first === undefined) return;
  const loaded = await attempt(first, "class", () => loadModel(reference, options));
  if ("failed" in loaded) {
    yield loaded.failed;
    return;
  }
  const check = { model: loaded.value, reference, tolerance };
  if (wanted.includes("outputs")) yield* findings(await attempt("outputs", "forward", () => checkOutputs(check)));
  // Before training, which changes the weights.
  if (wanted.includes("generation")) yield* checkGeneration(check);
  const curve = wanted.includes("curve");
  if (curve || wanted.includes("gradients")) {
    const kind = wanted.includes("gradients") ? "gradients" : "curve";
    const training = await attempt(kind, "backward", () => checkTraining(check, { curve }));
    if ("failed" in training) yield training.failed;
    else {
      if (wanted.includes("gradients")) yield* training.value.gradients;
      yield* training.value.curve;
    }
  }
  await check.model.release();
}

function findings(attempted: Attempted<Finding[]>): readonly Finding[] {
  return "failed" in attempted ? [attempted.failed] : attempted.value;
}

type Attempted<T> = { readonly value: T } | { readonly failed: Finding };

/** A model that cannot be loaded or run is a failure of parity like any other. */
async function attempt<T>(kind: VerificationKind, name: string, work: () => Promise<T>): Promise<Attempted<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof ClozeError) return { failed: failure(kind, name, error.message) };
    throw error;
  }
}

/** The model of the class that the reference names, with the parameters that its file lacks. */
async function loadModel(reference: ModelReference, options: VerifyOptions): Promise<AnyModel> {
  const { className, folder } = reference;
  const modelClass = options.modelClass ?? (await findClass(className))?.modelClass;
  if (modelClass === undefined) {
    throw new ConfigurationError(`there is no model class ${className} here`, { field: "class", received: className });
  }
  const { device, threads, onWarning } = options;
  const load = modelClass as ModelClass & { fromPretrained(from: string, options: LoadOptions): Promise<AnyModel> };
  const model = await load.fromPretrained(folder, { device, threads, onWarning });
  for (const name of namesUnder(reference, "param.")) {
    const parameter = parameterNamed(model, name, reference);
    if (parameter === undefined) throw new CheckpointError(`the model has no parameter ${name}`, { field: name });
    model.store.view(parameter).set((await referenceValues(reference, `param.${name}`)).data as ArrayLike<number>);
  }
  return model;
}

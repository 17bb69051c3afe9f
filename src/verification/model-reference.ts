/** A reference folder of a model: what another implementation was given, and what it computed. */
import { platform } from "#platform";
import { openSafetensors, type SafetensorsFile } from "../checkpoints/index.ts";
import { CheckpointError } from "../errors.ts";
import { parseJson } from "../platform/file-errors.ts";
import { Tensor } from "../tensor/index.ts";
import type { Values } from "./compare.ts";
import { requireShape } from "./reference-shapes.ts";

/** The settings of a recorded training run: AdamW with decoupled decay on all parameters that have gradients. */
export interface RecordedTraining {
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Before each step, and after the last. */
  readonly losses: readonly number[];
}

/** One call of `generate`, as it was recorded. */
export interface RecordedGeneration {
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly input_ids: readonly (readonly number[])[];
  readonly attention_mask?: readonly (readonly number[])[];
  readonly position_ids?: readonly (readonly number[])[];
  /** For cross-attention. */
  readonly encoder_hidden_states?: readonly (readonly (readonly number[])[])[];
  readonly encoder_attention_mask?: readonly (readonly number[])[];
  readonly output_ids: readonly (readonly number[])[];
  /** Of beams. */
  readonly sequences_scores?: readonly number[];
}

export interface ModelReference {
  readonly folder: string;
  readonly className: string;
  /** Arguments that are no tensors, under their published names. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** What was differentiated, as an expression over outputs. */
  readonly loss: string;
  /** Alias → the name under which a tied parameter is stored. */
  readonly tied: Readonly<Record<string, string>>;
  readonly frozen: readonly string[];
  readonly withoutGradient: readonly string[];
  readonly roundingOnly: readonly string[];
  readonly deviation: { readonly outputs: number; readonly gradients: number };
  readonly training: RecordedTraining | undefined;
  readonly generations: readonly RecordedGeneration[];
  readonly tensors: SafetensorsFile;
}

/** The members of a JSON object under one name in another, or an empty object. */
function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

class Fields {
  readonly #value: unknown;
  readonly #file: string;

  constructor(value: unknown, file: string) {
    this.#value = value;
    this.#file = file;
  }

  /** The member when `accepts` says so, the fallback when it is absent, an error otherwise. */
  read<T>(name: string, expected: string, accepts: (value: unknown) => boolean, fallback?: T): T {
    const value = memberOf(this.#value, name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (accepts(value)) return value as T;
    throw new CheckpointError(`${this.#file}: ${name} has a wrong value.`, {
      file: this.#file,
      field: name,
      expected,
      received: JSON.stringify(value)?.slice(0, 80) ?? "nothing",
      hint: "Make the reference again, or copy it again.",
    });
  }

  text(name: string, fallback?: string): string {
    return this.read(name, "a text", (value) => typeof value === "string", fallback);
  }

  number(name: string, fallback?: number): number {
    return this.read(name, "a number", Number.isFinite, fallback);
  }

  numbers(name: string): readonly number[] {
    return this.read(name, "numbers", (value) => Array.isArray(value) && value.every(Number.isFinite));
  }

  texts(name: string): readonly string[] {
    const isList = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === "string");
    return this.read(name, "texts", isList, []);
  }

  object<T extends object>(name: string): T {
    const isObject = (value: unknown): boolean => typeof value === "object" && value !== null && !Array.isArray(value);
    return this.read(name, "an object", isObject, {} as T);
  }
}

function readTraining(value: unknown, file: string): RecordedTraining | undefined {
  if (value === undefined) return undefined;
  const fields = new Fields(value, file);
  const optimizer = fields.text("optimizer", "AdamW");
  if (optimizer !== "AdamW") {
    throw new CheckpointError(`${file}: the recorded training is by ${optimizer}.`, {
      file,
      field: "training.optimizer",
      expected: "AdamW",
      received: optimizer,
    });
  }
  const [beta1 = 0.9, beta2 = 0.999] = fields.numbers("betas");
  return {
    learningRate: fields.number("lr"),
    betas: [beta1, beta2],
    epsilon: fields.number("eps"),
    weightDecay: fields.number("weight_decay"),
    losses: fields.numbers("losses"),
  };
}

/**
 * Reads `reference.json` and opens `reference.safetensors`.
 *
 * @throws CheckpointError if they are missing or broken.
 */
export async function readModelReference(folder: string): Promise<ModelReference> {
  const file = platform.join(folder, "reference.json");
  const json = parseJson(await platform.readText(file, "checkpoint"), file, "checkpoint");
  const fields = new Fields(json, file);
  const deviation = new Fields(memberOf(json, "deviation_from_float64") ?? {}, file);
  return {
    folder,
    className: fields.text("class"),
    arguments: fields.object("arguments"),
    loss: fields.text("loss", ""),
    tied: fields.object("tied"),
    frozen: fields.texts("frozen"),
    withoutGradient: fields.texts("no_gradient"),
    roundingOnly: fields.texts("gradient_zero_but_for_rounding"),
    deviation: { outputs: deviation.number("outputs", 0), gradients: deviation.number("gradients", 0) },
    training: readTraining(memberOf(json, "training"), file),
    generations: fields
      .read<unknown[]>("generation", "a list", Array.isArray, [])
      .map((entry, index) => requireShape("generation", entry, file, `generation.${index}`)),
    tensors: await openSafetensors(platform.join(folder, "reference.safetensors")),
  };
}

/** The names of the tensors that begin with `prefix`, without it. */
export function namesUnder({ tensors }: ModelReference, prefix: string): string[] {
  return tensors.names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** A tensor's values. */
export async function referenceValues({ tensors }: ModelReference, name: string): Promise<Values> {
  const data = (await tensors.read(name)) as Values["data"];
  return { shape: tensors.tensors.get(name)?.shape ?? [], data };
}

/** A tensor to call a model with: int64 or float32. */
export async function referenceInput({ tensors, folder }: ModelReference, name: string): Promise<Tensor> {
  const { dtype, shape } = tensors.tensors.get(name) ?? { dtype: "none", shape: [] };
  const data = await tensors.read(name);
  if (data instanceof BigInt64Array) return new Tensor("int64", data, shape);
  if (data instanceof Float32Array) return new Tensor("float32", data, shape);
  throw new CheckpointError(`${name} of the reference has a type that no model takes.`, {
    file: folder,
    field: name,
    expected: "I64 or F32",
    received: dtype,
  });
}

/** `last_hidden_state` → `lastHiddenState`; the numbers and dots of a nested name stay. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * Feature-based use: an encoder that is kept as it is reads each example once, and what it makes of them is kept for all
 * epochs. Only what is trained is computed at each step.
 */
import { ConfigurationError } from "../errors.ts";
import { cutFrozenPart, type SymbolicTensor } from "../graph/index.ts";
import type { AnyModel } from "../models/index.ts";
import { Dropout } from "../nn/index.ts";
import type { PreparedBatch } from "../objectives/index.ts";
import { type AnyPreparedTask, type Features, longestRow } from "../tasks/index.ts";
import type { FinetuneSettings } from "./finetune-settings.ts";
import type { StageReport } from "./stages.ts";

/** Rows that are read together. */
const batchSize = 32;

/** Keeps the encoder as it is, but for parameters that were drawn anew, and lets it drop nothing. */
export function freezeEncoder(model: AnyModel, drawn: ReadonlySet<string>): void {
  const { prefix } = model.keys;
  model.freeze(prefix);
  for (const [name, parameter] of model.parameters) if (drawn.has(name)) parameter.trainable = true;
  for (const [path, module] of model.namedModules()) {
    if (module instanceof Dropout && path.startsWith(`${prefix}.`)) module.turnOff();
  }
}

/**
 * The layers that the settings name, as a configuration holds them: null for the last one under the published head,
 * undefined when nothing is said. Throws a ConfigurationError for layers of an encoder that is not frozen.
 */
export function featureLayersOf({ layers, frozen }: FinetuneSettings): string | null | undefined {
  if (layers === null) return undefined;
  if (!frozen) {
    throw new ConfigurationError("Layers are chosen for a frozen encoder.", {
      field: "layers",
      expected: "frozen as well",
      received: layers,
      hint: "Add --frozen, or leave --layers out.",
    });
  }
  return layers === "last" ? null : layers;
}

let instances = 0;

/** What the frozen part of one graph makes of examples. */
export class FrozenFeatures {
  readonly #key = `frozen features ${++instances}`;
  readonly #model: AnyModel;
  readonly #task: AnyPreparedTask;
  /** [B, ...] or [B, T, ...] each. */
  #tensors: Readonly<Record<string, SymbolicTensor>> = {};
  /** Of each row, without padding. */
  readonly #known = new Map<Features, Readonly<Record<string, Float32Array>>>();

  constructor(model: AnyModel, task: AnyPreparedTask) {
    this.#model = model;
    this.#task = task;
  }

  /** The outputs over inputs that `arrays` gives; the same outputs every time. */
  cut<Outputs extends Readonly<Record<string, SymbolicTensor>>>(outputs: Outputs): Outputs {
    const cut = cutFrozenPart(outputs);
    this.#tensors = cut.features;
    return cut.outputs;
  }

  /** Reads all that were not read yet. Called after `cut`. */
  async read(features: readonly Features[], report?: StageReport): Promise<void> {
    const order = features.filter((each) => !this.#known.has(each));
    if (order.length === 0 || Object.keys(this.#tensors).length === 0) return;
    order.sort((a, b) => longestRow(b) - longestRow(a));
    const executable = await this.#model.compiled(this.#key, () => this.#tensors);
    for (let start = 0; start < order.length; start += batchSize) {
      report?.({ stage: "reading with the frozen encoder", done: start, total: order.length, unit: "rows" });
      const together = order.slice(start, start + batchSize);
      const results = await executable.run(this.#task.batch(together));
      together.forEach((each, row) => {
        const own = Object.entries(results).map(([name, { data, dims }]) => {
          const size = data.length / (dims[0] as number);
          const used = this.#isPerToken(name) ? (size / (dims[1] as number)) * longestRow(each) : size;
          return [name, (data as Float32Array).slice(row * size, row * size + used)] as const;
        });
        this.#known.set(each, Object.fromEntries(own));
      });
    }
    report?.({ stage: "reading with the frozen encoder", done: order.length, total: order.length, unit: "rows" });
  }

  /** The inputs of a batch, padded with zeros to `length` tokens. */
  arrays(features: readonly Features[], length: number): PreparedBatch {
    const entries = Object.entries(this.#tensors).map(([name, { shape }]) => {
      const isPerToken = this.#isPerToken(name);
      const rest = shape.slice(isPerToken ? 2 : 1).map(Number);
      const dims = isPerToken ? [features.length, length, ...rest] : [features.length, ...rest];
      const size = dims.slice(1).reduce((product, dim) => product * dim, 1);
      const data = new Float32Array(features.length * size);
      features.forEach((each, row) => {
        data.set(this.#known.get(each)?.[name] as Float32Array, row * size);
      });
      return [name, { type: "float32", dims, data }] as const;
    });
    return Object.fromEntries(entries);
  }

  #isPerToken(name: string): boolean {
    const second = this.#tensors[name]?.shape[1];
    return second !== undefined && typeof second !== "number";
  }
}

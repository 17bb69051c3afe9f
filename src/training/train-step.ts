/**
 * One pass forward and backward as one graph: the loss, and the gradients of all parameters in a flat buffer beside
 * their values. Nothing that grows with the model is allocated or copied per step.
 */
import { createKernels } from "#runtime";
import { ConfigurationError, ShapeError } from "../errors.ts";
import {
  bindNames,
  type DropoutSite,
  evaluateShape,
  formatShape,
  gradientsOf,
  layerOf,
  type Parameter,
  reshape,
  type SymbolicTensor,
  trace,
} from "../graph/index.ts";
import { type AnyModel, type InputSpecs, symbolicInputs } from "../models/index.ts";
import type { Random } from "../random.ts";
import type { Buffer, Buffers } from "../runtime/engine.ts";
import { Executable } from "../runtime/executable.ts";
import { keepThreshold } from "../runtime/kernels/dropout.ts";
import type { Kernels } from "../runtime/kernels/kernels.ts";
import type { FlatMemory } from "../runtime/memory.ts";
import { measured } from "../runtime/profiler.ts";
import { splitGradient } from "./sparse-gradients.ts";

/** What is differentiated, and what else is wanted beside it. */
export interface LossOutputs {
  /** [] */
  readonly loss: SymbolicTensor;
  readonly [name: string]: SymbolicTensor;
}

export interface TrainStepOptions {
  /** Whether dropout is on; true when left out. */
  readonly dropout?: boolean;
  /** Kernels over the memory of the model's store, when the caller has them already. */
  readonly kernels?: Kernels;
  /** Threads of the engine and the kernels. */
  readonly threads?: number | undefined;
  /** Whether layers are computed again for their gradients, which takes less memory and more time. */
  readonly gradientCheckpointing?: boolean | undefined;
  /** Changes what was traced before it is differentiated. */
  readonly rewrite?: ((outputs: LossOutputs) => LossOutputs) | undefined;
  /** A batch as large as any: a loss over a vocabulary is computed in parts where its logits would be many. */
  readonly largestBatch?: Buffers | undefined;
}

interface SparseUse {
  readonly parameter: Parameter;
  readonly paddingIndex: number | undefined;
}

/** Where dropout's masks come from in one step: the same bits for the same seed, step and site on every device. */
export interface DropoutDraw {
  readonly random: Random;
  readonly step: number;
}

export class TrainStep {
  readonly model: AnyModel;
  readonly kernels: Kernels;
  /** Every gradient in the layout of the model's store; see `hasGradient`. */
  readonly gradients: Float32Array;
  readonly #executable: Executable;
  readonly #trained: ReadonlySet<Parameter>;
  readonly #sparse: readonly SparseUse[];
  readonly #cleared: readonly Float32Array[];
  readonly #sites: readonly DropoutSite[];
  readonly #scratch: ScratchBuffers;

  private constructor(parts: {
    model: AnyModel;
    kernels: Kernels;
    gradients: Float32Array;
    executable: Executable;
    trained: ReadonlySet<Parameter>;
    sparse: readonly SparseUse[];
    cleared: readonly Float32Array[];
    sites: readonly DropoutSite[];
  }) {
    this.model = parts.model;
    this.kernels = parts.kernels;
    this.gradients = parts.gradients;
    this.#executable = parts.executable;
    this.#trained = parts.trained;
    this.#sparse = parts.sparse;
    this.#cleared = parts.cleared;
    this.#sites = parts.sites;
    this.#scratch = new ScratchBuffers(parts.kernels.memory);
  }

  /**
   * Traces `loss` over the inputs that `specs` names, differentiates it and compiles the graph. `gradients` is a flat
   * region beside the model's values (`store.allocateBeside`).
   */
  static async compile(
    model: AnyModel,
    loss: (inputs: Record<string, SymbolicTensor>) => LossOutputs,
    specs: InputSpecs,
    gradients: Float32Array,
    options: TrainStepOptions = {},
  ): Promise<TrainStep> {
    const { store } = model;
    const targets = store.parameters.filter((parameter) => parameter.trainable);
    const largest = options.largestBatch && sizesOf(specs, options.largestBatch);
    const { result, trace: traced } = trace({ training: options.dropout ?? true, largest }, () => {
      const traced = loss(symbolicInputs(Object.keys(specs), specs) as Record<string, SymbolicTensor>);
      const outputs = options.rewrite?.(traced) ?? traced;
      const checkpointed = options.gradientCheckpointing ? layerOf : undefined;
      return { outputs, gradients: gradientsOf(outputs.loss, targets, { checkpointed }) };
    });
    const graphOutputs: Record<string, SymbolicTensor> = { ...result.outputs };
    const inPlace: Record<string, Buffer> = {};
    const sparse: SparseUse[] = [];
    const cleared: Float32Array[] = [];
    const trained = new Set<Parameter>();
    for (const [index, parameter] of targets.entries()) {
      const gradient = result.gradients[index];
      if (gradient === undefined) continue;
      trained.add(parameter);
      const data = store.view(parameter, gradients);
      const { dense, rows } = splitGradient(gradient);
      if (dense === undefined) cleared.push(data);
      else {
        const made = withoutReshape(dense);
        graphOutputs[`gradient.${parameter.name}`] = made;
        inPlace[`gradient.${parameter.name}`] = { type: "float32", dims: made.shape.map(Number), data };
      }
      for (const use of rows) {
        graphOutputs[`rows.${sparse.length}`] = use.rows;
        graphOutputs[`indices.${sparse.length}`] = use.indices;
        sparse.push({ parameter, paddingIndex: use.paddingIndex });
      }
    }
    if (trained.size === 0) {
      throw new ConfigurationError("there is nothing to train: the loss depends on no trainable parameter", {
        hint: "unfreeze some parameters",
      });
    }
    const executable = await Executable.compile(
      await model.engine,
      graphOutputs,
      { parameters: (parameter) => store.view(parameter), outputs: inPlace },
      { threads: options.threads ?? model.options.threads, keepsRepetitions: options.gradientCheckpointing },
    );
    const kernels = options.kernels ?? (await createKernels(store.memory, threadOptions(options.threads)));
    const sites = traced.dropoutSites;
    return new TrainStep({ model, kernels, gradients, executable, trained, sparse, cleared, sites });
  }

  /** The inputs that `run` needs, dropout's masks left out. */
  get inputNames(): readonly string[] {
    const masks = new Set(this.#sites.map((site) => site.name));
    return this.#executable.inputs.map(({ name }) => name).filter((name) => !masks.has(name));
  }

  /** Whether the loss depends on the parameter: others are neither stepped nor decayed. */
  hasGradient(parameter: Parameter): boolean {
    return this.#trained.has(parameter);
  }

  /**
   * Runs forward and backward and overwrites `gradients`. Returns the loss (in nats) and the other outputs that were
   * asked for. `dropout` is needed when dropout is on.
   */
  async run(
    inputs: Buffers,
    dropout?: DropoutDraw,
  ): Promise<{ loss: number; outputs: Readonly<Record<string, Buffer>> }> {
    const sizes = this.#executable.sizesOf(inputs);
    const masks = measured("dropout masks", () => this.#drawMasks(sizes, dropout));
    const into: Record<string, Buffer> = {};
    for (const { name, type, shape } of this.#executable.outputs) {
      if (/^(rows|indices)\.\d+$/.test(name)) into[name] = this.#scratch.take(name, type, evaluateShape(shape, sizes));
    }
    const results = await this.#executable.run({ ...inputs, ...masks }, into);
    measured("embedding gradients", () => this.#addEmbeddingGradients(results));
    const { loss, ...rest } = results;
    const outputs = Object.fromEntries(Object.entries(rest).filter(([name]) => !(name in into)));
    return { loss: (loss?.data[0] as number) ?? Number.NaN, outputs };
  }

  #addEmbeddingGradients(results: Readonly<Record<string, Buffer>>): void {
    for (const view of this.#cleared) view.fill(0);
    for (const [index, use] of this.#sparse.entries()) {
      const rows = results[`rows.${index}`]?.data as Float32Array;
      const indices = results[`indices.${index}`]?.data as BigInt64Array;
      const table = this.model.store.view(use.parameter, this.gradients);
      const width = table.length / (use.parameter.shape[0] ?? 1);
      this.kernels.scatterAddRows(table, indices, rows, width, use.paddingIndex);
    }
  }

  #drawMasks(sizes: ReadonlyMap<string, number>, dropout: DropoutDraw | undefined): Buffers {
    const masks: Record<string, Buffer> = {};
    for (const [index, { name, shape, probability }] of this.#sites.entries()) {
      if (dropout === undefined) {
        throw new ShapeError(`dropout is on: the mask ${name} ${formatShape(shape)} needs a draw`, { field: name });
      }
      const mask = this.#scratch.take(name, "uint8", evaluateShape(shape, sizes));
      const place = { key: dropout.random.key, site: index, step: dropout.step };
      this.kernels.dropoutMask(mask.data as Uint8Array, place, keepThreshold(probability));
      masks[name] = mask;
    }
    return masks;
  }

  async release(): Promise<void> {
    await this.#executable.release();
    this.#scratch.release();
  }
}

/** What the named dimensions are worth in a batch. */
function sizesOf(specs: InputSpecs, batch: Buffers): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [name, { shape }] of Object.entries(specs)) bindNames(shape, batch[name]?.dims ?? [], sizes);
  return sizes;
}

/** The same elements as they were made: a last reshape would copy them on their way to where they are wanted. */
function withoutReshape(gradient: SymbolicTensor): SymbolicTensor {
  const { source } = gradient;
  if (source.kind !== "node" || source.node.operator !== reshape.operatorName) return gradient;
  const [before] = source.node.inputs as [SymbolicTensor];
  return before.shape.every((dimension) => typeof dimension === "number") ? withoutReshape(before) : gradient;
}

function threadOptions(threads: number | undefined): { threads?: number } {
  return threads === undefined ? {} : { threads };
}

/** Buffers in the kernels' memory that are kept from step to step and grow when a batch is larger. */
class ScratchBuffers {
  readonly #memory: FlatMemory;
  readonly #kept = new Map<string, Float32Array | BigInt64Array | Uint8Array>();

  constructor(memory: FlatMemory) {
    this.#memory = memory;
  }

  take(name: string, type: Buffer["type"], dims: readonly number[]): Buffer {
    const length = dims.reduce((product, dim) => product * dim, 1);
    let kept = this.#kept.get(name);
    if (kept === undefined || kept.length < length) {
      if (kept !== undefined) this.#memory.free(kept);
      kept = this.#memory.allocate(type as "float32" | "int64" | "uint8", length);
      this.#kept.set(name, kept);
    }
    return { type, dims, data: kept.subarray(0, length) };
  }

  release(): void {
    for (const array of this.#kept.values()) this.#memory.free(array);
    this.#kept.clear();
  }
}

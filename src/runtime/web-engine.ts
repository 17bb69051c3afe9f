/**
 * The engine of browsers: onnxruntime-web. It copies in and out of its own heap; results are then copied into the
 * caller's buffers, so that both engines look alike from above.
 */
import type * as Ort from "onnxruntime-web";
import { DeviceError } from "../errors.ts";
import type { Binding, Buffer, Buffers, Engine, Session, SessionOptions } from "./engine.ts";

type Runtime = typeof Ort;

const repetitionSettings = { optimization: { disable_specified_optimizers: "CommonSubexpressionElimination" } };

class WebSession implements Session {
  readonly #runtime: Runtime;
  readonly #session: Ort.InferenceSession;
  /** The runtime refuses a second run while one is under way. */
  #last: Promise<unknown> = Promise.resolve();
  #released: Promise<void> | undefined;

  constructor(runtime: Runtime, session: Ort.InferenceSession) {
    this.#runtime = runtime;
    this.#session = session;
  }

  readonly memoryBytes = undefined;

  bind(inputs: Buffers, outputs: Buffers): Binding {
    return {
      run: async (moreInputs, moreOutputs) => {
        if (this.#released !== undefined) throw new DeviceError("this session has been released");
        const next = this.#last.then(() => this.#run({ ...inputs, ...moreInputs }, { ...outputs, ...moreOutputs }));
        this.#last = next.catch(() => undefined);
        return next;
      },
      release: () => undefined,
    };
  }

  async #run(inputs: Buffers, outputs: Buffers): Promise<void> {
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, buffer]) => [name, toRuntimeTensor(this.#runtime, buffer)]),
    );
    const results = await typed(this.#session.run(feeds, Object.keys(outputs)));
    for (const [name, { data }] of Object.entries(outputs)) {
      const result = results[name];
      if (result === undefined) throw new DeviceError(`the engine gave no output ${name}`, { field: name });
      (data as Float32Array).set((await result.getData()) as Float32Array);
      result.dispose();
    }
  }

  release(): Promise<void> {
    this.#released ??= this.#last.then(() => this.#session.release());
    return this.#released;
  }
}

/** The runtime's own errors as ours. */
async function typed<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new DeviceError(`ONNX Runtime: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function toRuntimeTensor(runtime: Runtime, { type, dims, data }: Buffer): Ort.Tensor {
  // The runtime takes no arrays over shared memory.
  const isShared = typeof SharedArrayBuffer !== "undefined" && data.buffer instanceof SharedArrayBuffer;
  return new runtime.Tensor(type, (isShared ? data.slice() : data) as Float32Array, dims);
}

/** The engine over WebAssembly. Throws a DeviceError when the runtime cannot be loaded. */
export async function createWebEngine(): Promise<Engine> {
  let runtime: Runtime;
  try {
    runtime = await import("onnxruntime-web");
  } catch (cause) {
    throw new DeviceError("onnxruntime-web cannot be loaded", {
      hint: "install onnxruntime-web and let your bundler serve its files",
      cause,
    });
  }
  return {
    device: "wasm",
    version: runtime.env.versions.web ?? "unknown",
    createSession: async (model: Uint8Array, options: SessionOptions = {}) => {
      const { constants = { values: {} } } = options;
      if (constants.folder !== undefined)
        throw new DeviceError("this engine reads no files: hand it the values of constants");
      const externalData = Object.entries(constants.values).map(([path, { data }]) => ({ path, data: bytesOf(data) }));
      if (options.threads !== undefined) runtime.env.wasm.numThreads = options.threads;
      const creation = runtime.InferenceSession.create(model, {
        executionProviders: ["wasm"],
        graphOptimizationLevel: "all",
        logSeverityLevel: 4,
        enableMemPattern: false,
        externalData,
        ...(options.keepsRepetitions ? { extra: repetitionSettings } : {}),
      });
      return new WebSession(runtime, await typed(creation));
    },
  };
}

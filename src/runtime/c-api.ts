/**
 * The engine of Node: ONNX Runtime's C API. Inputs and outputs are the caller's memory, nothing is copied, and a run
 * leaves the event loop free.
 *
 * Ownership is the price. A native tensor does not hold the JavaScript array that it points into, so here every handle
 * holds its array, a binding its handles, and a run under way all of them; handles are released by their owners, with a
 * FinalizationRegistry as the net below.
 */
import { DeviceError, ResourceError } from "../errors.ts";
import type { DataType } from "../graph/index.ts";
import { onnxTypes } from "../onnx/index.ts";
import { type CLibrary, openLibrary, type Pointer } from "./c-library.ts";
import type { Binding, Buffer, Buffers, Engine, Session, SessionOptions } from "./engine.ts";

const errorLevel = 3;
const arenaAllocator = 1;
const defaultMemory = 0;

/** Session settings that were measured, see docs/decisions. */
const sessionSettings: Readonly<Record<string, string>> = {
  // An idle session would otherwise spin and take a core from the one that works.
  "session.force_spinning_stop": "1",
};

class Library {
  readonly #library: CLibrary;
  readonly #environment: Pointer;
  readonly #memoryInfo: Pointer;

  constructor() {
    this.#library = openLibrary();
    this.#environment = this.make("CreateEnv", errorLevel, "cloze");
    this.check(this.call("DisableTelemetryEvents", this.#environment));
    this.#memoryInfo = this.make("CreateCpuMemoryInfo", arenaAllocator, defaultMemory);
  }

  get version(): string {
    return this.#library.version;
  }

  address(array: ArrayBufferView): Pointer {
    return this.#library.address(array);
  }

  call(name: keyof CLibrary["functions"], ...args: unknown[]): unknown {
    return this.#library.functions[name](...args);
  }

  callAsync(name: keyof CLibrary["functions"], ...args: unknown[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#library.functions[name].async(...args, (error: unknown, result: unknown) =>
        error ? reject(error) : resolve(result),
      );
    });
  }

  /** Throws what a status says and frees it; a null status is success. */
  check(status: unknown): void {
    if (status === null) return;
    const message = String(this.call("GetErrorMessage", status));
    this.call("ReleaseStatus", status);
    if (/bad_alloc|Failed to allocate|out of memory/i.test(message)) {
      throw new ResourceError(`the engine ran out of memory: ${message}`, {
        hint: "use a smaller batch, a shorter sequence or a smaller model",
      });
    }
    throw new DeviceError(`ONNX Runtime: ${message}`);
  }

  /** Calls a function whose last argument receives a pointer. */
  make(name: keyof CLibrary["functions"], ...args: unknown[]): Pointer {
    const out = new BigUint64Array(1);
    this.check(this.call(name, ...args, out));
    return out[0] as Pointer;
  }

  makeTensor({ type, dims, data }: Buffer): Pointer {
    // An empty array has no address, and the library wants one.
    const memory = data.byteLength === 0 ? emptyMemory : data;
    const shape = BigInt64Array.from(dims, BigInt);
    return this.make(
      "CreateTensorWithDataAsOrtValue",
      this.#memoryInfo,
      memory,
      data.byteLength,
      shape,
      dims.length,
      onnxTypes[type satisfies DataType],
    );
  }

  async makeSession(model: Uint8Array, options: SessionOptions): Promise<Pointer> {
    const settings = this.make("CreateSessionOptions");
    try {
      this.check(this.call("SetSessionLogSeverityLevel", settings, errorLevel));
      if (options.threads !== undefined) this.check(this.call("SetIntraOpNumThreads", settings, options.threads));
      // Memory patterns cost a quarter more memory and gain no time when shapes vary.
      this.check(this.call("DisableMemPattern", settings));
      if (options.profile !== undefined) this.check(this.call("EnableProfiling", settings, options.profile));
      for (const [key, value] of Object.entries(sessionSettings)) {
        this.check(this.call("AddSessionConfigEntry", settings, key, value));
      }
      const out = new BigUint64Array(1);
      const args = [this.#environment, model, model.byteLength, settings, out];
      this.check(await this.callAsync("CreateSessionFromArray", ...args));
      return out[0] as Pointer;
    } finally {
      this.call("ReleaseSessionOptions", settings);
    }
  }
}

const emptyMemory = new Uint8Array(64);

/** A native tensor together with the array that it points into. */
class TensorHandle {
  readonly pointer: Pointer;
  readonly buffer: Buffer;

  constructor(library: Library, buffer: Buffer) {
    this.buffer = buffer;
    this.pointer = library.makeTensor(buffer);
  }
}

/** Names as C strings. */
class NameTable {
  readonly #bytes: Uint8Array;
  readonly #addresses = new Map<string, Pointer>();

  constructor(library: Library, names: readonly string[]) {
    const encoder = new TextEncoder();
    const encoded = names.map((name) => encoder.encode(name));
    this.#bytes = new Uint8Array(encoded.reduce((total, bytes) => total + bytes.length + 1, 1));
    const base = library.address(this.#bytes);
    let offset = 0;
    for (const [index, bytes] of encoded.entries()) {
      this.#bytes.set(bytes, offset);
      this.#addresses.set(names[index] as string, base + BigInt(offset));
      offset += bytes.length + 1;
    }
  }

  addressesOf(names: readonly string[]): BigUint64Array {
    return BigUint64Array.from(names, (name) => this.#addresses.get(name) as Pointer);
  }
}

/** What a collected owner leaves behind. Its work must not hold the owner. */
const net = new FinalizationRegistry<() => void>((release) => release());

class CBinding implements Binding {
  readonly #library: Library;
  readonly #session: CSession;
  readonly #inputs: readonly [string, TensorHandle][];
  readonly #outputs: readonly [string, TensorHandle][];
  readonly #release: () => void;

  constructor(library: Library, session: CSession, inputs: Buffers, outputs: Buffers) {
    this.#library = library;
    this.#session = session;
    const made: Pointer[] = [];
    let released = false;
    this.#release = () => {
      if (!released) for (const pointer of made) library.call("ReleaseValue", pointer);
      released = true;
    };
    const handle = ([name, buffer]: [string, Buffer]): [string, TensorHandle] => {
      const tensor = new TensorHandle(library, buffer);
      made.push(tensor.pointer);
      return [name, tensor];
    };
    try {
      this.#inputs = Object.entries(inputs).map(handle);
      this.#outputs = Object.entries(outputs).map(handle);
    } catch (error) {
      this.#release();
      throw error;
    }
    net.register(this, this.#release, this);
  }

  async run(inputs: Buffers, outputs: Buffers): Promise<void> {
    const passing: TensorHandle[] = [];
    const handle = ([name, buffer]: [string, Buffer]): [string, TensorHandle] => {
      const tensor = new TensorHandle(this.#library, buffer);
      passing.push(tensor);
      return [name, tensor];
    };
    try {
      const ins = [...this.#inputs, ...Object.entries(inputs).map(handle)];
      const outs = [...this.#outputs, ...Object.entries(outputs).map(handle)];
      await this.#session.run(ins, outs, this);
    } finally {
      for (const tensor of passing) this.#library.call("ReleaseValue", tensor.pointer);
    }
  }

  release(): void {
    net.unregister(this);
    this.#release();
  }
}

class CSession implements Session {
  readonly #library: Library;
  readonly #pointer: Pointer;
  readonly #release: () => void;
  /** Runs under way with everything that they point to. */
  readonly #underWay = new Map<Promise<unknown>, unknown>();
  #released = false;

  constructor(library: Library, pointer: Pointer) {
    this.#library = library;
    this.#pointer = pointer;
    let freed = false;
    this.#release = () => {
      if (!freed) library.call("ReleaseSession", pointer);
      freed = true;
    };
    net.register(this, this.#release, this);
  }

  bind(inputs: Buffers, outputs: Buffers): Binding {
    return new CBinding(this.#library, this, inputs, outputs);
  }

  async run(
    inputs: readonly [string, TensorHandle][],
    outputs: readonly [string, TensorHandle][],
    owner: CBinding,
  ): Promise<void> {
    if (this.#released) throw new DeviceError("this session has been released");
    const inputNames = inputs.map(([name]) => name);
    const outputNames = outputs.map(([name]) => name);
    const names = new NameTable(this.#library, [...inputNames, ...outputNames]);
    const pointers = (tensors: readonly [string, TensorHandle][]): BigUint64Array =>
      BigUint64Array.from(tensors, ([, tensor]) => tensor.pointer);
    const args = [
      this.#pointer,
      null,
      names.addressesOf(inputNames),
      pointers(inputs),
      inputs.length,
      names.addressesOf(outputNames),
      outputs.length,
      pointers(outputs),
    ];
    const call = this.#library.callAsync("Run", ...args);
    this.#underWay.set(call, { owner, inputs, outputs, names, args });
    try {
      this.#library.check(await call);
    } finally {
      this.#underWay.delete(call);
    }
  }

  async release(): Promise<void> {
    this.#released = true;
    await Promise.allSettled(this.#underWay.keys());
    net.unregister(this);
    this.#release();
  }
}

let library: Library | undefined;

/** The engine over the processor's own cores. Throws a DeviceError when ONNX Runtime is missing. */
export function createCpuEngine(): Engine {
  library ??= new Library();
  const loaded = library;
  return {
    device: "cpu",
    version: loaded.version,
    createSession: async (model, options = {}) => new CSession(loaded, await loaded.makeSession(model, options)),
  };
}

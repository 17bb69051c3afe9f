/**
 * The engine of Node: ONNX Runtime's C API. Inputs and outputs are the caller's memory, nothing is copied, and a run
 * leaves the event loop free.
 *
 * Ownership is the price: native code does not hold the JavaScript arrays that it points into. So a tensor holds its
 * array, a binding its tensors and its session, and a call on another thread all that it was given until it returns.
 * Owners release what they made; what they forget is released by a FinalizationRegistry after they are collected.
 */
import { DeviceError, ResourceError, ShapeError } from "../errors.ts";
import { onnxTypes } from "../onnx/index.ts";
import { type CLibrary, openLibrary, type Pointer } from "./c-library.ts";
import type { Binding, Buffer, Buffers, Constants, Engine, Session, SessionOptions } from "./engine.ts";
import { EngineRecorder } from "./engine-recorder.ts";
import { activeProfiler, type RecordedSession } from "./profiler.ts";

type FunctionName = keyof CLibrary["functions"];

/** Messages would go to standard error, where they say what the status says. */
const fatalLevel = 4;
const arenaAllocator = 1;
const defaultMemory = 0;
const usualRank = 8;

/** Session settings that were measured, see docs/decisions. */
const sessionSettings: Readonly<Record<string, string>> = {
  // An idle session would otherwise spin and take a core from the one that works.
  "session.force_spinning_stop": "1",
};

/** Where a model that comes as bytes has its further files. */
const folderSetting = "session.model_external_initializers_file_folder_path";

const disabledOptimizers = "optimization.disable_specified_optimizers";

/**
 * How many native calls may be under way. Each takes a thread of Node's pool, which files and DNS need too, so two are
 * left to those. Further calls wait for their turn.
 */
const maximumCalls = Math.max(1, (Number(process.env.UV_THREADPOOL_SIZE) || 4) - 2);

class Library {
  readonly #library: CLibrary;
  readonly #environment: Pointer;
  readonly #memoryInfo: Pointer;
  /** Where functions write a pointer that they made. */
  readonly #result = new BigUint64Array(1);
  #dims = new BigInt64Array(usualRank);
  /** What calls under way may be reading and writing: the caller of `callAsync` need not hold it. */
  readonly #held = new Set<unknown>();
  readonly #waiting: (() => void)[] = [];
  #calls = 0;

  constructor() {
    this.#library = openLibrary();
    this.#environment = this.make("CreateEnv", fatalLevel, "cloze");
    this.check(this.call("DisableTelemetryEvents", this.#environment));
    this.#memoryInfo = this.make("CreateCpuMemoryInfo", arenaAllocator, defaultMemory);
  }

  get version(): string {
    return this.#library.version;
  }

  address(array: ArrayBufferView): Pointer {
    return this.#library.address(array);
  }

  call(name: FunctionName, ...args: unknown[]): unknown {
    return this.#library.functions[name](...args);
  }

  /** Calls on another thread. The arguments, and what `owner` holds, stay alive until the call has returned. */
  async callAsync(name: FunctionName, args: readonly unknown[], owner: unknown): Promise<unknown> {
    const held = { args, owner };
    if (this.#calls < maximumCalls) this.#calls += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#held.add(held);
    try {
      return await new Promise((resolve, reject) => {
        this.#library.functions[name].async(...args, (error: unknown, result: unknown) =>
          error ? reject(error) : resolve(result),
        );
      });
    } finally {
      this.#held.delete(held);
      const next = this.#waiting.shift();
      if (next === undefined) this.#calls -= 1;
      else next();
    }
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
  make(name: FunctionName, ...args: unknown[]): Pointer {
    this.check(this.call(name, ...args, this.#result));
    return this.#result[0] as Pointer;
  }

  /** A native tensor over the array of `buffer`, which the caller holds as long as the tensor is used. */
  makeTensor(name: string, { type, dims, data }: Buffer): Pointer {
    const elements = dims.reduce((product, dim) => product * dim, 1);
    if (elements !== data.length || !dims.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
      throw new ShapeError(`${name} has ${data.length} elements`, {
        field: name,
        expected: `as many as [${dims.join(", ")}] says`,
        received: String(data.length),
      });
    }
    if (dims.length > this.#dims.length) this.#dims = new BigInt64Array(dims.length);
    for (const [axis, dim] of dims.entries()) this.#dims[axis] = BigInt(dim);
    return this.make(
      "CreateTensorWithDataAsOrtValue",
      this.#memoryInfo,
      // An empty array has no address, and the library wants one.
      data.byteLength === 0 ? emptyMemory : data,
      data.byteLength,
      this.#dims,
      dims.length,
      onnxTypes[type],
    );
  }

  /** @param constants values that the caller holds, as long as the session lives. */
  async makeSession(
    model: Uint8Array,
    options: SessionOptions,
    constants: Side,
    recorder: EngineRecorder | undefined,
  ): Promise<Pointer> {
    const settings = this.make("CreateSessionOptions");
    try {
      this.check(this.call("SetSessionLogSeverityLevel", settings, fatalLevel));
      if (options.threads !== undefined) this.check(this.call("SetIntraOpNumThreads", settings, options.threads));
      // Memory patterns cost a quarter more memory and gain no time when shapes vary.
      this.check(this.call("DisableMemPattern", settings));
      if (recorder !== undefined) this.check(this.call("EnableProfiling", settings, recorder.prefix));
      // The kernel for a bias and GELU takes longer than one kernel for each.
      const disabled = ["BiasGeluFusion", ...(options.keepsRepetitions ? ["CommonSubexpressionElimination"] : [])];
      const entries = { ...sessionSettings, [disabledOptimizers]: disabled.join(";") };
      for (const [key, value] of Object.entries(entries)) {
        this.check(this.call("AddSessionConfigEntry", settings, key, value));
      }
      this.#addConstants(settings, options.constants, constants);
      const result = new BigUint64Array(1);
      const args = [this.#environment, model, model.byteLength, settings, result];
      this.check(await this.callAsync("CreateSessionFromArray", args, [model, constants]));
      return result[0] as Pointer;
    } finally {
      this.call("ReleaseSessionOptions", settings);
    }
  }

  /** Bytes that a session has taken for itself and not given back: packed weights, and what a run leaves for the next. */
  memoryOf(session: Pointer): number {
    const allocator = this.make("CreateAllocator", session, this.#memoryInfo);
    try {
      const pairs = this.make("AllocatorGetStats", allocator);
      const bytes = Number(this.call("GetKeyValue", pairs, "InUse") ?? 0);
      this.call("ReleaseKeyValuePairs", pairs);
      return bytes;
    } finally {
      this.call("ReleaseAllocator", allocator);
    }
  }

  /** Ends the profile of a session, which is in its file then. */
  endProfile(session: Pointer): void {
    const allocator = this.make("GetAllocatorWithDefaultOptions");
    const fileName = this.make("SessionEndProfiling", session, allocator);
    this.check(this.call("AllocatorFree", allocator, fileName));
  }

  #addConstants(settings: Pointer, constants: Constants | undefined, side: Side): void {
    if (constants === undefined) return;
    const { folder, values } = constants;
    if (folder !== undefined) this.check(this.call("AddSessionConfigEntry", settings, folderSetting, folder));
    const { count, names, tensors } = side;
    if (count === 0) return;
    // The graph's optimizer takes its own copies of these for a while; what runs takes the tensors themselves.
    this.check(this.call("AddExternalInitializers", settings, names, tensors, count));
    for (const [index, name] of Object.keys(values).entries()) {
      this.check(this.call("AddInitializer", settings, name, tensors[index]));
    }
  }
}

const emptyMemory = new Uint8Array(64);

/** Native objects of one kind. A part of its own, so that the registry can hold it without holding the owner. */
class NativeObjects {
  readonly pointers: Pointer[] = [];
  readonly #library: Library;
  readonly #free: FunctionName;

  constructor(library: Library, free: "ReleaseValue" | "ReleaseSession") {
    this.#library = library;
    this.#free = free;
  }

  release(): void {
    for (const pointer of this.pointers.splice(0)) this.#library.call(this.#free, pointer);
  }
}

const forgotten = new FinalizationRegistry<{ release(): void }>((objects) => objects.release());

/** Names as C strings, made once. */
class NameTable {
  readonly #library: Library;
  readonly #known = new Map<string, { bytes: Uint8Array; address: Pointer }>();

  constructor(library: Library) {
    this.#library = library;
  }

  address(name: string): Pointer {
    let known = this.#known.get(name);
    if (known === undefined) {
      const bytes = new TextEncoder().encode(`${name}\0`);
      known = { bytes, address: this.#library.address(bytes) };
      this.#known.set(name, known);
    }
    return known.address;
  }
}

/** Named tensors over the caller's arrays: one side of a run, or a session's constants. */
class Side {
  readonly names: BigUint64Array;
  readonly tensors: BigUint64Array;
  readonly #arrays: readonly [name: string, data: Buffer["data"], bytes: number][];

  constructor(names: NameTable, tensors: NativeObjects, library: Library, buffers: Buffers) {
    const entries = Object.entries(buffers);
    const first = tensors.pointers.length;
    this.#arrays = entries.map(([name, { data }]) => [name, data, data.byteLength]);
    this.names = BigUint64Array.from(entries, ([name]) => names.address(name));
    for (const [name, buffer] of entries) tensors.pointers.push(library.makeTensor(name, buffer));
    this.tensors = BigUint64Array.from(tensors.pointers.slice(first));
  }

  /** Throws a DeviceError when an array has lost its memory: it was transferred, or its memory grew. */
  checkArrays(): void {
    for (const [name, data, bytes] of this.#arrays) {
      if (data.byteLength !== bytes) {
        throw new DeviceError(`the memory of ${name} is gone`, {
          field: name,
          expected: `${bytes} bytes`,
          received: `${data.byteLength} bytes`,
          hint: "do not transfer arrays that are bound to a session, nor grow an unshared memory below them",
        });
      }
    }
  }

  get count(): number {
    return this.names.length;
  }

  /** Names and tensors of both, in order: bound ones first, then those that are passed. */
  followedBy(other: Side): { count: number; names: BigUint64Array; tensors: BigUint64Array } {
    const own = this.count;
    const count = own + other.count;
    const [names, tensors] = [new BigUint64Array(count), new BigUint64Array(count)];
    names.set(this.names);
    names.set(other.names, own);
    tensors.set(this.tensors);
    tensors.set(other.tensors, own);
    return { count, names, tensors };
  }
}

class CBinding implements Binding {
  readonly #library: Library;
  readonly #session: CSession;
  readonly #tensors: NativeObjects;
  readonly #inputs: Side;
  readonly #outputs: Side;
  #underWay = 0;
  #released = false;

  constructor(library: Library, session: CSession, inputs: Buffers, outputs: Buffers) {
    this.#library = library;
    this.#session = session;
    this.#tensors = new NativeObjects(library, "ReleaseValue");
    try {
      this.#inputs = new Side(session.names, this.#tensors, library, inputs);
      this.#outputs = new Side(session.names, this.#tensors, library, outputs);
    } catch (error) {
      this.#tensors.release();
      throw error;
    }
    forgotten.register(this, this.#tensors, this);
  }

  async run(inputs: Buffers, outputs: Buffers): Promise<void> {
    if (this.#released) throw new DeviceError("these buffers have been released");
    this.#inputs.checkArrays();
    this.#outputs.checkArrays();
    const passing = new NativeObjects(this.#library, "ReleaseValue");
    this.#underWay += 1;
    try {
      const moreInputs = new Side(this.#session.names, passing, this.#library, inputs);
      const moreOutputs = new Side(this.#session.names, passing, this.#library, outputs);
      const ins = this.#inputs.followedBy(moreInputs);
      const outs = this.#outputs.followedBy(moreOutputs);
      await this.#session.run(ins, outs, [this, moreInputs, moreOutputs]);
    } finally {
      passing.release();
      this.#underWay -= 1;
      if (this.#released && this.#underWay === 0) this.#tensors.release();
    }
  }

  release(): void {
    this.#released = true;
    forgotten.unregister(this);
    if (this.#underWay === 0) this.#tensors.release();
  }
}

/** Constants in memory: the session reads them as long as it lives. */
interface ConstantTensors {
  readonly tensors: NativeObjects;
  readonly side: Side;
}

class SessionObjects {
  readonly #session: NativeObjects;
  readonly #constants: ConstantTensors;

  constructor(session: NativeObjects, constants: ConstantTensors) {
    this.#session = session;
    this.#constants = constants;
  }

  release(): void {
    this.#session.release();
    this.#constants.tensors.release();
  }
}

class CSession implements Session, RecordedSession {
  readonly names: NameTable;
  readonly #library: Library;
  readonly #object: NativeObjects;
  readonly #objects: SessionObjects;
  readonly #recorder: EngineRecorder | undefined;
  readonly #underWay = new Set<Promise<unknown>>();
  #released = false;

  private constructor(
    library: Library,
    names: NameTable,
    pointer: Pointer,
    constants: ConstantTensors,
    recorder: EngineRecorder | undefined,
  ) {
    this.#library = library;
    this.names = names;
    this.#recorder = recorder;
    this.#object = new NativeObjects(library, "ReleaseSession");
    this.#object.pointers.push(pointer);
    this.#objects = new SessionObjects(this.#object, constants);
    forgotten.register(this, this.#objects, this);
  }

  static async create(library: Library, model: Uint8Array, options: SessionOptions): Promise<CSession> {
    const names = new NameTable(library);
    const { constants } = options;
    const tensors = new NativeObjects(library, "ReleaseValue");
    try {
      const side = new Side(names, tensors, library, constants?.values ?? {});
      const profiler = activeProfiler();
      const recorder = profiler && new EngineRecorder();
      const pointer = await library.makeSession(model, options, side, recorder);
      const session = new CSession(library, names, pointer, { tensors, side }, recorder);
      if (recorder !== undefined) profiler?.watch(session);
      return session;
    } catch (error) {
      tensors.release();
      throw error;
    }
  }

  bind(inputs: Buffers, outputs: Buffers): Binding {
    return new CBinding(this.#library, this, inputs, outputs);
  }

  async run(
    inputs: ReturnType<Side["followedBy"]>,
    outputs: ReturnType<Side["followedBy"]>,
    owners: readonly unknown[],
  ): Promise<void> {
    const [pointer] = this.#object.pointers;
    if (pointer === undefined || this.#released) throw new DeviceError("this session has been released");
    const args = [
      pointer,
      null,
      inputs.names,
      inputs.tensors,
      inputs.count,
      outputs.names,
      outputs.count,
      outputs.tensors,
    ];
    this.#recorder?.runBegins();
    const call = this.#library.callAsync("Run", args, [this, ...owners]);
    this.#underWay.add(call);
    try {
      this.#library.check(await call);
    } finally {
      this.#underWay.delete(call);
    }
  }

  get memoryBytes(): number {
    const [pointer] = this.#object.pointers;
    return pointer === undefined ? 0 : this.#library.memoryOf(pointer);
  }

  get runStartsMs(): readonly number[] {
    return this.#recorder?.runStartsMs ?? [];
  }

  async endRecord(): Promise<string> {
    await Promise.allSettled(this.#underWay);
    const [pointer] = this.#object.pointers;
    if (pointer !== undefined) this.#library.endProfile(pointer);
    return this.#recorder?.take() ?? "[]";
  }

  async release(): Promise<void> {
    this.#released = true;
    forgotten.unregister(this);
    await Promise.allSettled(this.#underWay);
    if (this.#recorder !== undefined) await activeProfiler()?.take(this);
    this.#objects.release();
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
    createSession: (model, options = {}) => CSession.create(loaded, model, options),
  };
}

/**
 * Worker threads that do pieces of kernel calls on one shared memory (Node). The calling thread works too, and sleeps
 * until the last piece is done; idle threads sleep on a futex and cost nothing.
 *
 * Every thread takes pieces from a common counter, so a thread that the machine holds up delays nobody for more than one
 * piece, and one that is still starting is simply not there yet.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { DeviceError } from "../errors.ts";
import { Kernels } from "./kernels/kernels.ts";
import { compileKernels, instantiateKernels, KERNEL_NAMES, type KernelFunctions } from "./kernels/module.ts";
import type { FlatMemory } from "./memory.ts";
import { type KernelCall, type KernelExecutor, runPiece, SingleThread } from "./thread-pool.ts";

/**
 * Words of the control block. A call is published by writing it, then `remaining`, then `unclaimed`. Claiming takes one
 * from `unclaimed`; a result above 0 is a claim. A thread that wakes late, between calls or within the next one, either
 * gets no claim or a true claim of the next call, and it reads the call only after the claim.
 */
const CONTROL = { generation: 0, unclaimed: 1, remaining: 2, failed: 3, ready: 4 } as const;
const CONTROL_WORDS = 8;

/** Numbers of a published call: kernel, items, piece, number of arguments, then pairs of start and per-item step. */
const CALL_HEADER = 4;
const CALL_NUMBERS = 64;

/** Nothing outside this text may be used in it: it is a program of its own, so that it survives bundling. */
const WORKER_PROGRAM = `
const { workerData } = require("node:worker_threads");
const { module, memory, control, call, names } = workerData;
const functions = new WebAssembly.Instance(module, { env: { memory } }).exports;
const kernels = names.map((name) => functions[name]);
let seen = 0;
Atomics.add(control, ${CONTROL.ready}, 1);
for (;;) {
  Atomics.wait(control, ${CONTROL.generation}, seen);
  seen = Atomics.load(control, ${CONTROL.generation});
  for (let claim; (claim = Atomics.sub(control, ${CONTROL.unclaimed}, 1)) > 0; ) {
    try {
      const first = (claim - 1) * call[2];
      const values = [Math.min(call[2], call[1] - first)];
      for (let i = 0; i < call[3]; i++) {
        values.push(call[${CALL_HEADER} + 2 * i] + first * call[${CALL_HEADER} + 2 * i + 1]);
      }
      kernels[call[0]](...values);
    } catch {
      Atomics.store(control, ${CONTROL.failed}, 1);
    }
    if (Atomics.sub(control, ${CONTROL.remaining}, 1) === 1) Atomics.notify(control, ${CONTROL.remaining});
  }
}
`;

/** How long to wait for the other threads' last pieces, which take milliseconds, before calling them lost. */
const LOST_AFTER_MS = 60_000;
const READY_POLL_MS = 2;

export class ThreadPool implements KernelExecutor {
  readonly threads: number;
  readonly #functions: KernelFunctions;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_WORDS * Int32Array.BYTES_PER_ELEMENT));
  readonly #call = new Float64Array(new SharedArrayBuffer(CALL_NUMBERS * Float64Array.BYTES_PER_ELEMENT));
  readonly #workers: Worker[];

  constructor(module: WebAssembly.Module, functions: KernelFunctions, memory: FlatMemory, threads: number) {
    this.threads = threads;
    this.#functions = functions;
    const workerData = {
      module,
      memory: memory.memory,
      control: this.#control,
      call: this.#call,
      names: KERNEL_NAMES,
    };
    this.#workers = Array.from({ length: threads - 1 }, () => startWorker(workerData));
  }

  /** Waits until all threads take part; work given before is done by those that are there. */
  async ready(): Promise<void> {
    for (let waitedMs = 0; waitedMs < LOST_AFTER_MS; waitedMs += READY_POLL_MS) {
      if (Atomics.load(this.#control, CONTROL.ready) >= this.#workers.length) return;
      await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
    }
    throw new DeviceError("the kernel threads did not start", { hint: "run with --threads 1" });
  }

  run(call: KernelCall): void {
    const pieces = Math.ceil(call.items / call.piece);
    if (pieces > 1 && this.#workers.length > 0) this.#publish(call, pieces);
    else for (let index = 0; index < pieces; index++) runPiece(this.#functions, call, index);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#workers.splice(0).map((worker) => worker.terminate()));
  }

  #publish(call: KernelCall, pieces: number): void {
    const control = this.#control;
    this.#writeCall(call);
    Atomics.store(control, CONTROL.failed, 0);
    Atomics.store(control, CONTROL.remaining, pieces);
    Atomics.store(control, CONTROL.unclaimed, pieces);
    Atomics.add(control, CONTROL.generation, 1);
    Atomics.notify(control, CONTROL.generation);
    let failure: unknown;
    for (;;) {
      const claim = Atomics.sub(control, CONTROL.unclaimed, 1);
      if (claim <= 0) break;
      try {
        runPiece(this.#functions, call, claim - 1);
      } catch (error) {
        failure = error;
      }
      Atomics.sub(control, CONTROL.remaining, 1);
    }
    this.#awaitOthers();
    if (failure !== undefined || Atomics.load(control, CONTROL.failed) !== 0) {
      throw new DeviceError(`the kernel "${call.kernel}" failed`, { cause: failure });
    }
  }

  #awaitOthers(): void {
    for (;;) {
      const remaining = Atomics.load(this.#control, CONTROL.remaining);
      if (remaining <= 0) return;
      if (Atomics.wait(this.#control, CONTROL.remaining, remaining, LOST_AFTER_MS) === "timed-out") {
        throw new DeviceError("a kernel thread was lost in the middle of its work", { hint: "run with --threads 1" });
      }
    }
  }

  #writeCall(call: KernelCall): void {
    const numbers = this.#call;
    numbers[0] = KERNEL_NAMES.indexOf(call.kernel);
    numbers[1] = call.items;
    numbers[2] = call.piece;
    numbers[3] = call.arguments.length;
    call.arguments.forEach((argument, i) => {
      const moving = typeof argument === "number" ? { start: argument, perItem: 0 } : argument;
      numbers[CALL_HEADER + 2 * i] = moving.start;
      numbers[CALL_HEADER + 2 * i + 1] = moving.perItem;
    });
  }
}

function startWorker(workerData: object): Worker {
  const worker = new Worker(WORKER_PROGRAM, {
    eval: true,
    workerData,
    execArgv: [],
    name: "cloze kernels",
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
  });
  worker.unref();
  // A thread that cannot start or dies while idle takes no pieces: the others do them.
  worker.on("error", () => {});
  return worker;
}

export interface KernelOptions {
  /** Threads for the kernels, the calling one included; by default the machine's, four at most. */
  threads?: number;
}

/** The kernels on a memory, on several threads where the memory is shared. */
export async function createKernels(memory: FlatMemory, options: KernelOptions = {}): Promise<Kernels> {
  const module = await compileKernels(memory.shared);
  const functions = await instantiateKernels(module, memory.memory);
  // The kernels are bound by memory traffic, which a few threads exhaust.
  const threads = Math.max(1, Math.floor(options.threads ?? Math.min(4, availableParallelism())));
  const executor =
    memory.shared && threads > 1 ? new ThreadPool(module, functions, memory, threads) : new SingleThread(functions);
  return new Kernels(memory, executor);
}

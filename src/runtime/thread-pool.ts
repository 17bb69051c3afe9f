/**
 * How kernels are run: a call is cut into pieces of fixed size, which one or several threads then do in any order. What
 * the pieces are never depends on the number of threads, and so results do not either.
 */
import type { KernelFunctions, KernelName } from "./kernels/module.ts";

/** A kernel's argument: a number for all pieces, or one that moves along with the piece's first item. */
export type KernelArgument = number | MovingArgument;

export interface MovingArgument {
  /** The value for item 0, mostly a byte offset. */
  readonly start: number;
  /** What each item adds. */
  readonly perItem: number;
}

export interface KernelCall {
  readonly kernel: KernelName;
  readonly items: number;
  /** Items in a piece; the last piece may have fewer. */
  readonly piece: number;
  readonly arguments: readonly KernelArgument[];
}

export interface KernelExecutor {
  /** Threads that take part, the calling one included. */
  readonly threads: number;
  /** Does the whole call before it returns. */
  run(call: KernelCall): void;
  /** Ends the other threads. */
  dispose(): Promise<void>;
}

/** Does piece number `index` of a call. */
export function runPiece(functions: KernelFunctions, call: KernelCall, index: number): void {
  const first = index * call.piece;
  const count = Math.min(call.piece, call.items - first);
  const values = call.arguments.map((argument) =>
    typeof argument === "number" ? argument : argument.start + first * argument.perItem,
  );
  functions[call.kernel](count, ...values);
}

/** Runs everything on the calling thread: in browsers, and wherever threads cannot be had. */
export class SingleThread implements KernelExecutor {
  readonly threads = 1;
  readonly #functions: KernelFunctions;

  constructor(functions: KernelFunctions) {
    this.#functions = functions;
  }

  run(call: KernelCall): void {
    const pieces = Math.ceil(call.items / call.piece);
    for (let index = 0; index < pieces; index++) runPiece(this.#functions, call, index);
  }

  async dispose(): Promise<void> {}
}

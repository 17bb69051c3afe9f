/**
 * The one small interface behind which ONNX Runtime stands: its C library in Node, onnxruntime-web in a browser.
 */
import type { DataType, TypedArray } from "../graph/index.ts";

/** Elements that the caller owns, with their shape. */
export interface Buffer {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TypedArray;
}

export type Buffers = Readonly<Record<string, Buffer>>;

/**
 * What a model's constants are that are not in its own bytes. Files lie in one folder and must stay as they are while the
 * session lives. Values in memory go by the constants' names; they are read, and perhaps copied, when the session is made,
 * and must not change while it lives.
 */
export interface Constants {
  readonly folder?: string | undefined;
  readonly values: Buffers;
}

export interface SessionOptions {
  readonly constants?: Constants | undefined;
  /** Threads of one run; all processors by default. */
  readonly threads?: number | undefined;
  /** Whether equal computations within the graph are left apart: those that are repeated to save memory. */
  readonly keepsRepetitions?: boolean | undefined;
}

/** A run prepared over buffers that stay the same from one run to the next, such as weights and their gradients. */
export interface Binding {
  /**
   * Runs the graph, reading the bound inputs and `inputs`, writing the bound outputs and `outputs` in place. The event
   * loop stays free. No output may share memory with an input.
   */
  run(inputs: Buffers, outputs: Buffers): Promise<void>;
  release(): void;
}

/** A compiled graph. */
export interface Session {
  bind(inputs: Buffers, outputs: Buffers): Binding;
  /** Bytes that it holds for itself, such as weights packed for the processor; undefined where the engine does not say. */
  readonly memoryBytes: number | undefined;
  /** Frees the compiled graph once the runs under way have ended. */
  release(): Promise<void>;
}

export interface Engine {
  /** Such as `cpu` or `wasm`. */
  readonly device: string;
  /** The version of ONNX Runtime. */
  readonly version: string;
  createSession(model: Uint8Array, options?: SessionOptions): Promise<Session>;
}

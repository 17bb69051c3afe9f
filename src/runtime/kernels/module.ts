/** The compiled kernels: decoding, compiling once, and instantiating on a memory. */
import { DeviceError } from "../../errors.ts";
import { PLAIN_KERNELS, SHARED_KERNELS } from "./generated/kernels-wasm.ts";

/** The kernels that treat every element of one or several arrays of equal length alike. */
export const ELEMENTWISE_KERNELS = [
  "adam",
  "adamAmsgrad",
  "lambUpdate",
  "sgd",
  "sgdMomentum",
  "adagrad",
  "adadelta",
  "rmsprop",
  "rmspropCentered",
  "unfactoredUpdate",
  "fill",
  "scale",
  "add",
  "combine",
  "clamp",
] as const;

export type ElementwiseKernel = (typeof ELEMENTWISE_KERNELS)[number];

/** Every kernel in assembly/, in the order that threads number them by. */
export const KERNEL_NAMES = [
  ...ELEMENTWISE_KERNELS,
  "sumOfSquares",
  "sumOfMagnitudes",
  "largestMagnitude",
  "meanSquaresOfRows",
  "meanSquaresOfColumns",
  "factoredUpdate",
  "scatterAddRows",
  "dropoutMask",
  "adamHalf",
] as const;

export type KernelName = (typeof KERNEL_NAMES)[number];

/** A kernel's first argument is the number of items that it does; all are numbers. */
export type KernelFunctions = Readonly<Record<KernelName, (items: number, ...rest: number[]) => void>>;

const compiled = new Map<boolean, Promise<WebAssembly.Module>>();

/** The kernels for shared or plain memory, compiled once. */
export function compileKernels(shared: boolean): Promise<WebAssembly.Module> {
  let module = compiled.get(shared);
  if (module === undefined) {
    module = compile(shared ? SHARED_KERNELS : PLAIN_KERNELS);
    compiled.set(shared, module);
  }
  return module;
}

async function compile(base64: string): Promise<WebAssembly.Module> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw new DeviceError("the training kernels could not be compiled", {
      expected: "an engine with WebAssembly SIMD (Node 20, or a browser of 2021 or later)",
      cause,
    });
  }
}

export async function instantiateKernels(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<KernelFunctions> {
  const instance = await WebAssembly.instantiate(module, { env: { memory } });
  return instance.exports as unknown as KernelFunctions;
}

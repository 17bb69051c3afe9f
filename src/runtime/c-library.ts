/**
 * ONNX Runtime's C library, opened through koffi. Pointers are BigInts; every object that the library makes is given
 * back by its owner in c-api.ts.
 */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { DeviceError } from "../errors.ts";

export type Pointer = bigint;

/** The first version whose function table has all that is used here; the table is append-only. */
const apiVersion = 23;

/** A path is wide text on Windows. */
const pathType = process.platform === "win32" ? "str16" : "str";

/** Places of functions in `OrtApi` (onnxruntime_c_api.h), with their C signatures. */
export const signatures = {
  GetErrorMessage: [2, "const char *GetErrorMessage(void *status)"],
  CreateEnv: [3, "void *CreateEnv(int level, const char *name, void *out)"],
  DisableTelemetryEvents: [6, "void *DisableTelemetryEvents(void *env)"],
  CreateSessionFromArray: [
    8,
    "void *CreateSessionFromArray(void *env, void *data, size_t size, void *options, void *out)",
  ],
  Run: [
    9,
    "void *Run(void *s, void *o, void *inNames, void *ins, size_t nIn, void *outNames, size_t nOut, void *outs)",
  ],
  CreateSessionOptions: [10, "void *CreateSessionOptions(void *out)"],
  EnableProfiling: [14, `void *EnableProfiling(void *options, ${pathType} prefix)`],
  DisableMemPattern: [17, "void *DisableMemPattern(void *options)"],
  SetSessionLogSeverityLevel: [22, "void *SetSessionLogSeverityLevel(void *options, int level)"],
  SetIntraOpNumThreads: [24, "void *SetIntraOpNumThreads(void *options, int threads)"],
  CreateTensorWithDataAsOrtValue: [
    49,
    "void *CreateTensorWithData(void *info, void *data, size_t bytes, void *dims, size_t rank, int type, void *out)",
  ],
  CreateCpuMemoryInfo: [69, "void *CreateCpuMemoryInfo(int allocator, int memory, void *out)"],
  AllocatorFree: [76, "void *AllocatorFree(void *allocator, void *memory)"],
  GetAllocatorWithDefaultOptions: [78, "void *GetAllocatorWithDefaultOptions(void *out)"],
  ReleaseStatus: [93, "void ReleaseStatus(void *status)"],
  ReleaseSession: [95, "void ReleaseSession(void *session)"],
  ReleaseValue: [96, "void ReleaseValue(void *value)"],
  ReleaseSessionOptions: [100, "void ReleaseSessionOptions(void *options)"],
  SessionEndProfiling: [110, "void *SessionEndProfiling(void *session, void *allocator, void *out)"],
  AddSessionConfigEntry: [130, "void *AddSessionConfigEntry(void *options, const char *key, const char *value)"],
  CreateAllocator: [131, "void *CreateAllocator(void *session, void *info, void *out)"],
  ReleaseAllocator: [132, "void ReleaseAllocator(void *allocator)"],
  AddInitializer: [150, "void *AddInitializer(void *options, const char *name, void *value)"],
  AddExternalInitializers: [210, "void *AddExternalInitializers(void *options, void *names, void *values, size_t n)"],
  GetKeyValue: [297, "const char *GetKeyValue(void *pairs, const char *key)"],
  ReleaseKeyValuePairs: [300, "void ReleaseKeyValuePairs(void *pairs)"],
  AllocatorGetStats: [319, "void *AllocatorGetStats(void *allocator, void *out)"],
} as const;

type Native = ((...args: unknown[]) => unknown) & { async: (...args: unknown[]) => void };
type Functions = { readonly [K in keyof typeof signatures]: Native };

interface LoadedLibrary {
  func(signature: string): Native;
}

interface Koffi {
  load(path: string): LoadedLibrary;
  decode(pointer: unknown, ...rest: unknown[]): unknown;
  proto(signature: string): unknown;
  call(pointer: unknown, type: unknown, ...args: unknown[]): unknown;
  address(array: ArrayBufferView): Pointer;
}

const hint =
  "install it with: ONNXRUNTIME_NODE_INSTALL=skip npm install onnxruntime-node koffi, " +
  "or name a library by CLOZE_ONNXRUNTIME_LIBRARY";

/** The library file: the one named by CLOZE_ONNXRUNTIME_LIBRARY, else that of the package onnxruntime-node. */
function findLibrary(): string {
  const named = process.env.CLOZE_ONNXRUNTIME_LIBRARY;
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named;
    throw new DeviceError(`there is no ONNX Runtime library at ${named}`, {
      file: named,
      field: "CLOZE_ONNXRUNTIME_LIBRARY",
      expected: "the path of libonnxruntime",
      hint: "correct or unset the environment variable CLOZE_ONNXRUNTIME_LIBRARY",
    });
  }
  let folder: string;
  try {
    const manifest = createRequire(import.meta.url).resolve("onnxruntime-node/package.json");
    folder = join(dirname(manifest), "bin", "napi-v6", process.platform, process.arch);
  } catch (cause) {
    throw new DeviceError("the package onnxruntime-node is not installed", { hint, cause });
  }
  const pattern = process.platform === "win32" ? /^onnxruntime\.dll$/ : /^libonnxruntime\.(so\.1|[\d.]*dylib)$/;
  const file = existsSync(folder) ? readdirSync(folder).find((name) => pattern.test(name)) : undefined;
  if (file === undefined) {
    throw new DeviceError(`onnxruntime-node has no library for ${process.platform} on ${process.arch}`, {
      file: folder,
      hint,
    });
  }
  return join(folder, file);
}

/** koffi takes each type's name once. */
const types = new Map<string, unknown>();

function typeOf(koffi: Koffi, signature: string): unknown {
  const type = types.get(signature) ?? koffi.proto(signature);
  types.set(signature, type);
  return type;
}

export interface CLibrary {
  readonly path: string;
  /** koffi's own object: the library is unloaded, and every call then a crash, once this is collected. */
  readonly loaded: unknown;
  readonly version: string;
  readonly functions: Functions;
  /** Where an array's elements lie. The caller keeps the array alive while the address is in use. */
  address(array: ArrayBufferView): Pointer;
}

/** Loads the library. Throws a DeviceError that says how to get what is missing. */
export function openLibrary(): CLibrary {
  const path = findLibrary();
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)("koffi") as Koffi;
  } catch (cause) {
    throw new DeviceError("the package koffi is not installed or does not run here", { hint, cause });
  }
  // ONNX Runtime reports its use to its maker's servers unless this stands in the environment before it is loaded:
  // switching the events off afterwards comes too late for the first ones, and for the device id it writes at home.
  process.env.ORT_DISABLE_TELEMETRY = "1";
  let loaded: LoadedLibrary;
  let base: unknown;
  try {
    loaded = koffi.load(path);
    base = loaded.func("void *OrtGetApiBase()")();
  } catch (cause) {
    throw new DeviceError(`${path} cannot be loaded as ONNX Runtime`, { file: path, hint, cause });
  }
  const getApi = koffi.decode(base, 0, "void *");
  const getVersion = koffi.decode(base, 8, "void *");
  const version = koffi.call(getVersion, typeOf(koffi, "const char *OrtGetVersionString()")) as string;
  const api = koffi.call(getApi, typeOf(koffi, "void *OrtGetApi(uint32_t version)"), apiVersion);
  if (api === null) {
    throw new DeviceError(`ONNX Runtime ${version} is too old`, {
      file: path,
      expected: `1.${apiVersion} or newer`,
      received: version,
      hint,
    });
  }
  const functions = Object.fromEntries(
    Object.entries(signatures).map(([name, [index, signature]]) => [
      name,
      koffi.decode(koffi.decode(api, index * 8, "void *"), typeOf(koffi, signature)),
    ]),
  ) as unknown as Functions;
  return { path, loaded, version, functions, address: (array) => koffi.address(array) };
}

import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { DeviceError } from "../errors.ts";
import { openLibrary } from "./c-library.ts";

const variable = "CLOZE_ONNXRUNTIME_LIBRARY";

function errorWith(path: string): DeviceError {
  process.env[variable] = path;
  try {
    openLibrary();
  } catch (error) {
    if (error instanceof DeviceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("openLibrary", () => {
  afterEach(() => {
    delete process.env[variable];
  });

  it("opens the library of onnxruntime-node, and the one that the environment names", () => {
    const { path, version, functions } = openLibrary();
    expect(version).toMatch(/^1\.\d+\.\d+$/);
    expect(typeof functions.Run).toBe("function");
    process.env[variable] = path;
    expect(openLibrary().path).toBe(path);
    process.env[variable] = "";
    expect(openLibrary().path).toBe(path);
  });

  it("says which variable names a file that is not there", () => {
    const error = errorWith("/nowhere/libonnxruntime.so");
    expect(error.toJSON()).toMatchObject({ kind: "device", field: variable, file: "/nowhere/libonnxruntime.so" });
    expect(error.hint).toContain(variable);
  });

  it("says that a file is no such library", () => {
    const error = errorWith(fileURLToPath(import.meta.url));
    expect(error.message).toContain("cannot be loaded as ONNX Runtime");
    expect(error.hint).toContain("npm install");
  });
});

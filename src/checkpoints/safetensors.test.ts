import { mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CheckpointError, ConfigurationError } from "../errors.ts";
import { encodeSafetensors, openSafetensors, writeSafetensors } from "./safetensors.ts";

const layoutFile = fileURLToPath(new URL("../../test/golden/checkpoints/layout.safetensors", import.meta.url));

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-safetensors-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A file from a header's text (or object) and the bytes that follow. */
function fileOf(header: unknown, data: number | Uint8Array = 0, length?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const body = typeof data === "number" ? new Uint8Array(data) : data;
  const bytes = new Uint8Array(8 + json.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(body, 8 + json.length);
  return bytes;
}

const entry = (shape: unknown, begin: unknown, end: unknown, dtype: unknown = "F32") => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

describe("reading", () => {
  it("reads every type and unusual names", async () => {
    const file = await openSafetensors(layoutFile);
    expect(file.metadata).toEqual(new Map([["format", "pt"]]));
    const read = async (name: string): Promise<unknown> => [...(await file.read(name))];
    expect(file.tensors.get("float32")).toMatchObject({ dtype: "F32", shape: [2, 2], bytes: 16 });
    expect(file.tensors.get("scalar")?.shape).toEqual([]);
    expect(await read("scalar")).toEqual([-5n]);
    expect(await read("float64")).toEqual([1.5, -2.25]);
    expect(await read("float32")).toEqual([Math.fround(0.1), -0, 3, Number.POSITIVE_INFINITY]);
    expect(await read("float16")).toEqual([1, 65504, 2 ** -24]);
    expect(await read("bfloat16")).toEqual([1, -3.00405527047391e38]);
    expect(await read("int32")).toEqual([-(2 ** 31)]);
    expect(await read("int16")).toEqual([-(2 ** 15), 7]);
    expect(await read("int8")).toEqual([-128]);
    expect(await read("uint8")).toEqual([255, 1, 2]);
    expect(await read("uint16")).toEqual([65535]);
    expect(await read("uint32")).toEqual([2 ** 32 - 1]);
    expect(await read("uint64")).toEqual([2n ** 64n - 1n]);
    expect(await read("bool")).toEqual([1, 0]);
    expect(await read("empty")).toEqual([]);
    expect(await read("emoji 😀")).toEqual([2]);
    expect(await read("private \ue000")).toEqual([3]);
    expect(await read('quote " and \\ and \n and \x7f and \u2028')).toEqual([4]);
  });

  it("fills the caller's buffer, also a part of shared memory, converting on the way", async () => {
    const values = Float32Array.from({ length: 600_000 }, (_, index) => index % 2048);
    const doubles = Float64Array.from(values);
    for (const dtype of ["F32", "F16"] as const) {
      await writeSafetensors(at("a"), [{ name: "w", shape: [600_000], data: values }], { dtype });
      const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
      const into = new Float32Array(memory.buffer, 8, 600_000);
      const file = await openSafetensors(at("a"));
      expect(await file.readFloat32("w", into)).toBe(into);
      expect(Buffer.compare(Buffer.from(into.slice().buffer), Buffer.from(values.buffer))).toBe(0);
    }
    await writeSafetensors(at("a"), [{ name: "w", shape: [600_000], data: doubles }]);
    expect(await (await openSafetensors(at("a"))).readFloat32("w")).toEqual(values);
  });

  it("refuses absent tensors, other sizes and whole numbers as float32", async () => {
    const file = await openSafetensors(layoutFile);
    await expect(file.read("absent")).rejects.toMatchObject({ kind: "checkpoint", field: "absent", file: layoutFile });
    const small = file.readFloat32("float32", new Float32Array(3));
    await expect(small).rejects.toMatchObject({ expected: "3 values", received: "4 values, shape [2, 2]" });
    await expect(file.readFloat32("int8")).rejects.toMatchObject({ received: "I8" });
  });

  it("notices that the file changed", async () => {
    await writeSafetensors(at("a"), [{ name: "w", shape: [1], data: new Float32Array(1) }]);
    const file = await openSafetensors(at("a"));
    utimesSync(at("a"), 1, 1);
    await expect(file.read("w")).rejects.toThrow("changed while it was being read");
  });
});

describe("writing", () => {
  it("gives the reference's bytes, whatever the order", async () => {
    const file = await openSafetensors(layoutFile);
    const tensors = await Promise.all(
      file.names.map(async (name) => ({ name, ...file.tensors.get(name)!, data: await file.read(name) })),
    );
    await writeSafetensors(at("again"), tensors.reverse());
    expect(Buffer.compare(readFileSync(at("again")), readFileSync(layoutFile))).toBe(0);
    expect(Buffer.compare(encodeSafetensors(tensors), readFileSync(layoutFile))).toBe(0);
    expect(readdirSync(folder)).toEqual(["again"]);
  });

  it("writes from shared memory and without metadata", async () => {
    const data = new Float32Array(new SharedArrayBuffer(12), 4, 2).fill(7);
    await writeSafetensors(at("a"), [{ name: "w", shape: [2], data }], { metadata: {}, dtype: "BF16" });
    const file = await openSafetensors(at("a"));
    expect(file.metadata.size).toBe(0);
    expect(file.tensors.get("w")?.dtype).toBe("BF16");
    expect([...(await file.read("w"))]).toEqual([7, 7]);
  });

  it("refuses data that do not fit, and values too large for float16, leaving nothing", async () => {
    const data = new Float32Array([1, 65520]);
    const write = (tensor: object, options = {}) =>
      writeSafetensors(at("a"), [{ name: "w", shape: [2], data, ...tensor }], options);
    await expect(write({ shape: [3] })).rejects.toBeInstanceOf(CheckpointError);
    await expect(write({ dtype: "I32" })).rejects.toBeInstanceOf(CheckpointError);
    await expect(write({ shape: [-1, -2] })).rejects.toBeInstanceOf(CheckpointError);
    await expect(write({}, { dtype: "F16" })).rejects.toBeInstanceOf(ConfigurationError);
    const twice = [1, 2].map(() => ({ name: "w", shape: [2], data }));
    await expect(writeSafetensors(at("a"), twice)).rejects.toBeInstanceOf(CheckpointError);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe("hostile files", () => {
  const w = entry([2], 0, 8);
  it.each<[string, Uint8Array]>([
    ["empty", new Uint8Array(0)],
    ["seven bytes", new Uint8Array(7)],
    ["a length of zero", fileOf("", 0)],
    ["a length beyond the file", fileOf({ w }, 8, 1000n)],
    ["a length beyond all numbers", fileOf({ w }, 8, 2n ** 64n - 1n)],
    ["a length beyond the limit", fileOf({ w }, 8, 100_000_001n)],
    ["a Git LFS pointer", new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\noid sha256:0\n")],
    ["no JSON", fileOf('{"w":', 8)],
    ["deeply nested", fileOf(`{"w":${"[".repeat(1_000_000)}`, 8)],
    ["not UTF-8", fileOf({ w }, 8).map((byte) => (byte === 0x77 ? 0xff : byte))],
    ["a list", fileOf([w], 8)],
    ["null", fileOf("null", 8)],
    ["a tensor that is null", fileOf({ w: null }, 8)],
    ["a tensor that is a list", fileOf({ w: [1] }, 8)],
    ["an unknown type", fileOf({ w: entry([2], 0, 8, "F8_E4M3") }, 8)],
    ["a type from the prototype", fileOf({ w: entry([2], 0, 8, "constructor") }, 8)],
    ["a negative size", fileOf({ w: entry([-2], 0, 8) }, 8)],
    ["two negative sizes", fileOf({ w: entry([-2, -1], 0, 8) }, 8)],
    ["a fractional size", fileOf({ w: entry([0.5, 4], 0, 8) }, 8)],
    ["a size as text", fileOf({ w: entry(["2"], 0, 8) }, 8)],
    ["sizes that overflow", fileOf({ w: entry([2 ** 40, 2 ** 40, 0], 0, 0) })],
    ["a negative offset", fileOf({ w: entry([2], -8, 0) }, 0)],
    ["offsets in reverse", fileOf({ w: entry([2], 8, 0) }, 8)],
    ["an offset too many", fileOf({ w: { ...w, data_offsets: [0, 8, 8] } }, 8)],
    ["offsets that are no list", fileOf({ w: { ...w, data_offsets: { 0: 0, 1: 8, length: 2 } } }, 8)],
    ["a shape that does not fit the bytes", fileOf({ w: entry([3], 0, 8) }, 8)],
    ["overlapping tensors", fileOf({ w, v: entry([2], 4, 12) }, 12)],
    ["the same bytes twice", fileOf({ w, v: w }, 8)],
    ["a gap", fileOf({ w, v: entry([1], 12, 16) }, 16)],
    ["a gap at the beginning", fileOf({ w: entry([2], 4, 12) }, 12)],
    ["too few bytes", fileOf({ w }, 7)],
    ["too many bytes", fileOf({ w }, 9)],
    ["a name twice", fileOf(`{"w":${JSON.stringify(w)},"w":${JSON.stringify(w)}}`, 8)],
    ["a name twice, once escaped", fileOf(`{"w":${JSON.stringify(w)},"\\u0077":${JSON.stringify(w)}}`, 8)],
    ["a field twice", fileOf('{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 8)],
    ["metadata that are no texts", fileOf({ __metadata__: { a: 1 }, w }, 8)],
    ["metadata that are a list", fileOf({ __metadata__: ["a"], w }, 8)],
  ])("refuses %s", async (_, bytes) => {
    writeFileSync(at("a"), bytes);
    const fromPath = await openSafetensors(at("a")).catch((error) => error);
    expect(fromPath).toBeInstanceOf(CheckpointError);
    expect(fromPath.file).toBe(at("a"));
    expect(fromPath.hint).toBeTruthy();
    expect(await openSafetensors("memory", bytes).catch((error) => error)).toBeInstanceOf(CheckpointError);
  });

  it("names a missing file and a folder", async () => {
    await expect(openSafetensors(at("absent"))).rejects.toBeInstanceOf(CheckpointError);
    await expect(openSafetensors(folder)).rejects.toBeInstanceOf(CheckpointError);
  });

  it("reads what is unusual but sound", async () => {
    const header = `{"__proto__":${JSON.stringify(entry([1], 8, 12))},"w":${JSON.stringify(w)}}   `;
    const file = await openSafetensors("memory", fileOf(header, 12));
    expect(file.names).toEqual(["w", "__proto__"]);
    expect([...(await file.read("__proto__"))]).toEqual([0]);
    expect((await openSafetensors("memory", fileOf("{}"))).names).toEqual([]);
  });

  it("notices that the file was cut after it was opened", async () => {
    await writeSafetensors(at("a"), [{ name: "w", shape: [4], data: new Float32Array(4) }]);
    const file = await openSafetensors(at("a"));
    truncateSync(at("a"), 90);
    await expect(file.read("w")).rejects.toBeInstanceOf(CheckpointError);
  });

  it("never fails but with a CheckpointError, whichever bytes are changed", async () => {
    const original = readFileSync(layoutFile);
    const change = fc.record({
      at: fc.oneof(fc.nat(7), fc.nat(original.length - 1)),
      byte: fc.oneof(fc.nat(255), fc.constantFrom(...'0123456789{}[]",:\\-e'.split("").map((c) => c.charCodeAt(0)))),
    });
    const cut = fc.option(fc.nat(original.length));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 4 }), cut, async (changes, length) => {
        const bytes = Uint8Array.from(original.subarray(0, length ?? original.length));
        for (const { at: position, byte } of changes) if (position < bytes.length) bytes[position] = byte;
        try {
          const file = await openSafetensors("mutant", bytes);
          for (const name of file.names) await file.read(name);
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError);
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ZipOptions, zip } from "../../test/support/zip-file.ts";
import { CheckpointError } from "../errors.ts";
import { openPytorchFile } from "./pytorch-file.ts";
import { openSafetensors } from "./safetensors.ts";

const golden = (name: string): string =>
  fileURLToPath(new URL(`../../test/golden/checkpoints/${name}`, import.meta.url));

/** A pickle in the notation of a dictionary with one tensor; each part can be exchanged. */
function pickle(
  parts: { callee?: string; type?: string; key?: string; numbers?: string; protocol?: string } = {},
): Buffer {
  const short = (text: string): string => `\x8c${String.fromCharCode(text.length)}${text}`;
  const { callee = "torch._utils\n_rebuild_tensor_v2", type = "torch\nFloatStorage", key = "0" } = parts;
  // offset 0, size (2,), stride (1,)
  const { numbers = "K\x00K\x02\x85K\x01\x85", protocol = "\x80\x02" } = parts;
  const storage = `(${short("storage")}c${type}\n${short(key)}${short("cpu")}K\x02tQ`;
  return Buffer.from(`${protocol}}${short("w")}c${callee}\n(${storage}${numbers}\x89}tRs.`, "latin1");
}

const data = new Uint8Array(new Float32Array([1.5, -2]).buffer);
const open = (pkl: Uint8Array, options: ZipOptions = {}, more: Record<string, Uint8Array> = {}) =>
  openPytorchFile("file.bin", zip({ "x/data.pkl": pkl, "x/data/0": data, ...more }, options));

describe("reading", () => {
  it("gives the values that Python gives: strides, offsets, shared storages, parameters", async () => {
    const file = await openPytorchFile(golden("pytorch.bin"));
    const expected = await openSafetensors(golden("pytorch.safetensors"));
    expect([...file.tensors.keys()].sort()).toEqual([...expected.names].sort());
    for (const name of expected.names) {
      const { dtype, shape } = expected.tensors.get(name)!;
      expect(file.tensors.get(name)).toMatchObject({ dtype, shape });
      expect(await file.read(name)).toEqual(await expected.read(name));
      if (!dtype.startsWith("F")) continue;
      const into = new Float32Array((await expected.read(name)).length);
      expect(await file.readFloat32(name, into)).toBe(into);
      expect(into).toEqual(await expected.readFloat32(name));
      await expect(file.readFloat32(name, new Float32Array(99))).rejects.toBeInstanceOf(CheckpointError);
    }
    await expect(file.readFloat32("int64")).rejects.toMatchObject({ received: "I64" });
  });

  it("reads ZIP64, comments and other protocols", async () => {
    for (const options of [{}, { wide: true }, { comment: "PK\x05\x06 is not the end of this" }]) {
      for (const protocol of ["\x80\x02", `\x80\x04\x95${"\0".repeat(8)}`]) {
        const file = await open(pickle({ protocol }), options);
        expect(file.tensors.get("w")).toMatchObject({ dtype: "F32", shape: [2] });
        expect([...(await file.read("w"))]).toEqual([1.5, -2]);
      }
    }
  });
});

describe("hostile files", () => {
  const refused = async (opening: Promise<unknown>): Promise<void> => {
    const error = await opening.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(CheckpointError);
    expect(error).toMatchObject({ file: "file.bin", hint: expect.stringMatching(/./) });
  };

  it.each<[string, Parameters<typeof pickle>[0]]>([
    ["another function", { callee: "os\nsystem" }],
    ["a function that evaluates", { callee: "builtins\neval" }],
    ["a type that is no storage", { type: "os\nsystem" }],
    ["a type from the prototype", { type: "torch\nconstructor" }],
    ["a storage that is absent", { key: "1" }],
    ["a storage outside", { key: "../data.pkl" }],
    ["an offset beyond the storage", { numbers: "K\x01K\x02\x85K\x01\x85" }],
    ["more values than the storage", { numbers: "K\x00K\x03\x85K\x01\x85" }],
    ["a stride of zero", { numbers: "K\x00J\xff\xff\xff\x7f\x85K\x00\x85" }],
    ["a negative offset", { numbers: "J\xff\xff\xff\xffK\x02\x85K\x01\x85" }],
    ["a negative size", { numbers: "K\x00J\xff\xff\xff\xff\x85K\x01\x85" }],
    ["strides of another rank", { numbers: "K\x00K\x02\x85)" }],
    ["a size as text", { numbers: "K\x00\x8c\x012\x85K\x01\x85" }],
    ["huge integers", { numbers: `K\x00\x8a\x09${"\xff".repeat(9)}\x85K\x01\x85` }],
  ])("refuses %s", async (_, parts) => {
    await refused(open(pickle(parts)));
  });

  it.each([
    ["", "empty"],
    [".", "nothing on the stack"],
    ["N.", "null"],
    ["}", "no end"],
    ["}\x8c\x01wNs.", "a value that is no tensor"],
    ["}NNs.", "a name that is no text"],
    ["(.", "a mark left"],
    ["t.", "no mark"],
    ["}h\x05.", "a memo that is absent"],
    ["}X\xff\xff\xff\xff.", "a long text"],
    ["Nu.", "items without a mark"],
    ["N)R.", "a call of nothing"],
    ["cos\nsystem\n\x8c\x02ls\x85R.", "a call"],
    ["cos\nsystem\n)\x81.", "NEWOBJ"],
    ["cos\nsystem", "a line without end"],
    ["(cos\nsystem\n\x8c\x02lso.", "OBJ"],
    ["(S'ls'\nios\nsystem\n.", "INST"],
    ["\xff.", "no such operation"],
  ])("refuses the pickle %j: %s", async (text) => {
    await refused(open(Buffer.from(text, "latin1")));
  });

  it("refuses other archives", async () => {
    await refused(openPytorchFile("file.bin", new Uint8Array(0)));
    await refused(openPytorchFile("file.bin", Buffer.from("PK")));
    await refused(openPytorchFile("file.bin", Buffer.from("PK".repeat(100))));
    // The format before PyTorch 1.6 begins with a pickled number.
    await refused(openPytorchFile("file.bin", Buffer.from("\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "latin1")));
    await refused(openPytorchFile("file.bin", zip({ "x/other": data })));
    await refused(openPytorchFile("file.bin", zip({ "data.pkl": pickle() })));
    await refused(open(pickle(), { method: 8 }));
    await refused(open(pickle(), {}, { "x/byteorder": Buffer.from("big") }));
  });

  it("never fails but with a CheckpointError, whichever bytes are changed", async () => {
    const original = readFileSync(golden("pytorch.bin"));
    const change = fc.record({
      at: fc.oneof(fc.nat(1300), fc.integer({ min: original.length - 1500, max: original.length - 1 })),
      byte: fc.nat(255),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 4 }),
        fc.option(fc.nat(original.length)),
        async (changes, length) => {
          const bytes = Uint8Array.from(original.subarray(0, length ?? original.length));
          for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
          try {
            const file = await openPytorchFile("mutant", bytes);
            for (const name of file.tensors.keys()) await file.read(name);
          } catch (error) {
            expect(error).toBeInstanceOf(CheckpointError);
          }
        },
      ),
      { numRuns: 1000, seed: 1 },
    );
  });
});

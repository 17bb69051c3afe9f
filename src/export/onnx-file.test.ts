import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { OnnxGraph } from "../onnx/index.ts";
import { writeOnnx } from "./onnx-file.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "cloze-onnx-file-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function graphOf(...weights: readonly Uint8Array[]): OnnxGraph {
  const initializers = weights.map(
    (bytes, index) => ({ name: `w${index}`, type: "uint8", dims: [bytes.length], bytes }) as const,
  );
  return { name: "g", nodes: [], inputs: [], outputs: [], initializers };
}

describe("writeOnnx", () => {
  it("returns the size of the file", async () => {
    const path = join(folder, "small.onnx");
    expect(await writeOnnx(path, graphOf(new Uint8Array(1000)), "small.onnx")).toBe(statSync(path).size);
  });

  it("refuses what readers of ONNX files refuse, before it writes", async () => {
    // A gigabyte twice, which nobody touches.
    const half = new Uint8Array(2 ** 30);
    const path = join(folder, "large.onnx");
    const refused = writeOnnx(path, graphOf(half, half), "large.onnx");
    await expect(refused).rejects.toMatchObject({
      kind: "configuration",
      file: "large.onnx",
      expected: "at most 2147483647 bytes",
    });
    expect(existsSync(path)).toBe(false);
  });
});

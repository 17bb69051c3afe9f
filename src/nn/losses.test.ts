import { describe, expect, it } from "vitest";
import { gradientsOf, input, type SymbolicTensor, shapeOf } from "../graph/index.ts";
import { createCpuEngine } from "../runtime/c-api.ts";
import { Executable } from "../runtime/executable.ts";
import { weightedCrossEntropy } from "./losses.ts";

describe("cross-entropy with weights for the classes", () => {
  it("has the value and the gradient of PyTorch 2.15.0's cross_entropy(…, weight=…)", async () => {
    const logits = input("logits", "float32", shapeOf("B", 3));
    const loss = weightedCrossEntropy(logits, input("labels", "int64", shapeOf("B")), [0.5, 2, 1.25]);
    const [gradient] = gradientsOf(loss, [logits]) as [SymbolicTensor];
    const outputs = { loss, gradient };
    const executable = await Executable.compile(createCpuEngine(), outputs, { parameters: () => new Float32Array() });
    const data = Float32Array.of(0.5, -1, 2, 1.5, 0.25, -0.75, 0, 3, 1, -2, 0.5, 0.1);
    const results = await executable.run({
      logits: { type: "float32", dims: [4, 3], data },
      labels: { type: "int64", dims: [4], data: BigInt64Array.of(2n, 0n, -100n, 1n) },
    });
    await executable.release();
    expect(results.loss?.data[0]).toBeCloseTo(0.42372098565101624, 6);
    const expected = [
      ...[0.058430131524801254, 0.013037524186074734, -0.07146766036748886],
      ...[-0.03754128888249397, 0.027444880455732346, 0.010096408426761627],
      ...[0, 0, 0],
      ...[0.024982048198580742, -0.22898970544338226, 0.20400767028331757],
    ];
    expected.forEach((value, index) => {
      expect(results.gradient?.data[index]).toBeCloseTo(value, 6);
    });
  });
});

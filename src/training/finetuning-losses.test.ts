/** Fine-tuning without dropout computes what PyTorch does: every loss, and what the trained model says of other rows. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runSmall, type SmallRunName, smallRuns } from "../../test/golden/fine-tuning/small-runs.ts";

interface Recorded {
  readonly losses: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
}

const file = new URL("../../test/golden/fine-tuning/small-runs.json", import.meta.url);
const recorded = JSON.parse(readFileSync(file, "utf8")) as Record<SmallRunName, Recorded>;

it.each(Object.keys(smallRuns) as SmallRunName[])("%s, step by step as transformers 5.23.0", async (name) => {
  const folder = mkdtempSync(join(tmpdir(), "cloze-small-run-"));
  try {
    const { losses, result } = await runSmall(name, folder);
    const { losses: expected, metrics } = recorded[name];
    expect(losses).toHaveLength(expected.length);
    for (const [step, loss] of expected.entries()) {
      expect(Math.abs((losses[step] as number) / loss - 1), `step ${step + 1}`).toBeLessThan(1e-5);
    }
    for (const [metric, value] of Object.entries(metrics)) {
      expect(result.evaluation?.metrics[metric], metric).toBeCloseTo(value, 5);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

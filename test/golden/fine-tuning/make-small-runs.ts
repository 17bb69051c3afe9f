/** Does the runs of `small-runs.ts` in PyTorch (the first argument is its Python) and writes `small-runs.json`. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { planHash, planOf, trainInPytorch, writePlan } from "../../../scripts/finetuning-in-pytorch.ts";
import { runSmall, type SmallRunName, smallRuns } from "./small-runs.ts";

const python = process.argv[2] ?? "python3";
const folder = mkdtempSync(join(tmpdir(), "cloze-small-runs-"));
const recorded: Record<string, unknown> = {};
for (const name of Object.keys(smallRuns) as SmallRunName[]) {
  const written = { batches: "", place: "" };
  const { losses: ours, result } = await runSmall(name, folder, async (run, totalSteps) => {
    const plan = await planOf(run, totalSteps);
    written.batches = planHash(plan);
    written.place = await writePlan(run, plan, 1);
  });
  const { losses, metrics, versions } = await trainInPytorch(python, written.place, result);
  const largest = Math.max(...losses.map((loss, step) => Math.abs((ours[step] as number) / loss - 1)));
  console.log(`${name}: largest relative difference of a loss ${largest.toExponential(1)}`, metrics);
  recorded[name] = { ...versions, batches: written.batches, losses, metrics };
}
writeFileSync(new URL("small-runs.json", import.meta.url), `${JSON.stringify(recorded, null, 1)}\n`);
rmSync(folder, { recursive: true });

/**
 * Runs the pretraining runs and writes all that PyTorch needs to repeat them: initial weights, every batch, settings.
 *
 *     npx tsx --conditions=@cloze/source test/golden/training-runs/export.ts FOLDER [RUN …]
 *     python test/golden/training-runs/make.py FOLDER
 *
 * FOLDER/RUN then holds `initial/` (a model folder), `run.json` (settings, our own figures, and where each array lies)
 * and `batches.bin` (int32, little endian).
 */
import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import type { PreparedBatch } from "../../../src/objectives/index.ts";
import { resolvePretrainSettings } from "../../../src/training/index.ts";
import { runTraining, type TrainingRunName, trainingRuns } from "./runs.ts";

type Place = readonly [offset: number, dims: readonly number[]];

async function exportRun(name: TrainingRunName, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const file = createWriteStream(join(folder, "batches.bin"));
  let offset = 0;
  const write = (batch: PreparedBatch): Record<string, Place> =>
    Object.fromEntries(
      Object.entries(batch).map(([array, { data, dims }]) => {
        const values = Int32Array.from(data as Iterable<number | bigint>, Number);
        file.write(new Uint8Array(values.buffer));
        const place: Place = [offset, dims];
        offset += values.length;
        return [array, place];
      }),
    );
  const training: Record<string, Place>[] = [];
  const evaluation: Record<string, Place>[] = [];
  const figures = await runTraining(name, {
    onReady: (run) => run.model.savePretrained(join(folder, "initial")),
    onTrainingBatch: (batch) => training.push(write(batch)),
    onEvaluationBatch: (batch) => evaluation.push(write(batch)),
  });
  file.end();
  await finished(file);
  const settings = resolvePretrainSettings(trainingRuns[name]);
  await writeFile(join(folder, "run.json"), JSON.stringify({ name, settings, figures, training, evaluation }));
  console.log(`${name}: ${training.length} steps in ${figures.seconds.toFixed(1)} s, held out:`, figures.heldOut);
}

const [folder, ...names] = process.argv.slice(2);
if (folder === undefined) throw new Error("say which folder to write to");
const chosen = names.length > 0 ? names : Object.keys(trainingRuns);
for (const name of chosen) await exportRun(name as TrainingRunName, join(folder, name));

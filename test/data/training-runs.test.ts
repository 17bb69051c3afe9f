/** Whole pretraining runs against the same runs in PyTorch, which `test/golden/training-runs/make.py` recorded. */
import { existsSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { resolvePretrainSettings } from "../../src/training/index.ts";
import {
  runTraining,
  type TrainingRunFigures,
  type TrainingRunName,
  trainingRuns,
} from "../golden/training-runs/runs.ts";

interface Reference {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly heldOutBytes: number;
  readonly initialHeldOut: Readonly<Record<string, number>>;
  readonly heldOut: Readonly<Record<string, number>>;
  readonly losses: readonly number[];
  readonly gradientNorms: readonly number[];
}

/**
 * Relative, of losses and held-out figures alike: ours and PyTorch's were at most 8e-7 apart when this was
 * written, and weights that begin 1e-6 apart end no further from each other. A wrong weight decay, clipping or β₂ moves a
 * run by less than 1%, so a bound of 1% would find none of them.
 */
const tolerance = 3e-5;
/** PyTorch sums a norm in float32, which is off by up to 1e-4 for a table of half a million gradients; ours is float64. */
const normTolerance = 3e-4;
/** In which norms are compared: later ones follow from what is compared anyway. */
const normSteps = 20;

const names = Object.keys(trainingRuns) as TrainingRunName[];

function apart(received: number | undefined, expected: number): number {
  return Math.abs((received ?? Number.NaN) - expected) / Math.abs(expected);
}

describe.each(names)("%s", (name) => {
  const { corpus } = trainingRuns[name];
  const present = corpus === "brown" || existsSync(corpus);
  if (!present) console.log(`skipped: ${name} needs ${basename(corpus)}, which is not beside the repository`);

  describe.runIf(present)("beside PyTorch", () => {
    const file = fileURLToPath(new URL(`../golden/training-runs/${name}.json`, import.meta.url));
    const reference = JSON.parse(readFileSync(file, "utf8")) as Reference;
    let figures: TrainingRunFigures;
    beforeAll(async () => {
      figures = await runTraining(name);
    });

    it("is the run that was recorded", () => {
      const settings: Record<string, unknown> = resolvePretrainSettings(trainingRuns[name]);
      const { corpus: recordedCorpus, ...recorded } = reference.settings;
      expect(Object.fromEntries(Object.keys(recorded).map((field) => [field, settings[field]]))).toEqual(recorded);
      expect(basename(corpus)).toBe(recordedCorpus);
      expect(figures.heldOutBytes).toBe(reference.heldOutBytes);
      expect(figures.losses).toHaveLength(reference.losses.length);
    });

    it("has every step's loss", () => {
      for (const [step, loss] of reference.losses.entries()) {
        expect(apart(figures.losses[step], loss), `step ${step + 1}`).toBeLessThan(tolerance);
      }
    });

    it("has the gradient norms of the first steps", () => {
      for (const [step, norm] of reference.gradientNorms.slice(0, normSteps).entries()) {
        expect(apart(figures.gradientNorms[step], norm), `step ${step + 1}`).toBeLessThan(normTolerance);
      }
    });

    it("has the held-out figures, and has learned", () => {
      const measures = Object.keys(reference.heldOut);
      expect(measures.length).toBeGreaterThan(1);
      for (const measure of measures) {
        const expected = reference.heldOut[measure] as number;
        expect(apart(figures.heldOut[measure], expected), measure).toBeLessThan(tolerance);
      }
      // Two models that stand where they began would agree as well.
      const main = reference.heldOut.loss === undefined ? "maskedLoss" : "loss";
      expect(figures.heldOut[main]).toBeLessThan((reference.initialHeldOut[main] as number) - 0.5);
    });
  });
});

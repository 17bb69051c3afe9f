/** The pretraining runs that PyTorch has repeated: their settings, and a run of one that hands out what it is fed with. */
import { fileURLToPath } from "node:url";
import type { PreparedBatch } from "../../../src/objectives/index.ts";
import { type PretrainRun, type PretrainSettings, pretrain } from "../../../src/training/index.ts";

const corpora = fileURLToPath(new URL("../../../../shared/data/lm/en/", import.meta.url));

/** What all of them have: no dropout, whose draws PyTorch does not share, and weights as published. */
const common = {
  preset: "tiny",
  initialization: "published",
  dropout: 0,
  sequenceLength: 64,
  batchSize: 16,
  learningRate: 1e-3,
  schedule: "linear",
  checkpointEvery: 0,
  seed: 7,
} as const satisfies Partial<PretrainSettings>;

const gpt2 = { ...common, architecture: "gpt2", vocabSize: 1024, steps: 300, warmupSteps: 50, holdOutEvery: 20 };

const bert = {
  ...common,
  architecture: "bert",
  preset: "mini",
  objective: "masked-language-modeling+next-sentence-prediction",
  vocabSize: 2048,
  learningRate: 5e-4,
  warmupSteps: 10,
};

/** The name of a run is the name of its reference file. */
export const trainingRuns = {
  "gpt2-tiny-tinyshakespeare": { ...gpt2, corpus: `${corpora}tinyshakespeare.txt` },
  "gpt2-tiny-wikitext2": { ...gpt2, steps: 150, corpus: `${corpora}wikitext2.valid.txt` },
  // The corpus that comes with the package.
  "bert-mini-brown": { ...bert, corpus: "brown", batchSize: 8, steps: 60, holdOutEvery: 100 },
} as const satisfies Record<string, Partial<PretrainSettings>>;
export type TrainingRunName = keyof typeof trainingRuns;

export interface TrainingRunRecorder {
  /** Before the first step: the weights are the initial ones. */
  readonly onReady?: (run: PretrainRun) => Promise<void>;
  readonly onTrainingBatch?: (batch: PreparedBatch) => void;
  readonly onEvaluationBatch?: (batch: PreparedBatch) => void;
}

export interface TrainingRunFigures {
  /** Nats, one of each step, before the step's update. */
  readonly losses: number[];
  /** Global norms of the gradients before they are clipped. */
  readonly gradientNorms: number[];
  /** What the run itself says about the held-out text. */
  readonly heldOut: Readonly<Record<string, number>>;
  /** Of the UTF-8 text that is held out. */
  readonly heldOutBytes: number;
  readonly seconds: number;
}

/** Runs one as `cloze pretrain` would. */
export async function runTraining(
  name: TrainingRunName,
  recorder: TrainingRunRecorder = {},
  changes: Partial<PretrainSettings> = {},
): Promise<TrainingRunFigures> {
  const losses: number[] = [];
  const gradientNorms: number[] = [];
  let predicted = 0;
  const result = await pretrain(
    { ...trainingRuns[name], ...changes },
    {},
    {
      onReady: async (run) => {
        await recorder.onReady?.(run);
        const { prepareBatch, prepareEvaluationBatch } = run.objective;
        // The loop asks this object for each batch, so what is seen here is what the step gets.
        Object.assign(run.objective, {
          prepareBatch: (...given: Parameters<typeof prepareBatch>) => {
            const batch = prepareBatch(...given);
            recorder.onTrainingBatch?.(batch);
            return batch;
          },
          prepareEvaluationBatch: (...given: Parameters<typeof prepareBatch>) => {
            const batch = prepareEvaluationBatch(...given);
            for (const id of batch.nextTokenIds?.data ?? []) if (Number(id) !== -100) predicted++;
            recorder.onEvaluationBatch?.(batch);
            return batch;
          },
        });
      },
      onEvent: (event) => {
        if (event.event !== "step") return;
        losses.push(event.loss);
        gradientNorms.push(event.gradientNorm);
      },
    },
  );
  const heldOutBytes = result.heldOut?.counts.bytes ?? 0;
  const heldOut: Record<string, number> = { ...result.metrics };
  // Every token of the text is predicted once.
  if (predicted > 0) heldOut.bitsPerByte = ((heldOut.loss ?? Number.NaN) * predicted) / Math.LN2 / heldOutBytes;
  await result.model.release();
  return { losses, gradientNorms, heldOut, heldOutBytes, seconds: result.done.elapsedMs / 1000 };
}

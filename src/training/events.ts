/** What a training run tells: one JSON object a line in `metrics.jsonl` and, with `--json`, on standard output. */

export interface StepEvent {
  readonly event: "step";
  /** Optimizer steps done, from 1. */
  readonly step: number;
  /** Mean loss of the step's batch in nats. */
  readonly loss: number;
  readonly learningRate: number;
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: number;
  readonly tokensPerSecond: number;
  /** Training time so far, interruptions left out. */
  readonly elapsedMs: number;
}

export interface EvaluationEvent {
  readonly event: "evaluation";
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
}

export interface CheckpointEvent {
  readonly event: "checkpoint";
  readonly step: number;
  readonly path: string;
}

export interface ResumedEvent {
  readonly event: "resumed";
  readonly step: number;
}

export interface DoneEvent {
  readonly event: "done";
  readonly step: number;
  readonly elapsedMs: number;
  /** `steps`: all done; `minutes`: time was up; `early-stop`: no improvement; `interrupted`: asked to stop. */
  readonly reason: "steps" | "minutes" | "early-stop" | "interrupted";
}

/** Of several runs in one go: the events of this one come next. */
export interface RunEvent {
  readonly event: "run";
  /** `seed-1`, `layer-3`: the folder below the output. */
  readonly name: string;
  /** From 1, of so many. */
  readonly number: number;
  readonly of: number;
}

/** The outcome of several runs. */
export interface RunsEvent extends RunsSummary {
  readonly event: "runs";
}

/** What several runs came to, as `runs.json` holds it. */
export interface RunsSummary {
  /** By which runs are compared: the higher, the better. */
  readonly mainMetric: string;
  readonly runs: readonly FinishedRun[];
  /** The name of the best run. */
  readonly best: string;
  readonly mean: Readonly<Record<string, number>>;
  /** Standard deviation over the runs, with n − 1; 0 for one. */
  readonly deviation: Readonly<Record<string, number>>;
}

export interface FinishedRun {
  readonly name: string;
  readonly steps: number;
  /** On what is held out, of the model that the run left. */
  readonly metrics: Readonly<Record<string, number>>;
}

export type TrainingEvent =
  | StepEvent
  | EvaluationEvent
  | CheckpointEvent
  | ResumedEvent
  | DoneEvent
  | RunEvent
  | RunsEvent;

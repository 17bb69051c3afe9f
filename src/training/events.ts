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

export type TrainingEvent = StepEvent | EvaluationEvent | CheckpointEvent | ResumedEvent | DoneEvent;

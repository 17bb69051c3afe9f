/** What fine-tuning tells while it goes on, and what it leaves. */
import type { FeatureBatches } from "../data/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { PreparedBatch } from "../objectives/index.ts";
import type { AnyPreparedTask, Features, TaskEvaluation } from "../tasks/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import type { DoneEvent, TrainingEvent } from "./events.ts";
import type { FinetuneSettings } from "./finetune-settings.ts";
import type { StageReport } from "./stages.ts";
import type { TaskEvaluator } from "./task-evaluator.ts";

/** A run that is ready for its first step. */
export interface PreparedFinetuning {
  readonly settings: FinetuneSettings;
  readonly model: AnyModel;
  readonly tokenizer: Tokenizer;
  readonly task: AnyPreparedTask;
  readonly features: readonly Features[];
  /** What the steps are given, in their order. */
  readonly batches: FeatureBatches<Features>;
  readonly trainingExamples: number;
  readonly heldOutExamples: number;
  /** What is held out, for a person. */
  readonly heldOutRule: string;
  readonly evaluator: TaskEvaluator<unknown> | undefined;
  /** Of the training examples. */
  readonly fingerprint: string;
  /** Features of a token. */
  readonly width: number;
}

export interface FinetuneHooks {
  /** Every event, as `metrics.jsonl` gets it. */
  readonly onEvent?: ((event: TrainingEvent) => void) | undefined;
  /** What goes on before and beside the steps. */
  readonly onStage?: StageReport | undefined;
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Called once, when nothing is left to go wrong and nothing is written yet. */
  readonly onBegin?: (() => void | Promise<void>) | undefined;
  /** Called once, when everything is ready for the first step. */
  readonly onReady?:
    | ((run: PreparedFinetuning, totalSteps: number, firstBatch: PreparedBatch) => void | Promise<void>)
    | undefined;
  /** Called after every step; returns true to end the run. */
  readonly afterStep?: ((step: number, totalSteps: number) => Promise<boolean> | boolean) | undefined;
  /** Ends the run after the step under way; a checkpoint is written. */
  readonly signal?: AbortSignal | undefined;
}

export interface FinetuneOptions {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

export interface FinetuneResult extends PreparedFinetuning {
  readonly done: DoneEvent;
  /** Of the model that is left, on what is held out; absent for a finished run that was resumed. */
  readonly evaluation: TaskEvaluation | undefined;
}

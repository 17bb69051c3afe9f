/** What a pretraining run is made of, and what it tells while it goes on. */
import type { TokenizedCorpus } from "../data/index.ts";
import type { AnyModel } from "../models/index.ts";
import type { Objective, PreparedBatch } from "../objectives/index.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import type { Metrics } from "./evaluation.ts";
import type { DoneEvent, TrainingEvent } from "./events.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";
import type { StageReport } from "./stages.ts";

export interface PretrainHooks {
  /** Every event, as `metrics.jsonl` gets it. */
  readonly onEvent?: (event: TrainingEvent) => void;
  /** What goes on before and beside the steps. */
  readonly onStage?: StageReport;
  readonly onWarning?: (text: string) => void;
  /** Called once, when everything is ready for the first step. */
  readonly onReady?: (run: PretrainRun, totalSteps: number, firstBatch: FirstBatch) => void | Promise<void>;
  /** Called after every step; returns true to end the run. */
  readonly afterStep?: (run: PretrainRun, step: number, totalSteps: number) => Promise<boolean> | boolean;
  /** Ends the run after the step under way; a checkpoint is written. */
  readonly signal?: AbortSignal | undefined;
}

/** What a run that begins now gets in its first step. */
export type FirstBatch = () => Promise<PreparedBatch>;

export interface PretrainOptions {
  readonly resume?: boolean;
  readonly overwrite?: boolean;
}

/** A run that is ready or under way. */
export interface PretrainRun {
  readonly settings: PretrainSettings;
  readonly model: AnyModel;
  readonly tokenizer: Tokenizer;
  readonly training: TokenizedCorpus;
  readonly heldOut: TokenizedCorpus | undefined;
  readonly heldOutRule: string;
  readonly objective: Objective<AnyModel>;
  readonly sequenceLength: number;
  /** Metrics on the held-out text: the same numbers every time for the same weights. */
  readonly evaluate: (options?: { readonly maxBatches?: number; readonly report?: StageReport }) => Promise<Metrics>;
}

export interface PretrainResult extends PretrainRun {
  readonly done: DoneEvent;
  /** The last evaluation on held-out text, when there is any. */
  readonly metrics: Metrics | undefined;
}

/** Training: the loop, its checkpoints, and pretraining from text to a model folder. */
export {
  type EvaluateModelOptions,
  evaluateModel,
  evaluationObjectives,
  type ModelEvaluation,
} from "./evaluate-model.ts";
export { type EvaluateTaskOptions, evaluateTask, type TaskModelEvaluation } from "./evaluate-task.ts";
export { type EvaluationOptions, Evaluator, type Metrics } from "./evaluation.ts";
export type * from "./events.ts";
export { finetune } from "./finetune.ts";
export {
  exampleFileFields,
  type FinetuneSettings,
  finetuneFields,
  resolveFinetuneSettings,
} from "./finetune-settings.ts";
export type { FinetuneHooks, FinetuneOptions, FinetuneResult, PreparedFinetuning } from "./finetuning-types.ts";
export { OutputFolder, type OutputOptions } from "./output-folder.ts";
export { pretrain } from "./pretrain.ts";
export {
  optimizerNames,
  type PretrainSettings,
  pretrainFields,
  resolvePretrainSettings,
} from "./pretrain-settings.ts";
export { specialTokensOf } from "./pretraining-corpus.ts";
export type {
  FirstBatch,
  PretrainHooks,
  PretrainOptions,
  PretrainResult,
  PretrainRun,
} from "./pretraining-types.ts";
export { readRunLog } from "./run-log.ts";
export { asksForSeveralRuns, finetuneSeveral, type SeveralRunsResult } from "./several-runs.ts";
export type { StageProgress, StageReport } from "./stages.ts";
export type { Bootstrapped, EvaluatedTask } from "./task-evaluator.ts";
export { type ExampleFileOptions, readTaskExamples } from "./task-examples.ts";
export {
  type TokenizerKind,
  type TokenizerTrainingOptions,
  tokenizerKinds,
  trainTokenizer,
} from "./tokenizer-training.ts";
export { type DropoutDraw, type LossOutputs, TrainStep, type TrainStepOptions } from "./train-step.ts";
export { Trainer, type TrainerOptions, type TrainerState } from "./trainer.ts";

/** Fine-tuning tasks: examples in, figures out. */
export { poolingModes } from "./pooling.ts";
export { loadTask, taskNames } from "./registry.ts";
export { nearestDocuments, type RetrievalFeatures } from "./retrieval.ts";
export { type Similarity, similarities } from "./sentence-modules.ts";
export type {
  AnyPreparedTask,
  AnyTask,
  ClassFigures,
  Features,
  LabelOptions,
  LanguageModelingOptions,
  PreparedTask,
  ProblemType,
  Task,
  TaskEvaluation,
  TaskName,
  TaskOptions,
  TaskSetting,
  VectorOptions,
} from "./task.ts";
export { taskSettings } from "./task.ts";
export { withTextMarks } from "./text-marks.ts";
export { longestRow } from "./token-rows.ts";

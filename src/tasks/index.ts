/** Fine-tuning tasks: examples in, figures out. */
export { loadTask, taskNames } from "./registry.ts";
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
} from "./task.ts";
export { withTextMarks } from "./text-marks.ts";
export { longestRow } from "./token-rows.ts";

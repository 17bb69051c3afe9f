/** Optimizers, schedules and clipping, over the flat buffers of runtime/. */
export { type AdadeltaOptions, adadelta } from "./adadelta.ts";
export { type AdafactorOptions, type AdafactorTorchOptions, adafactor, adafactorTorch } from "./adafactor.ts";
export { type AdagradOptions, adagrad } from "./adagrad.ts";
export { type AdamOptions, type AmsgradOptions, adam } from "./adam.ts";
export { adamw } from "./adamw.ts";
export { bertAdam } from "./bert-adam.ts";
export { clipByValue, clippingScale, gradientNorm, type NormType } from "./clipping.ts";
export { type LambOptions, lamb } from "./lamb.ts";
export { MovingAverage, type MovingAverageOptions } from "./moving-average.ts";
export {
  type LiveStretch,
  Optimizer,
  type OptimizerState,
  type StateLengths,
  type StepOptions,
  stateBytes,
  type UpdateRule,
  type UpdateSettings,
} from "./optimizer.ts";
export type { OptimizedParameter, ParameterGroup, Stretch } from "./parameter-groups.ts";
export { type RmspropOptions, rmsprop } from "./rmsprop.ts";
export * from "./schedules.ts";
export { type SgdOptions, sgd } from "./sgd.ts";

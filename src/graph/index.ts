/** Symbolic tensors, operators, differentiation and lowering to ONNX. */
export { layerOf, type SegmentOf } from "./checkpointing.ts";
export { backwardScope, gradientsOf, nodesOf } from "./differentiate.ts";
export { type CutGraph, cutFrozenPart } from "./frozen-part.ts";
export { fuse } from "./fuse.ts";
export { gradientRules } from "./gradients.ts";
export { type LoweredGraph, lower, lowerToOnnx, type Port } from "./lower.ts";
export * from "./operator.ts";
export * from "./ops.ts";
export { lossInParts } from "./projection-loss.ts";
export * from "./shapes.ts";
export * from "./symbolic-tensor.ts";
export * from "./trace.ts";

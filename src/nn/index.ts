/** Layers, losses and initializers. */
export * from "./activations.ts";
export * from "./attention.ts";
export * from "./conv1d-linear.ts";
export * from "./dropout.ts";
export * from "./embedding.ts";
export * from "./initializers.ts";
export * from "./layer-norm.ts";
export * from "./linear.ts";
export * from "./losses.ts";
export * from "./module.ts";
export * from "./multi-head-attention.ts";
export * from "./parameter-store.ts";

/**
 * The kernels. Each takes first the number of items that this call does; the thread pool splits the items and moves the
 * pointers along. Pointers are byte offsets into the imported memory. No relaxed SIMD: results must not depend on the
 * machine.
 */
export * from "./adafactor";
export * from "./adam";
export * from "./adaptive";
export * from "./dropout";
export * from "./elementwise";
export * from "./embedding";
export * from "./reductions";
export * from "./sgd";

/** Models for other runtimes. */
export type { Drift } from "./drift.ts";
export * from "./export-model.ts";

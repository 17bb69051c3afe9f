import type { StageProgress } from "../training/index.ts";

/** Where the demo's words go. */
export interface DemoScreen {
  /** A line that stays. */
  line(text: string): void;
  /** A line that changes: how far something is. */
  progress(state: StageProgress & { readonly note?: string }): void;
}

/** A stretch of time in which something was done. */
export interface Span {
  readonly name: string;
  /** On the clock of `platform.now`. */
  readonly startMs: number;
  readonly durationMs: number;
}

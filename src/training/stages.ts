/** What a run is busy with before and beside its steps, for progress bars. */
export interface StageProgress {
  /** In words for a person: "counting words". */
  readonly stage: string;
  readonly done: number;
  /** Undefined when it cannot be known. */
  readonly total: number | undefined;
  /** What is counted: "lines". */
  readonly unit: string;
}

export type StageReport = (progress: StageProgress) => void;

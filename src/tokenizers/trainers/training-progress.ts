/** How far a training is. */
export interface TrainingProgress {
  /** `words`: reading the corpus and counting its words; `merges`: learning the vocabulary. */
  readonly stage: "words" | "merges";
  /** Lines read, or tokens of the vocabulary. */
  readonly done: number;
  /** The same at the end; undefined if it cannot be known. */
  readonly total: number | undefined;
}

export type OnTrainingProgress = (progress: TrainingProgress) => void;

const INTERVAL_MS = 50;

/** Reports progress now and then, and lets the event loop run meanwhile, so that signals and screens are served. */
export class ProgressReporter {
  readonly #onProgress: OnTrainingProgress | undefined;
  #lastMs = performance.now();

  constructor(onProgress: OnTrainingProgress | undefined) {
    this.#onProgress = onProgress;
  }

  /** Whether it is time for `report`; cheap enough for inner loops. */
  get isDue(): boolean {
    return performance.now() - this.#lastMs >= INTERVAL_MS;
  }

  async report(progress: TrainingProgress): Promise<void> {
    this.#onProgress?.(progress);
    await new Promise<void>((resolve) => setTimeout(resolve));
    this.#lastMs = performance.now();
  }
}

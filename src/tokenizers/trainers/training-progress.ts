/** How far a training is: first `words`, then `merges`, or `pieces` for Unigram. */
export interface TrainingProgress<Stage extends string = "words" | "merges"> {
  /** `words`: reading the corpus and counting its words; then the vocabulary grows by `merges`, or shrinks by `pieces`. */
  readonly stage: Stage;
  /** Lines read, tokens of the vocabulary, or pieces dropped. */
  readonly done: number;
  /** The same at the end; undefined if it cannot be known. */
  readonly total: number | undefined;
}

export type OnTrainingProgress<Stage extends string = "words" | "merges"> = (progress: TrainingProgress<Stage>) => void;

const INTERVAL_MS = 50;

/** Reports progress now and then, and lets the event loop run meanwhile, so that signals and screens are served. */
export class ProgressReporter<Stage extends string> {
  readonly #onProgress: OnTrainingProgress<Stage> | undefined;
  #lastMs = performance.now();

  constructor(onProgress: OnTrainingProgress<Stage> | undefined) {
    this.#onProgress = onProgress;
  }

  /** Whether it is time for `report`; cheap enough for inner loops. */
  get isDue(): boolean {
    return performance.now() - this.#lastMs >= INTERVAL_MS;
  }

  async report(progress: TrainingProgress<Stage>): Promise<void> {
    this.#onProgress?.(progress);
    await new Promise<void>((resolve) => setTimeout(resolve));
    this.#lastMs = performance.now();
  }
}

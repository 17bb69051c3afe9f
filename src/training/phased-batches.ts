/**
 * Streams of batches one after the other: BERT was pretrained on short rows first and on long ones at the end (Devlin et
 * al. 2019, A.2), which also gets small models off the plateau sooner.
 */
import type { BatchPosition, BatchStream, MixturePosition, TokenBatch } from "../data/index.ts";
import { DataError } from "../errors.ts";

export interface Phase {
  readonly stream: BatchStream;
  /** Of all batches. */
  readonly share: number;
}

/** What names a batch's rows among those of all phases. */
export function phaseKey(phase: number, { key }: TokenBatch): TokenBatch["key"] {
  return [`phase ${phase}`, ...key];
}

export class PhasedBatches implements BatchStream {
  readonly start: MixturePosition;
  readonly #phases: readonly Phase[];
  readonly #totalBatches: () => number;

  /** `totalBatches` is asked before each batch: a run that is limited by time learns its length as it goes. */
  constructor(phases: readonly Phase[], totalBatches: () => number) {
    this.#phases = phases;
    this.#totalBatches = totalBatches;
    this.start = { step: 0, streams: phases.map(({ stream }) => stream.start) };
  }

  async *from(position: BatchPosition = this.start): AsyncGenerator<TokenBatch> {
    let { step, streams } = this.parsePosition(position);
    const open = this.#phases.map(({ stream }, index) => stream.from(streams[index]));
    try {
      for (;;) {
        const index = this.#phaseOf(step);
        const { value: batch, done } = await (open[index] as AsyncGenerator<TokenBatch>).next();
        if (done) return;
        const next = { step: step + 1, streams: streams.with(index, batch.next) };
        yield { ...batch, key: phaseKey(index, batch), position: { step, streams }, next };
        ({ step, streams } = next);
      }
    } finally {
      await Promise.all(open.map((stream) => stream.return(undefined)));
    }
  }

  #phaseOf(step: number): number {
    const total = this.#totalBatches();
    let end = 0;
    for (const [index, { share }] of this.#phases.entries()) {
      end += Math.round(share * total);
      if (step < end) return index;
    }
    return this.#phases.length - 1;
  }

  parsePosition(value: unknown): MixturePosition {
    const { step, streams } = (value ?? {}) as Partial<Record<keyof MixturePosition, unknown>>;
    if (!Number.isSafeInteger(step) || !Array.isArray(streams) || streams.length !== this.#phases.length) {
      throw new DataError("The saved position in the corpus cannot be used.", {
        field: "position",
        expected: `a step and ${this.#phases.length} streams`,
        received: JSON.stringify(value) ?? "nothing",
        hint: "Go on with the corpus and settings that the run began with.",
      });
    }
    const positions = this.#phases.map(({ stream }, index) => stream.parsePosition(streams[index]));
    return { step: step as number, streams: positions };
  }
}

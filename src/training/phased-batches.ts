/**
 * Streams of batches one after the other: BERT was pretrained on short rows first and on long ones at the end (Devlin et
 * al. 2019, A.2), which also gets small models off the plateau sooner.
 */
import type { BatchPosition, BatchStream, MixturePosition, TokenBatch } from "../data/index.ts";
import { DataError } from "../errors.ts";

export interface Phase {
  readonly stream: BatchStream;
  /** Batches drawn before the next phase begins; the last phase has no end. */
  readonly batches: number;
}

export class PhasedBatches implements BatchStream {
  readonly start: MixturePosition;
  readonly #phases: readonly Phase[];

  constructor(phases: readonly Phase[]) {
    this.#phases = phases;
    this.start = { step: 0, streams: phases.map(({ stream }) => stream.start) };
  }

  async *from(position: BatchPosition = this.start): AsyncGenerator<TokenBatch> {
    let { step, streams } = this.parsePosition(position);
    let end = 0;
    for (const [index, { stream, batches }] of this.#phases.entries()) {
      end += index + 1 === this.#phases.length ? Number.POSITIVE_INFINITY : batches;
      if (step >= end) continue;
      for await (const batch of stream.from(streams[index])) {
        const next = { step: step + 1, streams: streams.with(index, batch.next) };
        yield { ...batch, key: [`phase ${index}`, ...batch.key], position: { step, streams }, next };
        ({ step, streams } = next);
        if (step >= end) break;
      }
    }
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

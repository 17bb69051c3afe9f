/**
 * Several streams of batches mixed by weights: each batch comes from one of them, drawn at random.
 *
 * Paper: Conneau and Lample 2019 (XLM), https://arxiv.org/abs/1901.07291, §3.1: shares proportional to p^α, where p is a
 * language's share of all text; α 0.5 there, 0.7 in multilingual BERT.
 */
import { ConfigurationError, DataError } from "../errors.ts";
import type { Random } from "../random.ts";
import type { BatchPosition, BatchStream, MixturePosition, TokenBatch } from "./batch.ts";

/** Shares of corpora of these sizes when p is flattened to p^α; they sum to 1. */
export function mixtureShares(sizes: readonly number[], alpha: number): number[] {
  if (!(alpha >= 0 && alpha <= 1)) {
    throw new ConfigurationError("The exponent of a mixture must lie between 0 and 1.", {
      field: "alpha",
      expected: "0 (all alike) to 1 (as large as they are)",
      received: String(alpha),
    });
  }
  const total = sizes.reduce((sum, size) => sum + size, 0);
  return normalized(sizes.map((size) => (size / total) ** alpha));
}

export interface MixtureMember {
  readonly stream: BatchStream;
  /** Relative to the other members'. */
  readonly weight: number;
}

export class BatchMixture implements BatchStream {
  readonly start: MixturePosition;
  readonly #streams: readonly BatchStream[];
  readonly #shares: readonly number[];
  readonly #random: Random;

  /** Which stream gives a batch is draw number `step` of a fork of `random`, which is not moved. */
  constructor(members: readonly MixtureMember[], random: Random) {
    this.#streams = members.map((member) => member.stream);
    this.#shares = normalized(members.map((member) => member.weight));
    this.#random = random.fork("mixture");
    this.start = { step: 0, streams: this.#streams.map((stream) => stream.start) };
  }

  async *from(position: BatchPosition = this.start): AsyncGenerator<TokenBatch> {
    const parsed = this.parsePosition(position);
    const positions = [...parsed.streams];
    const open: (AsyncGenerator<TokenBatch> | undefined)[] = this.#streams.map(() => undefined);
    try {
      for (let step = parsed.step; ; step++) {
        const chosen = this.#choose(step);
        const stream = this.#streams[chosen] as BatchStream;
        const generator = open[chosen] ?? stream.from(positions[chosen] as BatchPosition);
        open[chosen] = generator;
        const { value, done } = await generator.next();
        if (done === true) return;
        const here = { step, streams: [...positions] };
        positions[chosen] = value.next;
        yield {
          ...value,
          key: [chosen, ...value.key],
          position: here,
          next: { step: step + 1, streams: [...positions] },
        };
      }
    } finally {
      await Promise.all(open.map((generator) => generator?.return(undefined)));
    }
  }

  parsePosition(value: unknown): MixturePosition {
    const { step, streams } = (value ?? {}) as Partial<Record<keyof MixturePosition, unknown>>;
    if (Number.isSafeInteger(step) && Array.isArray(streams) && streams.length === this.#streams.length) {
      const positions = this.#streams.map((stream, index) => stream.parsePosition(streams[index]));
      return { step: Math.max(0, step as number), streams: positions };
    }
    throw new DataError("The saved position in the mixture of corpora cannot be used.", {
      field: "position",
      expected: `a step and the positions of ${this.#streams.length} corpora`,
      received: JSON.stringify(value) ?? "nothing",
      hint: "Go on with the corpora that the run began with.",
    });
  }

  #choose(step: number): number {
    let left = this.#random.uint32At(step) / 2 ** 32;
    for (const [index, share] of this.#shares.entries()) {
      left -= share;
      if (left < 0) return index;
    }
    return this.#shares.length - 1; // rounding
  }
}

function normalized(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (weights.length > 0 && weights.every((weight) => weight >= 0) && total > 0 && Number.isFinite(total)) {
    return weights.map((weight) => weight / total);
  }
  throw new ConfigurationError("A mixture needs non-negative weights with a positive sum.", {
    field: "weights",
    received: weights.length === 0 ? "none" : weights.join(", "),
  });
}

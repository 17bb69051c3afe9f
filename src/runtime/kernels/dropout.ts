/**
 * Dropout masks as a function of (key, site, step, element), the same bits on every device.
 *
 * Element i of a mask is decided by 16 random bits: half i mod 2 (low half first) of word ⌊(i mod 8) / 2⌋ of the Philox
 * block with counter (⌊i / 8⌋, site, step, 1). The value is kept when these bits, as a number, are below the threshold.
 * So the probability of keeping is a multiple of 1/65536: `keepThreshold` rounds to the nearest, and kept values are
 * scaled by the inverse of the rounded probability, which leaves the expectation exact.
 */
import { ConfigurationError } from "../../errors.ts";
import { COUNTER_DOMAIN, type PhiloxKey, philox4x32 } from "../../random.ts";

export interface DropoutPlace {
  /** Of the run's stream for dropout, as `random.fork("dropout").key`. */
  readonly key: PhiloxKey;
  /** Number of the place in the model where the mask is applied; below 2³². */
  readonly site: number;
  /** Number of the forward pass, counting those whose gradients are accumulated; below 2³². */
  readonly step: number;
}

const KEEP_THRESHOLD_ONE = 65536;

/** Of 65,536 equally likely draws, how many keep the value, for a dropout rate in [0, 1). */
export function keepThreshold(dropoutRate: number): number {
  if (!(dropoutRate >= 0 && dropoutRate < 1)) {
    throw new ConfigurationError("a dropout rate must be in [0, 1)", {
      field: "dropout",
      received: String(dropoutRate),
    });
  }
  return Math.max(1, Math.round((1 - dropoutRate) * KEEP_THRESHOLD_ONE));
}

/** What kept values are multiplied by. */
export function keptScale(threshold: number): number {
  return KEEP_THRESHOLD_ONE / threshold;
}

/** The definition of a mask in plain TypeScript, which the kernel and every device must equal bit for bit. */
export function dropoutMaskReference(out: Uint8Array, place: DropoutPlace, threshold: number): void {
  const block = new Uint32Array(4);
  for (let i = 0; i < out.length; i++) {
    if (i % 8 === 0) philox4x32(place.key, [i / 8, place.site, place.step, COUNTER_DOMAIN.dropout], block);
    const word = block[(i % 8) >> 1] as number;
    const draw = i % 2 === 0 ? word & 0xffff : word >>> 16;
    out[i] = draw < threshold ? 1 : 0;
  }
}

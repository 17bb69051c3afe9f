/**
 * The one source of randomness: a counter-based generator, so that every draw is a pure function of a key and a number.
 *
 * Paper: Salmon et al. 2011, "Parallel Random Numbers: As Easy as 1, 2, 3" (Philox4x32-10).
 *
 * A stream is a 64-bit key. Its draw number i is word i mod 4 of the block with counter (⌊i / 4⌋ low, high, 0, 0). The
 * last counter word separates the uses of a key: 0 draws, 1 dropout masks, 2 the derivation of other keys.
 *
 * Keys come from the seed and the labels by hashing: starting from the key (0, 0), the seed and then each label is cut
 * into pieces of eight bytes and every piece takes key ← first two words of Philox(key, (piece low, piece high, tag, 2)),
 * where the tag holds the label's kind, the piece's number and, so that no label is a beginning of another, its length.
 * Hence `fork("a").fork("b")` is `fork("a", "b")`, while `fork("ab")` and `fork(1)` and `fork("1")` all differ.
 *
 * All arithmetic is on 32-bit integers or uses only +, −, ×, ÷ and √ of float64, which IEEE 754 rounds exactly: the same
 * seed gives the same bits on every machine and engine.
 */
import { ConfigurationError } from "./errors.ts";

/** A stream's identity: two unsigned 32-bit words. */
export type PhiloxKey = readonly [low: number, high: number];

/** What the last counter word says: which use of a key a block belongs to. */
export const COUNTER_DOMAIN = { draw: 0, dropout: 1, derivation: 2 } as const;

const TWO_32 = 2 ** 32;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** High 32 bits of the product of a (given as two halves of 16 bits) and x. */
function multiplyHigh(aHigh: number, aLow: number, x: number): number {
  const xLow = x & 0xffff;
  const xHigh = x >>> 16;
  const middle = (Math.imul(aHigh, xLow) + (Math.imul(aLow, xLow) >>> 16)) >>> 0;
  const other = (Math.imul(aLow, xHigh) + (middle & 0xffff)) >>> 0;
  return (Math.imul(aHigh, xHigh) + (middle >>> 16) + (other >>> 16)) | 0;
}

/** Philox4x32-10: the four words of the block with this key and counter, written to `out` from `offset`. */
export function philox4x32(
  key: PhiloxKey,
  counter: readonly [number, number, number, number],
  out: Uint32Array,
  offset = 0,
): void {
  philoxBlock(key[0], key[1], counter[0], counter[1], counter[2], counter[3], out, offset);
}

function philoxBlock(
  key0: number,
  key1: number,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  out: Uint32Array,
  offset: number,
): void {
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  let x0 = c0 | 0;
  let x1 = c1 | 0;
  let x2 = c2 | 0;
  let x3 = c3 | 0;
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd251, 0x1f53, x0);
    const low0 = Math.imul(0xd2511f53, x0);
    const high1 = multiplyHigh(0xcd9e, 0x8d57, x2);
    const low1 = Math.imul(0xcd9e8d57, x2);
    x0 = high1 ^ x1 ^ k0;
    x1 = low1;
    x2 = high0 ^ x3 ^ k1;
    x3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[offset] = x0;
  out[offset + 1] = x1;
  out[offset + 2] = x2;
  out[offset + 3] = x3;
}

/** A label's kind (high byte of the tag) and its bytes. */
function labelBytes(label: number | string): { kind: number; bytes: Uint8Array } {
  if (typeof label === "string") return { kind: 1, bytes: new TextEncoder().encode(label) };
  if (!Number.isFinite(label)) {
    throw new ConfigurationError("a random stream's label must be a finite number or a string", {
      field: "label",
      received: String(label),
    });
  }
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, label + 0, true); // + 0 makes −0 and 0 one label
  return { kind: 2, bytes };
}

function deriveKey(key: PhiloxKey, label: number | string): PhiloxKey {
  const { kind, bytes } = labelBytes(label);
  const padded = new Uint8Array(Math.max(8, Math.ceil(bytes.length / 8) * 8));
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  const block = new Uint32Array(4);
  let [low, high] = key;
  for (let at = 0; at < padded.length; at += 8) {
    // The first piece carries the length, the others their number with the kind's top bit set.
    const tag = at === 0 ? (kind << 28) | bytes.length : ((kind | 8) << 28) | (at / 8);
    const counter = [view.getUint32(at, true), view.getUint32(at + 4, true), tag, COUNTER_DOMAIN.derivation] as const;
    philox4x32([low, high], counter, block);
    low = block[0] as number;
    high = block[1] as number;
  }
  return [low, high];
}

/** Anything with a length whose elements can be exchanged. */
export interface Shuffleable<T> {
  readonly length: number;
  [index: number]: T;
}

/** A stream of draws. Two streams with different labels are independent; drawing from one never moves another. */
export class Random {
  readonly key: PhiloxKey;
  /** Words of the block that the next sequential draw belongs to, valid while `#blockNumber` is its number. */
  readonly #block = new Uint32Array(4);
  #blockNumber = -1;
  #position = 0;

  /** `seed`: any safe integer, or the key of an existing stream. */
  constructor(seed: number | PhiloxKey) {
    if (typeof seed !== "number") {
      this.key = [seed[0] >>> 0, seed[1] >>> 0];
    } else {
      if (!Number.isSafeInteger(seed)) {
        throw new ConfigurationError("the seed must be an integer", {
          field: "seed",
          expected: "an integer between -(2^53 - 1) and 2^53 - 1",
          received: String(seed),
        });
      }
      this.key = deriveKey([0, 0], seed);
    }
  }

  /** The stream that belongs to these labels: same labels, same stream, wherever this one stands. It starts at 0. */
  fork(...labels: (string | number)[]): Random {
    return new Random(labels.reduce<PhiloxKey>(deriveKey, this.key));
  }

  /** The number of the next 32-bit draw; with the seed and the labels it is the whole state. */
  get position(): number {
    return this.#position;
  }

  set position(value: number) {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new ConfigurationError("a random stream's position must be a non-negative integer", {
        field: "position",
        received: String(value),
      });
    }
    this.#position = value;
  }

  /** Draw number `index` (from 0), without moving the stream. */
  uint32At(index: number): number {
    const blockNumber = Math.floor(index / 4);
    if (blockNumber !== this.#blockNumber) {
      this.#fillBlock(blockNumber, this.#block, 0);
      this.#blockNumber = blockNumber;
    }
    return this.#block[index % 4] as number;
  }

  /** An unsigned 32-bit integer. One draw. */
  uint32(): number {
    return this.uint32At(this.#position++);
  }

  /** Uniform in [0, 1), a multiple of 2⁻³². One draw. */
  uniform(): number {
    return this.uint32() / TWO_32;
  }

  /** A uniform integer in [0, n), without bias. One draw, rarely more; two a try when n exceeds 2³². */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) {
      throw new ConfigurationError("a random integer needs a positive integer bound", {
        field: "n",
        received: String(n),
      });
    }
    const wide = n > TWO_32;
    const range = wide ? 2 ** 53 : TWO_32;
    const limit = range - (range % n); // values from here on would favour small remainders
    for (;;) {
      const draw = wide ? (this.uint32() >>> 11) * TWO_32 + this.uint32() : this.uint32();
      if (draw < limit) return draw % n;
    }
  }

  /** Standard normal, by inversion (so one draw); |value| ≤ 6.4, as 32 bits reach no further. */
  normal(): number {
    return inverseNormal((this.uint32() + 0.5) / TWO_32);
  }

  /** Permutes in place, all orders equally likely (Fisher and Yates; Durstenfeld 1964), and returns the array. */
  shuffle<A extends Shuffleable<unknown>>(array: A): A {
    const items: Shuffleable<unknown> = array;
    for (let last = items.length - 1; last > 0; last--) {
      const other = this.integer(last + 1);
      const kept = items[last];
      items[last] = items[other];
      items[other] = kept;
    }
    return array;
  }

  /** The next `out.length` draws. */
  fillUint32(out: Uint32Array): void {
    const end = this.#position + out.length;
    let at = 0;
    while (at < out.length && this.#position % 4 !== 0) out[at++] = this.uint32();
    for (; at + 4 <= out.length; at += 4) {
      this.#fillBlock(this.#position / 4, out, at);
      this.#position += 4;
    }
    while (at < out.length) out[at++] = this.uint32();
    this.#position = end;
  }

  /** Uniform values, each low + (high − low) · k / 2²⁴; [0, 1) by default. One draw each. */
  fillUniform(out: Float32Array, low = 0, high = 1): void {
    const scale = (high - low) / 2 ** 24;
    this.#fillFrom(out, (draw) => low + scale * (draw >>> 8));
  }

  /** Normal values, computed in float64 and rounded once; the same draws as `normal()` would make. One draw each. */
  fillNormal(out: Float32Array, mean = 0, std = 1): void {
    this.#fillFrom(out, (draw) => mean + std * inverseNormal((draw + 0.5) / TWO_32));
  }

  #fillFrom(out: Float32Array, value: (draw: number) => number): void {
    const draws = new Uint32Array(Math.min(out.length, 4096));
    for (let start = 0; start < out.length; start += draws.length) {
      const count = Math.min(draws.length, out.length - start);
      this.fillUint32(draws.subarray(0, count));
      for (let i = 0; i < count; i++) out[start + i] = value(draws[i] as number);
    }
  }

  #fillBlock(blockNumber: number, out: Uint32Array, offset: number): void {
    const high = Math.floor(blockNumber / TWO_32);
    philoxBlock(this.key[0], this.key[1], blockNumber, high, 0, COUNTER_DOMAIN.draw, out, offset);
  }
}

type Eight = readonly [number, number, number, number, number, number, number, number];

/** c[0] + c[1] x + … + c[7] x⁷ by Horner's rule; written out because this decides the speed of initialization. */
function polynomial(x: number, c: Eight): number {
  return ((((((c[7] * x + c[6]) * x + c[5]) * x + c[4]) * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0];
}

/** Coefficients of the paper, written as the nearest float64 values. */
const CENTRE_ABOVE = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
  33430.57558358813, 2509.0809287301227,
] as const;
const CENTRE_BELOW = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271, 28729.085735721943,
  5226.495278852546,
] as const;
const NEAR_ABOVE = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684, 0.2417807251774506,
  0.022723844989269184, 0.0007745450142783414,
] as const;
const NEAR_BELOW = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
] as const;
const FAR_ABOVE = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 0.000027115555687434876, 2.0103343992922881e-7,
] as const;
const FAR_BELOW = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 0.000018463183175100548,
  1.421511758316446e-7, 2.0442631033899397e-15,
] as const;

/**
 * The standard normal quantile of p in (0, 1), to about 1e-15.
 *
 * Paper: Wichura 1988, "Algorithm AS 241: The Percentage Points of the Normal Distribution" (PPND16).
 */
export function inverseNormal(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(r, CENTRE_ABOVE)) / polynomial(r, CENTRE_BELOW);
  }
  const r = Math.sqrt(-portableLog(q < 0 ? p : 1 - p));
  const value =
    r <= 5
      ? polynomial(r - 1.6, NEAR_ABOVE) / polynomial(r - 1.6, NEAR_BELOW)
      : polynomial(r - 5, FAR_ABOVE) / polynomial(r - 5, FAR_BELOW);
  return q < 0 ? -value : value;
}

/** 2 / (2k + 1): the series of 2 atanh(s) / s in s². */
const ATANH_SERIES = [2, 2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11, 2 / 13, 2 / 15] as const;
const ATANH_REST = [2 / 17, 2 / 19, 2 / 21, 2 / 23, 0, 0, 0, 0] as const;

/**
 * Natural logarithm of x in (0, 1) from exactly rounded operations, so that it has the same bits everywhere, which the
 * language does not promise of `Math.log`. x = m · 2^e with m in [√½, √2); log m = 2 atanh((m − 1) / (m + 1)).
 */
function portableLog(x: number): number {
  let exponent = 0;
  let mantissa = x;
  while (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent--;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  const fourth = square * square;
  const eighth = fourth * fourth;
  const series = polynomial(square, ATANH_SERIES) + eighth * eighth * polynomial(square, ATANH_REST);
  return exponent * Math.LN2 + s * series;
}

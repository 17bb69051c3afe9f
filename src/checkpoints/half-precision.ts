/**
 * The two 16-bit floating point formats of checkpoints: IEEE 754 binary16 ("float16") and bfloat16, the upper half of a
 * float32. Widening is exact; narrowing rounds to nearest, ties to even, as PyTorch does.
 */

/** One for the conversion of single values, so that no array is made per value. */
const oneFloat = new Float32Array(1);
const oneFloatBits = new Uint32Array(oneFloat.buffer);

function widenFloat16(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >>> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** All 65,536 values, made at the first use: looking up is faster than computing. */
let float16Values: Float32Array | undefined;

/** Both of the same length. */
export function float16ToFloat32(halves: Uint16Array, into: Float32Array): void {
  float16Values ??= Float32Array.from({ length: 1 << 16 }, (_, half) => widenFloat16(half));
  for (let index = 0; index < halves.length; index++) into[index] = float16Values[halves[index]!]!;
}

/** Both of the same length. */
export function bfloat16ToFloat32(halves: Uint16Array, into: Float32Array): void {
  const bits = new Uint32Array(into.buffer, into.byteOffset, into.length);
  for (let index = 0; index < halves.length; index++) bits[index] = halves[index]! << 16;
}

function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  // 65,520, the middle between the largest float16 and the next power of two, rounds to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude < 0x38800000) {
    // Below 2^-14 float16 counts in steps of 2^-24; so does float32 just above 0.5: let the addition round.
    oneFloatBits[0] = magnitude;
    oneFloat[0] = oneFloat[0]! + 0.5;
    return sign | (oneFloatBits[0]! - 0x3f000000);
  }
  const tieToEven = (magnitude >>> 13) & 1;
  return sign | ((magnitude - (112 << 23) + 0xfff + tieToEven) >>> 13);
}

function bfloat16Bits(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | 0x40;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/**
 * Narrows `floats` into `halves` (both of the same length).
 *
 * @returns how many finite values are too large for the format and became infinite.
 */
export function float32ToHalf(floats: Float32Array, halves: Uint16Array, format: "F16" | "BF16"): number {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const narrow = format === "F16" ? float16Bits : bfloat16Bits;
  const infinity = format === "F16" ? 0x7c00 : 0x7f80;
  let overflowed = 0;
  for (let index = 0; index < floats.length; index++) {
    const half = narrow(bits[index]!);
    halves[index] = half;
    if ((half & 0x7fff) === infinity && (bits[index]! & 0x7fffffff) !== 0x7f800000) overflowed++;
  }
  return overflowed;
}

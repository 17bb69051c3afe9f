/**
 * What the kernels share. Lanes are float32 in vectors of four; arrays are given by byte offset and need no alignment.
 * The last, partial vector is computed like the others and stored lane by lane: regions are padded to 64 bytes, so
 * reading past an array's end stays inside the memory, and nothing past it is written.
 */

/** Stores the first `left` lanes (all four when there are as many). */
// @ts-ignore: decorator
@inline
export function store(at: usize, x: v128, left: usize): void {
  if (left >= 4) v128.store(at, x);
  else storeTail(at, x, left);
}

export function storeTail(at: usize, x: v128, left: usize): void {
  f32.store(at, f32x4.extract_lane(x, 0));
  if (left > 1) f32.store(at + 4, f32x4.extract_lane(x, 1));
  if (left > 2) f32.store(at + 8, f32x4.extract_lane(x, 2));
}

/** The vector at `at` with lanes beyond `left` set to zero, for sums. */
// @ts-ignore: decorator
@inline
export function loadForSum(at: usize, left: usize): v128 {
  return left >= 4 ? v128.load(at) : loadTail(at, left);
}

export function loadTail(at: usize, left: usize): v128 {
  let x = f32x4.replace_lane(f32x4.splat(0), 0, f32.load(at));
  if (left > 1) x = f32x4.replace_lane(x, 1, f32.load(at + 4));
  if (left > 2) x = f32x4.replace_lane(x, 2, f32.load(at + 8));
  return x;
}

/** The upper two lanes, in the place of the lower two. */
// @ts-ignore: decorator
@inline
export function upperHalf(x: v128): v128 {
  return v128.shuffle<u32>(x, x, 2, 3, 0, 1);
}

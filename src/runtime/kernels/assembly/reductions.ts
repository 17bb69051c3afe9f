/**
 * Reductions of one piece of an array to one float64 at `out`. Which piece a value belongs to, and the order within the
 * piece, are fixed by the array alone, so a result does not depend on the number of threads.
 */
import { loadForSum, upperHalf } from "./vector";

// @ts-ignore: decorator
@inline
function sumLanes(a: v128, b: v128): f64 {
  const sum = f64x2.add(a, b);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** Σ x², squared and summed in float64; not finite exactly when a value is not. */
export function sumOfSquares(count: usize, x: usize, out: usize): void {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  for (let i: usize = 0; i < count; i += 4) {
    const values = loadForSum(x + (i << 2), count - i);
    const a = f64x2.promote_low_f32x4(values), b = f64x2.promote_low_f32x4(upperHalf(values));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  f64.store(out, sumLanes(low, high));
}

/** Σ |x| */
export function sumOfMagnitudes(count: usize, x: usize, out: usize): void {
  let low = f64x2.splat(0), high = f64x2.splat(0);
  for (let i: usize = 0; i < count; i += 4) {
    const values = f32x4.abs(loadForSum(x + (i << 2), count - i));
    low = f64x2.add(low, f64x2.promote_low_f32x4(values));
    high = f64x2.add(high, f64x2.promote_low_f32x4(upperHalf(values)));
  }
  f64.store(out, sumLanes(low, high));
}

/** max |x|; NaN when a value is. */
export function largestMagnitude(count: usize, x: usize, out: usize): void {
  let largest = f32x4.splat(0);
  for (let i: usize = 0; i < count; i += 4) {
    largest = f32x4.max(largest, f32x4.abs(loadForSum(x + (i << 2), count - i)));
  }
  const pair = f32x4.max(largest, upperHalf(largest));
  f64.store(out, <f64>max<f32>(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1)));
}

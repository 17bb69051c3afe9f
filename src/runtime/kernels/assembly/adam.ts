/**
 * Adam (Kingma and Ba 2015) and its kin. With g' = gradientScale · g + l2 · p:
 *   m ← β1 m + (1 − β1) g',  v ← β2 v + (1 − β2) g'²
 *   p ← decay · p − rate · m / (√v · root + ε)
 * AdamW (Loshchilov and Hutter 2019): decay = 1 − learning rate · λ. Adam with L2: l2 = λ. With bias correction:
 * rate = learning rate / (1 − β1ᵗ), root = 1 / √(1 − β2ᵗ); BERT's own Adam has neither (1 for both denominators).
 */
import { store as storeFloats } from "./vector";

export function adam(
  count: usize, p: usize, g: usize, m: usize, v: usize, gradientScale: f32, l2: f32,
  beta1: f32, oneMinusBeta1: f32, beta2: f32, oneMinusBeta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32,
): void {
  const B1 = f32x4.splat(beta1), A1 = f32x4.splat(oneMinusBeta1);
  const B2 = f32x4.splat(beta2), A2 = f32x4.splat(oneMinusBeta2);
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), D = f32x4.splat(decay);
  const R = f32x4.splat(rate), C = f32x4.splat(root), E = f32x4.splat(epsilon);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const first = f32x4.add(f32x4.mul(B1, v128.load(m + o)), f32x4.mul(A1, gradient));
    const second = f32x4.add(f32x4.mul(B2, v128.load(v + o)), f32x4.mul(A2, f32x4.mul(gradient, gradient)));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(second), C), E);
    storeFloats(m + o, first, left);
    storeFloats(v + o, second, left);
    storeFloats(p + o, f32x4.sub(f32x4.mul(weight, D), f32x4.div(f32x4.mul(first, R), denominator)), left);
  }
}

/** The same with the largest second moment so far in the denominator (Reddi et al. 2018). */
export function adamAmsgrad(
  count: usize, p: usize, g: usize, m: usize, v: usize, largest: usize, gradientScale: f32, l2: f32,
  beta1: f32, oneMinusBeta1: f32, beta2: f32, oneMinusBeta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32,
): void {
  const B1 = f32x4.splat(beta1), A1 = f32x4.splat(oneMinusBeta1);
  const B2 = f32x4.splat(beta2), A2 = f32x4.splat(oneMinusBeta2);
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), D = f32x4.splat(decay);
  const R = f32x4.splat(rate), C = f32x4.splat(root), E = f32x4.splat(epsilon);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const first = f32x4.add(f32x4.mul(B1, v128.load(m + o)), f32x4.mul(A1, gradient));
    const second = f32x4.add(f32x4.mul(B2, v128.load(v + o)), f32x4.mul(A2, f32x4.mul(gradient, gradient)));
    const maximum = f32x4.max(v128.load(largest + o), second);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(maximum), C), E);
    storeFloats(m + o, first, left);
    storeFloats(v + o, second, left);
    storeFloats(largest + o, maximum, left);
    storeFloats(p + o, f32x4.sub(f32x4.mul(weight, D), f32x4.div(f32x4.mul(first, R), denominator)), left);
  }
}

/**
 * The same with moments of 16 bits (bfloat16), for half of their memory. They are rounded at random, up as often as
 * the lost part says, so that a moment that grows by less than its last bit grows all the same on average. The random bits
 * are a hash of the element's number `first` + i and `key`, a number of the step. This step's update has the exact moments.
 */
export function adamHalf(
  count: usize, p: usize, g: usize, m: usize, v: usize, gradientScale: f32, l2: f32,
  beta1: f32, oneMinusBeta1: f32, beta2: f32, oneMinusBeta2: f32, rate: f32, root: f32, epsilon: f32, decay: f32,
  first: u32, key: u32,
): void {
  const B1 = f32x4.splat(beta1), A1 = f32x4.splat(oneMinusBeta1);
  const B2 = f32x4.splat(beta2), A2 = f32x4.splat(oneMinusBeta2);
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), D = f32x4.splat(decay);
  const R = f32x4.splat(rate), C = f32x4.splat(root), E = f32x4.splat(epsilon);
  const K = i32x4.splat(key);
  let numbers = i32x4.add(i32x4.splat(first), i32x4(0, 1, 2, 3));
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, half = i << 1, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const mean = f32x4.add(f32x4.mul(B1, loadHalf(m + half)), f32x4.mul(A1, gradient));
    const square = f32x4.add(f32x4.mul(B2, loadHalf(v + half)), f32x4.mul(A2, f32x4.mul(gradient, gradient)));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(square), C), E);
    const bits = hash(i32x4.add(i32x4.mul(numbers, i32x4.splat(0x9e3779b1)), K));
    storeHalf(m + half, mean, v128.and(bits, i32x4.splat(0xffff)), left);
    storeHalf(v + half, square, i32x4.shr_u(bits, 16), left);
    storeFloats(p + o, f32x4.sub(f32x4.mul(weight, D), f32x4.div(f32x4.mul(mean, R), denominator)), left);
    numbers = i32x4.add(numbers, i32x4.splat(4));
  }
}

/** Four bfloat16 as float32. */
// @ts-ignore: decorator
@inline
function loadHalf(at: usize): v128 {
  return i32x4.shl(v128.load16x4_u(at), 16);
}

/** Four float32 as bfloat16: cut off after `noise`, 16 random bits, was added to the bits that go. */
// @ts-ignore: decorator
@inline
function storeHalf(at: usize, x: v128, noise: v128, left: usize): void {
  const upper = i32x4.shr_u(i32x4.add(x, noise), 16);
  const halves = i16x8.narrow_i32x4_u(upper, upper);
  if (left >= 4) v128.store64_lane(at, halves, 0);
  else {
    store<u16>(at, <u16>i16x8.extract_lane_u(halves, 0));
    if (left > 1) store<u16>(at + 2, <u16>i16x8.extract_lane_u(halves, 1));
    if (left > 2) store<u16>(at + 4, <u16>i16x8.extract_lane_u(halves, 2));
  }
}

/** The finalizer of MurmurHash3: every bit of the result depends on every bit of x. */
// @ts-ignore: decorator
@inline
function hash(x: v128): v128 {
  x = v128.xor(x, i32x4.shr_u(x, 16));
  x = i32x4.mul(x, i32x4.splat(0x85ebca6b));
  x = v128.xor(x, i32x4.shr_u(x, 13));
  x = i32x4.mul(x, i32x4.splat(0xc2b2ae35));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/**
 * The first half of LAMB (You et al. 2020, algorithm 2): moments as above, and the update
 *   u = (m · firstCorrection) / (√v · root + ε) + λ p
 * in the gradient's place; the second half adds −rate · ratio · u to p, with a ratio for each parameter tensor.
 */
export function lambUpdate(
  count: usize, p: usize, g: usize, m: usize, v: usize, gradientScale: f32,
  beta1: f32, oneMinusBeta1: f32, beta2: f32, oneMinusBeta2: f32, firstCorrection: f32, root: f32, epsilon: f32,
  weightDecay: f32,
): void {
  const B1 = f32x4.splat(beta1), A1 = f32x4.splat(oneMinusBeta1);
  const B2 = f32x4.splat(beta2), A2 = f32x4.splat(oneMinusBeta2);
  const S = f32x4.splat(gradientScale), W = f32x4.splat(weightDecay);
  const F = f32x4.splat(firstCorrection), C = f32x4.splat(root), E = f32x4.splat(epsilon);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const gradient = f32x4.mul(v128.load(g + o), S);
    const first = f32x4.add(f32x4.mul(B1, v128.load(m + o)), f32x4.mul(A1, gradient));
    const second = f32x4.add(f32x4.mul(B2, v128.load(v + o)), f32x4.mul(A2, f32x4.mul(gradient, gradient)));
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(second), C), E);
    storeFloats(m + o, first, left);
    storeFloats(v + o, second, left);
    storeFloats(g + o, f32x4.add(f32x4.div(f32x4.mul(first, F), denominator), f32x4.mul(v128.load(p + o), W)), left);
  }
}

/**
 * Adagrad, Adadelta and RMSprop. In all of them g' = gradientScale · g + l2 · p, as PyTorch defines L2 regularization.
 */
import { store } from "./vector";

/** Adagrad (Duchi et al. 2011): s ← s + g'², p ← p − rate · g' / (√s + ε). */
export function adagrad(
  count: usize, p: usize, g: usize, sum: usize, gradientScale: f32, l2: f32, rate: f32, epsilon: f32,
): void {
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), R = f32x4.splat(rate), E = f32x4.splat(epsilon);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const total = f32x4.add(v128.load(sum + o), f32x4.mul(gradient, gradient));
    const denominator = f32x4.add(f32x4.sqrt(total), E);
    store(sum + o, total, left);
    store(p + o, f32x4.sub(weight, f32x4.div(f32x4.mul(R, gradient), denominator)), left);
  }
}

/**
 * Adadelta (Zeiler 2012): s ← ρ s + (1 − ρ) g'², δ = √(a + ε) / √(s + ε) · g', a ← ρ a + (1 − ρ) δ², p ← p − rate · δ.
 */
export function adadelta(
  count: usize, p: usize, g: usize, squares: usize, deltas: usize, gradientScale: f32, l2: f32, rate: f32,
  rho: f32, oneMinusRho: f32, epsilon: f32,
): void {
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), R = f32x4.splat(rate), E = f32x4.splat(epsilon);
  const K = f32x4.splat(rho), A = f32x4.splat(oneMinusRho);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o), delta = v128.load(deltas + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const square = f32x4.add(f32x4.mul(K, v128.load(squares + o)), f32x4.mul(A, f32x4.mul(gradient, gradient)));
    const ratio = f32x4.div(f32x4.sqrt(f32x4.add(delta, E)), f32x4.sqrt(f32x4.add(square, E)));
    const change = f32x4.mul(ratio, gradient);
    store(squares + o, square, left);
    store(deltas + o, f32x4.add(f32x4.mul(K, delta), f32x4.mul(A, f32x4.mul(change, change))), left);
    store(p + o, f32x4.sub(weight, f32x4.mul(R, change)), left);
  }
}

/**
 * RMSprop (Tieleman and Hinton 2012): s ← α s + (1 − α) g'², b ← momentum · b + g' / (√s + ε), p ← p − rate · b.
 * Without momentum the buffer is not kept, only overwritten.
 */
export function rmsprop(
  count: usize, p: usize, g: usize, squares: usize, buffer: usize, gradientScale: f32, l2: f32, rate: f32,
  alpha: f32, oneMinusAlpha: f32, epsilon: f32, momentum: f32,
): void {
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), R = f32x4.splat(rate), E = f32x4.splat(epsilon);
  const K = f32x4.splat(alpha), A = f32x4.splat(oneMinusAlpha), M = f32x4.splat(momentum);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const square = f32x4.add(f32x4.mul(K, v128.load(squares + o)), f32x4.mul(A, f32x4.mul(gradient, gradient)));
    const direction = f32x4.div(gradient, f32x4.add(f32x4.sqrt(square), E));
    const moved = f32x4.add(f32x4.mul(M, v128.load(buffer + o)), direction);
    store(squares + o, square, left);
    store(buffer + o, moved, left);
    store(p + o, f32x4.sub(weight, f32x4.mul(R, moved)), left);
  }
}

/** The same with the variance in the place of the second moment (Graves 2013): means ← α means + (1 − α) g'. */
export function rmspropCentered(
  count: usize, p: usize, g: usize, squares: usize, buffer: usize, means: usize, gradientScale: f32, l2: f32, rate: f32,
  alpha: f32, oneMinusAlpha: f32, epsilon: f32, momentum: f32,
): void {
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), R = f32x4.splat(rate), E = f32x4.splat(epsilon);
  const K = f32x4.splat(alpha), A = f32x4.splat(oneMinusAlpha), M = f32x4.splat(momentum);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const square = f32x4.add(f32x4.mul(K, v128.load(squares + o)), f32x4.mul(A, f32x4.mul(gradient, gradient)));
    const mean = f32x4.add(f32x4.mul(K, v128.load(means + o)), f32x4.mul(A, gradient));
    // Rounding can bring a variance that is zero a little below it.
    const variance = f32x4.max(f32x4.sub(square, f32x4.mul(mean, mean)), f32x4.splat(0));
    const direction = f32x4.div(gradient, f32x4.add(f32x4.sqrt(variance), E));
    const moved = f32x4.add(f32x4.mul(M, v128.load(buffer + o)), direction);
    store(squares + o, square, left);
    store(means + o, mean, left);
    store(buffer + o, moved, left);
    store(p + o, f32x4.sub(weight, f32x4.mul(R, moved)), left);
  }
}

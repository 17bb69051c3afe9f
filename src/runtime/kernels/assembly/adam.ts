/**
 * Adam (Kingma and Ba 2015) and its kin. With g' = gradientScale · g + l2 · p:
 *   m ← β1 m + (1 − β1) g',  v ← β2 v + (1 − β2) g'²
 *   p ← decay · p − rate · m / (√v · root + ε)
 * AdamW (Loshchilov and Hutter 2019): decay = 1 − learning rate · λ. Adam with L2: l2 = λ. With bias correction:
 * rate = learning rate / (1 − β1ᵗ), root = 1 / √(1 − β2ᵗ); BERT's own Adam has neither (1 for both denominators).
 */
import { store } from "./vector";

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
    store(m + o, first, left);
    store(v + o, second, left);
    store(p + o, f32x4.sub(f32x4.mul(weight, D), f32x4.div(f32x4.mul(first, R), denominator)), left);
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
    store(m + o, first, left);
    store(v + o, second, left);
    store(largest + o, maximum, left);
    store(p + o, f32x4.sub(f32x4.mul(weight, D), f32x4.div(f32x4.mul(first, R), denominator)), left);
  }
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
    store(m + o, first, left);
    store(v + o, second, left);
    store(g + o, f32x4.add(f32x4.div(f32x4.mul(first, F), denominator), f32x4.mul(v128.load(p + o), W)), left);
  }
}

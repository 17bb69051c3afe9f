/** Stochastic gradient descent with L2: p ← p − rate · (gradientScale · g + l2 · p). */
import { store } from "./vector";

export function sgd(count: usize, p: usize, g: usize, gradientScale: f32, l2: f32, rate: f32): void {
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), R = f32x4.splat(rate);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    store(p + o, f32x4.sub(weight, f32x4.mul(R, gradient)), count - i);
  }
}

/**
 * With momentum: b ← momentum · b + gradientShare · g', then p ← p − rate · (directShare · g' + bufferShare · b).
 * Plain momentum has shares 0 and 1, Nesterov's 1 and momentum; gradientShare is 1 − dampening (1 at the first step).
 */
export function sgdMomentum(
  count: usize, p: usize, g: usize, buffer: usize, gradientScale: f32, l2: f32, rate: f32,
  momentum: f32, gradientShare: f32, directShare: f32, bufferShare: f32,
): void {
  const S = f32x4.splat(gradientScale), L = f32x4.splat(l2), R = f32x4.splat(rate), M = f32x4.splat(momentum);
  const G = f32x4.splat(gradientShare), D = f32x4.splat(directShare), B = f32x4.splat(bufferShare);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const weight = v128.load(p + o);
    const gradient = f32x4.add(f32x4.mul(v128.load(g + o), S), f32x4.mul(weight, L));
    const moved = f32x4.add(f32x4.mul(M, v128.load(buffer + o)), f32x4.mul(G, gradient));
    const direction = f32x4.add(f32x4.mul(D, gradient), f32x4.mul(B, moved));
    store(buffer + o, moved, left);
    store(p + o, f32x4.sub(weight, f32x4.mul(R, direction)), left);
  }
}

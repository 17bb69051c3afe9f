/** Elementwise kernels over whole arrays. */
import { store } from "./vector";

export function fill(count: usize, x: usize, value: f32): void {
  const V = f32x4.splat(value);
  for (let i: usize = 0; i < count; i += 4) store(x + (i << 2), V, count - i);
}

export function scale(count: usize, x: usize, factor: f32): void {
  const F = f32x4.splat(factor);
  for (let i: usize = 0; i < count; i += 4) {
    const at = x + (i << 2);
    store(at, f32x4.mul(v128.load(at), F), count - i);
  }
}

/** target ← target + source */
export function add(count: usize, target: usize, source: usize): void {
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2;
    store(target + o, f32x4.add(v128.load(target + o), v128.load(source + o)), count - i);
  }
}

/** target ← targetFactor · target + sourceFactor · source */
export function combine(count: usize, target: usize, source: usize, targetFactor: f32, sourceFactor: f32): void {
  const T = f32x4.splat(targetFactor), S = f32x4.splat(sourceFactor);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2;
    const sum = f32x4.add(f32x4.mul(T, v128.load(target + o)), f32x4.mul(S, v128.load(source + o)));
    store(target + o, sum, count - i);
  }
}

/** x ← min(max(x, −limit), limit); NaN stays NaN. */
export function clamp(count: usize, x: usize, limit: f32): void {
  const H = f32x4.splat(limit), L = f32x4.splat(-limit);
  for (let i: usize = 0; i < count; i += 4) {
    const at = x + (i << 2);
    store(at, f32x4.min(f32x4.max(v128.load(at), L), H), count - i);
  }
}

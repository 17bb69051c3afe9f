/**
 * The parts of Adafactor (Shazeer and Stern 2018) that touch a whole parameter. A matrix has `width` columns; its second
 * moments are kept as means over rows and over columns.
 */
import { loadForSum, store, upperHalf } from "./vector";

/** out[row] ← share · out + (1 − share) · (mean over columns of (scale · x)², plus offset), for `count` rows. */
export function meanSquaresOfRows(
  count: usize, x: usize, out: usize, width: usize, scale: f32, offset: f64, share: f64,
): void {
  const square = <f64>scale * <f64>scale / <f64>width;
  for (let row: usize = 0; row < count; row++) {
    const from = x + row * (width << 2);
    let low = f64x2.splat(0), high = f64x2.splat(0);
    for (let i: usize = 0; i < width; i += 4) {
      const values = loadForSum(from + (i << 2), width - i);
      const a = f64x2.promote_low_f32x4(values), b = f64x2.promote_low_f32x4(upperHalf(values));
      low = f64x2.add(low, f64x2.mul(a, a));
      high = f64x2.add(high, f64x2.mul(b, b));
    }
    const sum = f64x2.add(low, high);
    const total = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
    const mean = total * square + offset, before = <f64>f32.load(out + (row << 2));
    f32.store(out + (row << 2), <f32>(share * before + (1.0 - share) * mean));
  }
}

/** out[column] ← share · out + (1 − share) · (mean over `rows` rows of (scale · x)², plus offset), for `count` columns. */
export function meanSquaresOfColumns(
  count: usize, x: usize, out: usize, rows: usize, width: usize, scale: f32, offset: f64,
  share: f64,
): void {
  const square = f64x2.splat((1.0 - share) * <f64>scale * <f64>scale / <f64>rows);
  const plus = f64x2.splat((1.0 - share) * offset), kept = f64x2.splat(share);
  for (let column: usize = 0; column < count; column += 4) {
    const left = count - column;
    let low = f64x2.splat(0), high = f64x2.splat(0);
    for (let row: usize = 0; row < rows; row++) {
      const values = loadForSum(x + ((row * width + column) << 2), left);
      const a = f64x2.promote_low_f32x4(values), b = f64x2.promote_low_f32x4(upperHalf(values));
      low = f64x2.add(low, f64x2.mul(a, a));
      high = f64x2.add(high, f64x2.mul(b, b));
    }
    const before = v128.load(out + (column << 2));
    const a = f64x2.mul(kept, f64x2.promote_low_f32x4(before));
    const b = f64x2.mul(kept, f64x2.promote_low_f32x4(upperHalf(before)));
    const first = f32x4.demote_f64x2_zero(f64x2.add(a, f64x2.add(f64x2.mul(low, square), plus)));
    const second = f32x4.demote_f64x2_zero(f64x2.add(b, f64x2.add(f64x2.mul(high, square), plus)));
    store(out + (column << 2), v128.shuffle<u32>(first, second, 0, 1, 4, 5), left);
  }
}

/** g[row, column] ← scale · g / max(√(rowMeans[row] · rowFactor) · √columnMeans[column], floor), for `count` rows. */
export function factoredUpdate(
  count: usize, g: usize, rowMeans: usize, columnMeans: usize, width: usize, scale: f32, rowFactor: f32, floor: f32,
): void {
  const S = f32x4.splat(scale), F = f32x4.splat(floor);
  for (let row: usize = 0; row < count; row++) {
    const at = g + row * (width << 2);
    const R = f32x4.splat(<f32>Math.sqrt(<f64>f32.load(rowMeans + (row << 2)) * <f64>rowFactor));
    for (let i: usize = 0; i < width; i += 4) {
      const o = i << 2;
      const denominator = f32x4.max(f32x4.mul(R, f32x4.sqrt(v128.load(columnMeans + o))), F);
      store(at + o, f32x4.div(f32x4.mul(S, v128.load(at + o)), denominator), width - i);
    }
  }
}

/** For vectors: v ← share · v + (1 − share) · ((scale · g)² + offset), then g ← scale · g / max(√v, floor). */
export function unfactoredUpdate(
  count: usize, g: usize, v: usize, scale: f32, share: f32, oneMinusShare: f32, offset: f32, floor: f32,
): void {
  const S = f32x4.splat(scale), K = f32x4.splat(share), A = f32x4.splat(oneMinusShare);
  const O = f32x4.splat(offset), F = f32x4.splat(floor);
  for (let i: usize = 0; i < count; i += 4) {
    const o = i << 2, left = count - i;
    const gradient = f32x4.mul(S, v128.load(g + o));
    const square = f32x4.add(f32x4.mul(gradient, gradient), O);
    const second = f32x4.add(f32x4.mul(K, v128.load(v + o)), f32x4.mul(A, square));
    store(v + o, second, left);
    store(g + o, f32x4.div(gradient, f32x4.max(f32x4.sqrt(second), F)), left);
  }
}

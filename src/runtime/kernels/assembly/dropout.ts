/**
 * Dropout masks from Philox4x32-10 (Salmon et al. 2011): bytes that are 1 where a value is kept. Mask element i is
 * decided by 16 bits, half i mod 2 (low first) of word (i mod 8) / 2 of the block with counter
 * (⌊i / 8⌋, site, step, domain): kept when they are below `threshold`. src/random.ts holds the same generator.
 */

// @ts-ignore: decorator
@inline
const M0: u32 = 0xd2511f53;
// @ts-ignore: decorator
@inline
const M1: u32 = 0xcd9e8d57;
// @ts-ignore: decorator
@inline
const W0: u32 = 0x9e3779b9;
// @ts-ignore: decorator
@inline
const W1: u32 = 0xbb67ae85;

/** High words of the 64-bit lanes of a pair of vectors. */
// @ts-ignore: decorator
@inline
function highs(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 1, 3, 5, 7);
}

/** Low words. */
// @ts-ignore: decorator
@inline
function lows(a: v128, b: v128): v128 {
  return v128.shuffle<u32>(a, b, 0, 2, 4, 6);
}

/** Sixteen bits a lane → bytes 0 and 1. */
// @ts-ignore: decorator
@inline
function kept(low: v128, high: v128, last: v128): v128 {
  const bytes = i8x16.narrow_i16x8_s(i16x8.le_u(low, last), i16x8.le_u(high, last));
  return v128.and(bytes, i8x16.splat(1));
}

/** Stores the masks of four blocks whose words are lanes of x0 to x3, as far as `left` bytes go. */
// @ts-ignore: decorator
@inline
function storeMasks(at: usize, x0: v128, x1: v128, x2: v128, x3: v128, last: v128, left: usize): void {
  // Bring each block's four words together.
  const a = v128.shuffle<u32>(x0, x1, 0, 4, 1, 5), b = v128.shuffle<u32>(x2, x3, 0, 4, 1, 5);
  const c = v128.shuffle<u32>(x0, x1, 2, 6, 3, 7), d = v128.shuffle<u32>(x2, x3, 2, 6, 3, 7);
  const first = kept(v128.shuffle<u64>(a, b, 0, 2), v128.shuffle<u64>(a, b, 1, 3), last);
  const second = kept(v128.shuffle<u64>(c, d, 0, 2), v128.shuffle<u64>(c, d, 1, 3), last);
  if (left >= 32) {
    v128.store(at, first);
    v128.store(at, second, 16);
  } else {
    storeBytes(at, first, min<usize>(left, 16));
    if (left > 16) storeBytes(at + 16, second, left - 16);
  }
}

/**
 * Writes `count` mask bytes, the first being element 8 · firstBlock of the mask. Eight blocks are computed in step, x and
 * y, because four alone would wait for their multiplications.
 */
export function dropoutMask(
  count: usize, out: usize, firstBlock: u32, key0: u32, key1: u32, site: u32, step: u32, domain: u32, threshold: u32,
): void {
  if (threshold == 0) {
    memory.fill(out, 0, count);
    return;
  }
  const last = i16x8.splat(<i16>(threshold - 1));
  const m0 = i32x4.splat(M0), m1 = i32x4.splat(M1);
  const four = i32x4.splat(4);
  let blocks = i32x4.add(i32x4.splat(firstBlock), i32x4(0, 1, 2, 3));
  for (let i: usize = 0; i < count; i += 64) {
    let x0 = blocks, x1 = i32x4.splat(site), x2 = i32x4.splat(step), x3 = i32x4.splat(domain);
    let y0 = i32x4.add(blocks, four), y1 = x1, y2 = x2, y3 = x3;
    let k0 = key0, k1 = key1;
    for (let round = 0; round < 10; round++) {
      // Products of 64 bits: a and b those of words 0 with M0, c and d those of words 2 with M1.
      const xa = i64x2.extmul_low_i32x4_u(x0, m0), xb = i64x2.extmul_high_i32x4_u(x0, m0);
      const xc = i64x2.extmul_low_i32x4_u(x2, m1), xd = i64x2.extmul_high_i32x4_u(x2, m1);
      const ya = i64x2.extmul_low_i32x4_u(y0, m0), yb = i64x2.extmul_high_i32x4_u(y0, m0);
      const yc = i64x2.extmul_low_i32x4_u(y2, m1), yd = i64x2.extmul_high_i32x4_u(y2, m1);
      const K0 = i32x4.splat(k0), K1 = i32x4.splat(k1);
      x0 = v128.xor(v128.xor(highs(xc, xd), x1), K0);
      y0 = v128.xor(v128.xor(highs(yc, yd), y1), K0);
      x2 = v128.xor(v128.xor(highs(xa, xb), x3), K1);
      y2 = v128.xor(v128.xor(highs(ya, yb), y3), K1);
      x1 = lows(xc, xd);
      y1 = lows(yc, yd);
      x3 = lows(xa, xb);
      y3 = lows(ya, yb);
      k0 += W0;
      k1 += W1;
    }
    blocks = i32x4.add(blocks, i32x4.splat(8));
    const left = count - i;
    storeMasks(out + i, x0, x1, x2, x3, last, left);
    if (left > 32) storeMasks(out + i + 32, y0, y1, y2, y3, last, left - 32);
  }
}

function storeBytes(at: usize, bytes: v128, count: usize): void {
  let low = i64x2.extract_lane(bytes, 0);
  for (let i: usize = 0; i < count; i++) {
    if (i == 8) low = i64x2.extract_lane(bytes, 1);
    store<u8>(at + i, <u8>low);
    low >>= 8;
  }
}

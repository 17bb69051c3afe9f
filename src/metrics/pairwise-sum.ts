/**
 * The sum of numbers by halves, which rounds far less than adding one by one (Higham 1993), in NumPy's order of additions:
 * with it even what is nothing but rounding comes out the same.
 */
export function pairwiseSum(values: readonly number[]): number {
  return sumOf(values, 0, values.length);
}

const LANES = 8;
const BLOCK = 128;

function sumOf(values: readonly number[], start: number, end: number): number {
  const length = end - start;
  if (length < LANES) {
    let sum = 0;
    for (let at = start; at < end; at++) sum += values[at] as number;
    return sum;
  }
  if (length > BLOCK) {
    const half = Math.floor(length / 2);
    const middle = start + half - (half % LANES);
    return sumOf(values, start, middle) + sumOf(values, middle, end);
  }
  const lanes = values.slice(start, start + LANES);
  let at = start + LANES;
  for (; at + LANES <= end; at += LANES) {
    for (let lane = 0; lane < LANES; lane++) lanes[lane] = (lanes[lane] as number) + (values[at + lane] as number);
  }
  const [a, b, c, d, e, f, g, h] = lanes as [number, number, number, number, number, number, number, number];
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (; at < end; at++) sum += values[at] as number;
  return sum;
}

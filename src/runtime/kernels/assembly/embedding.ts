/**
 * The gradient of an embedding table: target[ids[i], :] += rows[i, :] for every i whose id is neither `skip` nor outside
 * [0, vocabulary). `count` columns are done here, starting where the pointers `target` and `rows` stand; `width` floats
 * separate one row from the next. Work is divided by columns, so every element is summed in the order of i whatever the
 * number of threads.
 */
import { store } from "./vector";

export function scatterAddRows(
  count: usize, target: usize, rows: usize, ids: usize, rowCount: usize, width: usize, vocabulary: i32, skip: i32,
): void {
  const rowBytes = width << 2;
  for (let i: usize = 0; i < rowCount; i++) {
    const id = load<i64>(ids + (i << 3));
    if (id == <i64>skip || id < 0 || id >= <i64>vocabulary) continue;
    const into = target + <usize>id * rowBytes, from = rows + i * rowBytes;
    for (let column: usize = 0; column < count; column += 4) {
      const o = column << 2;
      store(into + o, f32x4.add(v128.load(into + o), v128.load(from + o)), count - column);
    }
  }
}

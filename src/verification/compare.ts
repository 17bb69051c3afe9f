/**
 * When two tensors count as the same: max|a − b| ≤ t · max|b| + 1e-6, equal infinities matching and NaN never. The
 * tolerances are tight because a LayerNorm ε of 1e-5 for 1e-12 moves outputs by 4e-5 only.
 */
import { type Finding, failure, type VerificationKind } from "./report.ts";

/** Numbers in row-major order with their shape. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number | bigint>;
}

export interface Tolerance {
  /** t: share of the largest reference value. */
  readonly relative: number;
  /** What is allowed beside; 1e-6 when left out. */
  readonly absolute?: number;
  /** How far the reference itself is from float64. Where that is more than the share, ten times it is allowed instead. */
  readonly deviation?: number | undefined;
}

const smallest = 1e-6;

/** The largest error that passes beside a reference whose largest value is `scale`. */
function limit(scale: number, { relative, absolute = smallest, deviation = 0 }: Tolerance): number {
  const share = relative * scale;
  return (deviation > share ? 10 * deviation : share) + absolute;
}

interface Measured {
  /** max|a − b| */
  readonly error: number;
  /** max|b| over finite values. */
  readonly scale: number;
}

function measure(actual: Values["data"], expected: Values["data"]): Measured {
  let error = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const a = Number(actual[i]);
    const b = Number(expected[i]);
    if (Number.isFinite(b)) scale = Math.max(scale, Math.abs(b));
    // Math.max keeps a NaN once it has one.
    if (a !== b) error = Math.max(error, Math.abs(a - b));
  }
  return { error, scale };
}

/** Compares a tensor of ours with the reference's. */
export function compare(
  kind: VerificationKind,
  name: string,
  actual: Values | undefined,
  expected: Values,
  tolerance: Tolerance,
): Finding {
  if (actual === undefined) return failure(kind, name, "there is no such value");
  const [own, wanted] = [actual.shape.join(", "), expected.shape.join(", ")];
  if (own !== wanted) return failure(kind, name, `the shape is [${own}] instead of [${wanted}]`);
  const { error, scale } = measure(actual.data, expected.data);
  // Beside values that are nothing but rounding, a share says nothing.
  const relative = error === 0 || tolerance.relative === 0 ? 0 : error / scale;
  return {
    name,
    kind,
    maxAbsoluteError: error,
    maxRelativeError: relative,
    ok: error <= limit(scale, tolerance),
  };
}

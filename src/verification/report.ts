/** What a verification found. */

/** What a reference can hold: those of a model first, then the other kinds of reference. */
export const verificationKinds = [
  "outputs",
  "gradients",
  "curve",
  "generation",
  "tokenizer",
  "training",
  "metrics",
] as const;
export type VerificationKind = (typeof verificationKinds)[number];

/** One tensor or case. */
export interface VerificationResult {
  readonly path: string;
  /** As the reference calls it. */
  readonly name: string;
  readonly kind: VerificationKind;
  /** max|a − b|; NaN where there is no number to compare. */
  readonly maxAbsoluteError: number;
  /** max|a − b| / max|b|; 0 where only the absolute error counts. */
  readonly maxRelativeError: number;
  readonly ok: boolean;
  /** Why it failed, where that is not a matter of numbers. */
  readonly reason?: string;
}

export interface VerificationReport {
  readonly path: string;
  /** Something was checked, and nothing failed. */
  readonly ok: boolean;
  readonly checked: number;
  readonly failed: number;
  readonly results: readonly VerificationResult[];
}

/** A result without the path, which is the same for all of a reference. */
export type Finding = Omit<VerificationResult, "path">;

/** A failure that is not a matter of numbers. */
export function failure(kind: VerificationKind, name: string, reason: string): Finding {
  return { name, kind, maxAbsoluteError: Number.NaN, maxRelativeError: Number.NaN, ok: false, reason };
}

/** Several comparisons as one case, which says where it failed first. */
export function oneCase(kind: VerificationKind, name: string, parts: Iterable<Finding>): Finding {
  const all = [...parts];
  const wrong = all.find((part) => !part.ok);
  const largest = (values: number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
  return {
    name,
    kind,
    maxAbsoluteError: largest(all.map((part) => part.maxAbsoluteError)),
    maxRelativeError: largest(all.map((part) => part.maxRelativeError)),
    ok: all.length > 0 && wrong === undefined,
    ...(wrong === undefined ? {} : { reason: `${wrong.name}${wrong.reason === undefined ? "" : `: ${wrong.reason}`}` }),
  };
}

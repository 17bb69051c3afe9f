/** Metrics beside recorded values of the reference tools: each case's numbers, computed here from its input. */
import { ClozeError } from "../errors.ts";
import { metricComputation } from "./metric-computations.ts";
import type { RecordedMetric } from "./recorded-metric.ts";
import { type Finding, failure, oneCase } from "./report.ts";

/** Whether a case is one of these. */
export function isRecordedMetric(value: object): value is RecordedMetric {
  return "input" in value && "options" in value && "expected" in value;
}

/** A line per case. */
export function* checkMetrics(cases: readonly RecordedMetric[]): Generator<Finding> {
  for (const [index, { name, input, options, expected }] of cases.entries()) {
    const title = `${index} ${name}`;
    try {
      const compute = metricComputation(options);
      if (compute === undefined) yield failure("metrics", title, "metrics of this kind cannot be checked yet");
      else yield oneCase("metrics", title, compareDeeply("", compute(input, options), expected));
    } catch (error) {
      if (!(error instanceof ClozeError)) throw error;
      yield failure("metrics", title, error.message);
    }
  }
}

/** The largest difference that rounding of float64 can make, as a share and beside zero. */
const TOLERANCE = 1e-9;

/**
 * Every value of the expected one, with the values that stand in its place: null is what is not defined, and of a list for
 * a number the nearest counts.
 */
function* compareDeeply(path: string, actual: unknown, expected: unknown): Generator<Finding> {
  const name = path === "" ? "value" : path;
  if (typeof expected === "object" && expected !== null) {
    const found = typeof actual === "object" && actual !== null ? (actual as Record<string, unknown>) : {};
    if (Array.isArray(expected) && (!Array.isArray(actual) || actual.length !== expected.length)) {
      const length = Array.isArray(actual) ? actual.length : "no";
      yield failure("metrics", name, `there are ${length} values instead of ${expected.length}`);
      return;
    }
    for (const [key, value] of Object.entries(expected)) {
      yield* compareDeeply(path === "" ? key : `${path}.${key}`, found[key], value);
    }
    if (Object.keys(expected).length === 0) yield same(name, Object.keys(found).length === 0);
    return;
  }
  if (typeof expected !== "number") {
    yield same(name, expected === null ? Number.isNaN(actual) : actual === expected);
    return;
  }
  const candidates = typeof actual === "number" ? [actual] : Array.isArray(actual) ? actual : [Number.NaN];
  const error = Math.min(...candidates.map((candidate) => Math.abs(candidate - expected)));
  const relative = error === 0 ? 0 : error / Math.abs(expected);
  yield {
    name,
    kind: "metrics",
    maxAbsoluteError: error,
    maxRelativeError: Number.isFinite(relative) ? relative : error,
    ok: error <= TOLERANCE * Math.max(1, Math.abs(expected)),
  };
}

function same(name: string, ok: boolean): Finding {
  if (!ok) return failure("metrics", name, "is another value");
  return { name, kind: "metrics", maxAbsoluteError: 0, maxRelativeError: 0, ok };
}

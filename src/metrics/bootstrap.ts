/** How far a metric might be off with other examples of the same kind. */
import { ConfigurationError } from "../errors.ts";
import { Random } from "../random.ts";
import { deviationOf } from "./mean-and-deviation.ts";

export interface BootstrapOptions {
  /** How often the examples are drawn anew; 1000 when left out. */
  readonly resamples?: number | undefined;
  /** Share of the drawn values that the interval holds; 0.95 when left out. */
  readonly confidence?: number | undefined;
  /** 0 when left out. The same seed gives the same interval. */
  readonly seed?: number | undefined;
}

export interface BootstrapInterval {
  /** Of the examples themselves. */
  readonly value: number;
  readonly low: number;
  readonly high: number;
  /** Standard deviation over the resamples. */
  readonly deviation: number;
}

/** The options with their defaults. */
export function bootstrapSettings({ resamples = 1000, confidence = 0.95, seed = 0 }: BootstrapOptions) {
  return { resamples, confidence, seed };
}

/**
 * The percentile interval of a metric (Efron 1979): the examples are drawn with replacement, as many as there are, and the
 * metric is computed of each draw. Draws where the metric is not defined (NaN) are left out.
 */
export function bootstrapInterval<Example>(
  examples: readonly Example[],
  metric: (examples: readonly Example[]) => number,
  options: BootstrapOptions = {},
): BootstrapInterval {
  return bootstrapIntervals(examples, (drawn) => ({ metric: metric(drawn) }), options).metric as BootstrapInterval;
}

/** The intervals of several metrics that are computed together, over the same draws. */
export function bootstrapIntervals<Example>(
  examples: readonly Example[],
  metrics: (examples: readonly Example[]) => Readonly<Record<string, number>>,
  options: BootstrapOptions = {},
): Readonly<Record<string, BootstrapInterval>> {
  const { resamples, confidence, seed } = bootstrapSettings(options);
  checkOptions(resamples, confidence);
  const random = new Random(seed).fork("bootstrap");
  const values = metrics(examples);
  const draws: Readonly<Record<string, number>>[] = [];
  for (let i = 0; i < resamples && examples.length > 0; i++) {
    draws.push(metrics(examples.map(() => examples[random.integer(examples.length)] as Example)));
  }
  const tail = (1 - confidence) / 2;
  const intervals = Object.entries(values).map(([name, value]) => {
    const drawn = draws.map((draw) => draw[name] ?? Number.NaN).filter((one) => !Number.isNaN(one));
    drawn.sort((a, b) => a - b);
    const interval = { low: quantile(drawn, tail), high: quantile(drawn, 1 - tail), deviation: deviationOf(drawn) };
    return [name, { value, ...interval }] as const;
  });
  return Object.fromEntries(intervals);
}

/** Linear between the two nearest values. */
function quantile(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? Number.NaN;
  const above = sorted[Math.ceil(at)] ?? below;
  return below + (at - Math.floor(at)) * (above - below);
}

function checkOptions(resamples: number, confidence: number): void {
  if (!Number.isSafeInteger(resamples) || resamples < 1) {
    throw new ConfigurationError("There must be at least one resample.", {
      field: "resamples",
      expected: "an integer from 1",
      received: String(resamples),
    });
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new ConfigurationError("The confidence must lie between 0 and 1.", {
      field: "confidence",
      expected: "such as 0.95",
      received: String(confidence),
    });
  }
}

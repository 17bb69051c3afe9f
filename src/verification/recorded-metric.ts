/** A case of a metric as a reference file holds it. */

export type MetricInput = Readonly<Record<string, unknown>>;
export type MetricOptions = Readonly<Record<string, unknown>>;

export interface RecordedMetric {
  readonly name: string;
  readonly input: MetricInput;
  readonly options: MetricOptions;
  readonly expected: unknown;
}

/** What a family of metrics gives for an input; a list in place of a number where any of its values is right. */
export type MetricComputation = (input: MetricInput, options: MetricOptions) => unknown;

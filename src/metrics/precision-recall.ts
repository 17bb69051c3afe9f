/** Precision, recall and F1, and how they are averaged over classes. */

/** Shares in [0, 1]. */
export interface PrecisionRecallF1 {
  /** Right predictions over predictions; 0 where there are none. */
  readonly precision: number;
  /** Right predictions over what there was to find; 0 where there was nothing. */
  readonly recall: number;
  /** 2PR / (P + R), the harmonic mean (van Rijsbergen 1979); 0 where both are 0. */
  readonly f1: number;
}

/** What they are computed from. */
export interface MatchCounts {
  readonly correct: number;
  readonly predicted: number;
  readonly gold: number;
}

/** a / b, and 0 where b is 0. */
export function ratio(a: number, b: number): number {
  return b === 0 ? 0 : a / b;
}

export function harmonicMean(precision: number, recall: number): number {
  return ratio(2 * precision * recall, precision + recall);
}

export function precisionRecallF1({ correct, predicted, gold }: MatchCounts): PrecisionRecallF1 {
  const [precision, recall] = [ratio(correct, predicted), ratio(correct, gold)];
  return { precision, recall, f1: harmonicMean(precision, recall) };
}

export interface AveragedScores {
  /** Mean over classes, each counting the same; NaN where there is no class. */
  readonly macro: PrecisionRecallF1;
  /** Of all classes' counts together. */
  readonly micro: PrecisionRecallF1;
  /** Mean over classes, each counting as often as it is in the gold labels. */
  readonly weighted: PrecisionRecallF1;
}

/** The three averages over classes. */
export function averagedScores(classes: readonly MatchCounts[]): AveragedScores {
  const total = (key: keyof MatchCounts): number => classes.reduce((sum, counts) => sum + counts[key], 0);
  const scores = classes.map(precisionRecallF1);
  const mean = (weight: (counts: MatchCounts) => number): PrecisionRecallF1 => {
    const all = classes.reduce((sum, counts) => sum + weight(counts), 0);
    const of = (key: keyof PrecisionRecallF1): number =>
      ratio(
        classes.reduce((sum, counts, at) => sum + weight(counts) * (scores[at]?.[key] ?? 0), 0),
        all,
      );
    return { precision: of("precision"), recall: of("recall"), f1: of("f1") };
  };
  return {
    macro: classes.length === 0 ? { precision: Number.NaN, recall: Number.NaN, f1: Number.NaN } : mean(() => 1),
    micro: precisionRecallF1({ correct: total("correct"), predicted: total("predicted"), gold: total("gold") }),
    weighted: mean(({ gold }) => gold),
  };
}

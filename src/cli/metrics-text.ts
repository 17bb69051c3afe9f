/** Metrics for people. */

/** `{ maskedAccuracy: 0.31, loss: 3.2 }` → "masked accuracy 31.0%, loss 3.200"; losses are in nats. */
export function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${wordsOf(name)} ${valueText(name, value)}`)
    .join(", ");
}

const properNames: Readonly<Record<string, string>> = {
  f1: "F1",
  mrr: "MRR",
  ndcgAt10: "nDCG@10",
  pearson: "Pearson",
  spearman: "Spearman",
  matthewsCorrelation: "Matthews correlation",
  uas: "UAS",
  las: "LAS",
  rouge1: "ROUGE-1",
  rouge2: "ROUGE-2",
  rougeLsum: "ROUGE-Lsum",
};

/** `maskedAccuracy` → "masked accuracy", `macroF1` → "macro F1", `recallAt5` → "recall@5". */
export function wordsOf(name: string): string {
  const words = name.replace(/F1$/, " F1").replace(/At(\d+)$/, "@$1");
  return properNames[name] ?? words.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Shares of what was right as percentages. */
export function valueText(name: string, value: number): string {
  return /(accuracy|f1|precision|recall(At\d+)?|exactMatch|^[ul]as|^rouge\w+)$/i.test(name)
    ? `${(100 * value).toFixed(1)}%`
    : value.toFixed(3);
}

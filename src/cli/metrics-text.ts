/** Metrics for people. */

/** `{ maskedAccuracy: 0.31, loss: 3.2 }` → "masked accuracy 31.0%, loss 3.200"; losses are in nats. */
export function metricsText(metrics: Readonly<Record<string, number>>): string {
  return Object.entries(metrics)
    .map(([name, value]) => `${wordsOf(name)} ${valueText(name, value)}`)
    .join(", ");
}

/** `maskedAccuracy` → "masked accuracy". */
export function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** Accuracies as percentages. */
export function valueText(name: string, value: number): string {
  return /accuracy$/i.test(name) ? `${(100 * value).toFixed(1)}%` : value.toFixed(3);
}

/** Shares as tables show them. */
import { deviationOf, meanOf } from "../src/metrics/index.ts";

/** A share in percent; a dash where there is none. */
export const percent = (share: number | undefined): string => (share === undefined ? "–" : (100 * share).toFixed(1));

/** Mean of shares in percent, with the standard deviation of several. */
export function meanPercent(shares: readonly number[]): string {
  if (shares.length < 2) return percent(shares[0]);
  return `${percent(meanOf(shares))} ± ${percent(deviationOf(shares))}`;
}

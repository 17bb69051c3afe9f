/** The one thing that all metrics ask of their input. */
import { DataError } from "../errors.ts";

/** @throws DataError if there is not one prediction for each gold value. */
export function checkSameLength(gold: readonly unknown[], predicted: readonly unknown[], what = "predictions"): void {
  if (gold.length === predicted.length) return;
  throw new DataError(`There are ${predicted.length} ${what} for ${gold.length} gold values.`, {
    field: "predicted",
    expected: String(gold.length),
    received: String(predicted.length),
    hint: "Give one for each.",
  });
}

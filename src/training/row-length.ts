/** How long the rows of a run are. */
import { ConfigurationError } from "../errors.ts";

/** Tokens of a row: as many as the settings say, if the model takes so many, or the usual number. */
export function rowLength(
  { sequenceLength }: { readonly sequenceLength: number | null },
  maximumLength: number,
  usual: number,
): number {
  if (sequenceLength === null) return usual;
  if (sequenceLength <= maximumLength) return sequenceLength;
  throw new ConfigurationError(`rows of ${sequenceLength} tokens are longer than the model takes`, {
    field: "sequenceLength",
    expected: `at most ${maximumLength}`,
    received: String(sequenceLength),
  });
}

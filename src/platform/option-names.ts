/** Names that somebody typed, and the ones that were meant. */
import { ConfigurationError } from "../errors.ts";

/** How many letters must be inserted, removed, exchanged or swapped with their neighbour (Damerau 1964, optimal string alignment). */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const exchange = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let best = Math.min(exchange, previous[column]! + 1, current[column - 1]! + 1);
      const swapped = a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped && row > 1 && column > 1) best = Math.min(best, beforePrevious[column - 2]! + 1);
      current.push(best);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[b.length]!;
}

/** Spelling without case and separators: `hidden_size`, `hidden-size` and `hiddenSize` are one. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, "");
}

/** The known name that was probably meant, or undefined if none is near: one slip, or two in a long name. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  const typed = bare(name);
  if (typed.length > 100) return undefined;
  const allowed = typed.length < 4 ? 0 : typed.length < 10 ? 1 : 2;
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(typed, bare(candidate));
    if (distance <= allowed && distance < (best?.distance ?? Number.POSITIVE_INFINITY))
      best = { name: candidate, distance };
  }
  return best?.name;
}

/**
 * Refuses keys that are not known, naming the one that was probably meant.
 *
 * @param what names the options in the message, such as "the options of BertConfig".
 * @throws ConfigurationError
 */
export function refuseUnknownNames(options: object, known: readonly string[], what: string, file?: string): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestName(name, known);
    throw new ConfigurationError(`${name} is not one of ${what}.`, {
      file,
      field: name,
      expected: nearest ?? known.join(", "),
      received: name,
      hint: nearest === undefined ? "Remove it or check its name." : `Did you mean ${nearest}?`,
    });
  }
}

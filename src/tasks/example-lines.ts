/** Errors about one example say which line it is from. */
import { DataError } from "../errors.ts";

export function atLine<T>(line: number, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    const { field, expected, received, hint } = error;
    throw new DataError(`Line ${line}: ${error.message}`, { field, expected, received, hint, cause: error });
  }
}

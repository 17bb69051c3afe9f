/** Labelled files as the examples of a task, and the part of them that is held out. */
import { type ExampleTask, loadExamples, type ReadExample, type ReadExamplesOptions } from "../data/index.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import type { ExampleFileSettings, FinetuneSettings } from "./finetune-settings.ts";

export interface ExampleFileOptions extends ExampleFileSettings {
  readonly problemType: FinetuneSettings["problemType"];
  readonly onWarning?: ((text: string) => void) | undefined;
}

/** All examples of a file, with a warning about rows that were left out. */
export async function readTaskExamples<Name extends ExampleTask>(
  task: Name,
  file: string,
  { onWarning, ...settings }: ExampleFileOptions,
): Promise<ReadExample<Name>[]> {
  const { format, delimiter, noHeader, skipBadRows, problemType } = settings;
  let first: DataError | undefined;
  const { examples, skippedRows } = await loadExamples(file, task, {
    format: (format ?? undefined) as ReadExamplesOptions["format"],
    delimiter: delimiter ?? undefined,
    header: !noHeader,
    columns: columnsOf(settings.column),
    problemType: problemType === "regression" ? problemType : undefined,
    skipBadRows,
    onWarning,
    ...(skipBadRows && {
      onBadRow: (error: DataError) => {
        first ??= error;
      },
    }),
  });
  if (first !== undefined) {
    onWarning?.(`${file}: ${skippedRows} rows were left out, the first because: ${first.message}`);
  }
  return examples;
}

/** `text=sentence` → `{ text: "sentence" }`; a number stands for a column without a name. */
function columnsOf(pairs: readonly string[]): Record<string, string | number> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, field, column] = /^([^=]+)=(.+)$/.exec(pair) ?? [];
      if (field !== undefined && column !== undefined) return [field, /^\d+$/.test(column) ? Number(column) : column];
      throw new ConfigurationError(`${pair} names no column.`, {
        field: "column",
        expected: "FIELD=COLUMN, such as text=sentence, or without a header text=1",
        received: pair,
      });
    }),
  );
}

/** Throws what `work` throws, with the name of the file that the examples are from. */
export function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof DataError) || error.file !== undefined) throw error;
    const { field, expected, received, hint } = error;
    throw new DataError(`${file}: ${error.message}`, { file, field, expected, received, hint, cause: error });
  }
}

/**
 * Holds out a share of the examples by a hash of what they say, so that the same example is on the same side whatever stands
 * around it, and equal ones stay together.
 */
export function splitExamples<Example extends { readonly line: number }>(
  examples: readonly Example[],
  share: number,
): { readonly training: Example[]; readonly heldOut: Example[] } {
  const training: Example[] = [];
  const heldOut: Example[] = [];
  for (const example of examples) {
    const { line: _, ...content } = example;
    (textHash(JSON.stringify(content)) < share * 2 ** 32 ? heldOut : training).push(example);
  }
  return { training, heldOut };
}

/** FNV-1a of a text's UTF-16 units, mixed so that all bits count: http://www.isthe.com/chongo/tech/comp/fnv/ */
function textHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** `cloze tokenizer decode`: the other way round, from what `encode` prints or from bare ids. */

import { DataError } from "../errors.ts";
import { parseSoundJson } from "../platform/json-shape.ts";
import { AutoTokenizer } from "../tokenizers/index.ts";
import { defineCommand } from "./command.ts";
import { requiredModel, toggle } from "./options.ts";
import { textBlocks, textInputOptions } from "./text-inputs.ts";

export const tokenizerDecode = defineCommand({
  options: {
    tokenizer: requiredModel("Folder of a tokenizer or of a model"),
    ...textInputOptions,
    skipSpecialTokens: toggle("Leave special tokens out of the text"),
  },
  examples: [
    'cloze tokenizer decode --tokenizer my-tokenizer --input "101 2023 102"',
    "cloze tokenizer encode --tokenizer my-tokenizer < my.txt | cloze tokenizer decode --tokenizer my-tokenizer",
  ],
  async run({ values }, context) {
    const tokenizer = await AutoTokenizer.fromPretrained(values.tokenizer);
    let number = 0;
    for await (const lines of textBlocks(values, context)) {
      for (const line of lines) {
        number += 1;
        const ids = idsOf(line, number, tokenizer.length);
        const text = tokenizer.decode(ids, { skipSpecialTokens: values.skipSpecialTokens });
        await context.output.result({ text }, () => `${text}\n`);
      }
    }
  },
});

/** "1 2 3", "1,2,3", "[1,2,3]" or `{"inputIds":[1,2,3],…}`. */
function idsOf(line: string, number: number, size: number): number[] {
  const parsed = /^\s*[[{]/.test(line) ? parsedIds(line) : line.split(/[\s,]+/).filter((part) => part !== "");
  const ids = parsed?.map(Number);
  const wrong = ids?.find((id) => !Number.isInteger(id) || id < 0 || id >= size);
  if (ids !== undefined && wrong === undefined) return ids;
  throw new DataError(`Line ${number} is no list of ids of this tokenizer.`, {
    field: `line ${number}`,
    expected: `ids from 0 to ${size - 1}, or a line that "cloze tokenizer encode" printed`,
    received: line.length > 60 ? `${line.slice(0, 60)}…` : line,
    hint: "Correct the line.",
  });
}

function parsedIds(line: string): unknown[] | undefined {
  let value: unknown;
  try {
    value = parseSoundJson(line);
  } catch {
    return undefined;
  }
  const ids = Array.isArray(value) ? value : Object(value).inputIds;
  return Array.isArray(ids) && ids.every((id) => typeof id === "number") ? ids : undefined;
}

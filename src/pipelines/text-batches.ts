/** What every pipeline does with texts: checks them, puts those of like length together, and cuts what is too long. */
import { ConfigurationError, DataError } from "../errors.ts";
import type { AnyModel } from "../models/index.ts";
import { measured } from "../runtime/profiler.ts";
import type { EncodedTensors, Tokenizer } from "../tokenizers/index.ts";
import type { TextModel } from "./text-model.ts";

/** One text, or two that go together. */
export interface TextPair {
  readonly text: string;
  readonly textPair?: string | undefined;
}

export interface TextBatch {
  /** Places of the batch's texts among all. */
  readonly indices: readonly number[];
  /** [B, T] */
  readonly inputs: EncodedTensors;
}

/** Throws a DataError unless the value is a text. */
export function checkText(text: unknown, what: string): string {
  if (typeof text === "string") return text;
  throw new DataError(`A pipeline takes texts, not ${text === null ? "null" : typeof text}.`, {
    field: what,
    expected: "a string or an array of strings",
    received: text === null ? "null" : typeof text,
    hint: "Pass the text itself.",
  });
}

/** One text or several as an array. Throws a DataError for anything else. */
export function checkTexts(texts: unknown): string[] {
  return Array.isArray(texts) ? texts.map((text) => checkText(text, "text")) : [checkText(texts, "text")];
}

/** Throws a ConfigurationError unless the option is a count. */
export function checkCount(name: string, value: unknown): void {
  if (Number.isSafeInteger(value) && Number(value) >= 1) return;
  throw new ConfigurationError(`${name} should be a whole number of at least 1, but is ${String(value)}.`, {
    field: name,
    expected: "a whole number of at least 1",
    received: String(value),
    hint: "Correct the option.",
  });
}

/** Batches of texts, long ones first; each row is padded to the longest of its batch. */
export function* textBatches(
  pairs: readonly TextPair[],
  { tokenizer, maximumLength }: TextModel<AnyModel>,
  batchSize: number,
  onWarning: (text: string) => void,
): Generator<TextBatch> {
  const lengthOf = ({ text, textPair }: TextPair): number => text.length + (textPair?.length ?? 0);
  const order = pairs.map((_, index) => index);
  order.sort((a, b) => lengthOf(pairs[b] as TextPair) - lengthOf(pairs[a] as TextPair) || a - b);
  const isPaired = pairs.some(({ textPair }) => textPair !== undefined);
  for (let start = 0; start < order.length; start += batchSize) {
    const indices = order.slice(start, start + batchSize);
    const chosen = indices.map((index) => pairs[index] as TextPair);
    const inputs = measured("tokenizing", () =>
      tokenizer(
        chosen.map(({ text }) => text),
        {
          ...(isPaired && { textPair: chosen.map(({ textPair }) => textPair ?? "") }),
          padding: indices.length > 1,
          truncation: true,
          maxLength: maximumLength,
        },
      ),
    );
    if ((inputs.inputIds.dims[1] ?? 0) >= maximumLength) warnOfCuts(chosen, tokenizer, maximumLength, onWarning);
    yield { indices, inputs };
  }
}

function warnOfCuts(
  pairs: readonly TextPair[],
  tokenizer: Tokenizer,
  maximumLength: number,
  onWarning: (text: string) => void,
): void {
  for (const { text, textPair } of pairs) {
    const { length } = tokenizer(text, { textPair, returnTensors: false }).inputIds;
    if (length <= maximumLength) continue;
    onWarning(`A text of ${length} tokens was cut to the ${maximumLength} that the model takes: ${beginning(text)}`);
  }
}

/** The first words of a text, for messages. */
export function beginning(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}

/** The texts that a command works on: from flags, a file or a pipe, in order. */
import { platform } from "#platform";
import { readLines } from "../data/text-lines.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import type { CommandContext } from "./command.ts";
import { type Options, optionalText, severalTexts, type ValuesOf } from "./options.ts";

export const textInputOptions = {
  input: severalTexts("TEXT", "A text to work on", "the lines of --file or of standard input"),
  file: optionalText("FILE", "Take each line of a file as a text; - is standard input"),
} satisfies Options;

/** The texts in blocks as they arrive, none of them empty. Throws a DataError when there is no text at all. */
export async function* textBlocks(
  { input, file }: ValuesOf<typeof textInputOptions>,
  { terminal, output }: CommandContext,
): AsyncGenerator<readonly string[]> {
  if (input.length > 0 && file !== undefined) {
    throw new ConfigurationError("--input and --file cannot be given together.", {
      field: "--file",
      expected: "one of them",
      hint: "Leave one out.",
    });
  }
  if (input.length > 0) {
    yield input;
    return;
  }
  const isPiped = file === undefined || file === "-";
  if (isPiped && file === undefined && terminal.input.isTerminal) throw noText("standard input");
  const name = isPiped ? "standard input" : platform.resolve(file);
  const chunks = isPiped ? terminal.input.chunks : platform.readChunks(name, "data");
  const onWarning = (text: string): void => output.warn(text);
  let count = 0;
  for await (const lines of readLines(chunks, name, { longLines: "refuse", onWarning })) {
    if (lines.length === 0) continue;
    count += lines.length;
    yield lines;
  }
  if (count === 0) throw noText(name);
}

function noText(file: string): DataError {
  return new DataError("There is no text to work on.", {
    file,
    expected: "--input TEXT, --file FILE, or lines on standard input",
    received: "nothing",
    hint: 'Add --input "some text", or pipe text into the command.',
  });
}

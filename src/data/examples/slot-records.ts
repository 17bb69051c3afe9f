/**
 * Utterances with their slots and intents in three aligned files of a folder: `seq.in` with words, `seq.out` with a label a
 * word, and `label` with the intent, as ATIS and SNIPS are published (Goo et al. 2018). `label` may be absent.
 */
import { platform } from "#platform";
import { fileChunks } from "../file-chunks.ts";
import { readNumberedLines } from "../text-lines.ts";
import { type ExampleRecords, type RecordRequest, shown } from "./example-record.ts";

const names = { tokens: "seq.in", labels: "seq.out", intent: "label" } as const;

async function hasFile(folder: string, name: string): Promise<boolean> {
  return (await platform.stat(platform.join(folder, name), "data"))?.kind === "file";
}

export async function isSlotFolder(path: string): Promise<boolean> {
  if ((await platform.stat(path, "data"))?.kind !== "folder") return false;
  return (await hasFile(path, names.tokens)) && (await hasFile(path, names.labels));
}

export async function* slotRecords({ file: folder, onWarning }: RecordRequest): ExampleRecords {
  const linesOf = (name: string) => {
    const file = platform.join(folder, name);
    return readNumberedLines(fileChunks(file), file, onWarning);
  };
  const labels = linesOf(names.labels);
  const intents = (await hasFile(folder, names.intent)) ? linesOf(names.intent) : undefined;
  try {
    for await (const { line: tokens, lineNumber } of linesOf(names.tokens)) {
      const at = { line: lineNumber, place: `line ${lineNumber}` };
      const [slots, intent] = [await labels.next(), await intents?.next()];
      if (slots.done === true || intent?.done === true) {
        const short = slots.done === true ? names.labels : names.intent;
        yield { ...at, expected: `a line ${lineNumber} in ${short} as well`, received: `${short} ends before` };
        return;
      }
      yield { ...at, values: { tokens, labels: slots.value.line, intent: intent?.value.line } };
    }
    const left = await labels.next();
    if (left.done === true) return;
    const { line, lineNumber } = left.value;
    const expected = `a line ${lineNumber} in ${names.tokens} as well`;
    yield { line: lineNumber, place: `line ${lineNumber}`, expected, received: `${names.labels} has ${shown(line)}` };
  } finally {
    await labels.return(undefined);
    await intents?.return(undefined);
  }
}

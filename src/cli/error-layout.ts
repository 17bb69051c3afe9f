/** Errors for people, for programs, and as exit codes. */
import { ClozeError, type ErrorKind, ResourceError } from "../errors.ts";
import { type Colors, harmless } from "./output.ts";

/** 2: the request or an input file was wrong; 1: it failed while working. */
const exitCodes: Readonly<Record<ErrorKind, 1 | 2>> = {
  configuration: 2,
  checkpoint: 2,
  tokenizer: 2,
  data: 2,
  shape: 2,
  device: 1,
  resource: 1,
  training: 1,
  parity: 1,
};

/** An untyped exception is always a bug. */
const bugExitCode = 70;

/** What JavaScript says, untyped, when the machine has no memory left. */
const outOfMemory =
  /array buffer allocation failed|could not allocate memory|out of memory|invalid typed array length/i;

/** The error itself, or the typed one that it stands for. */
export function asTyped(error: unknown): unknown {
  if (error instanceof RangeError && outOfMemory.test(error.message)) {
    return new ResourceError("There is not enough memory.", {
      received: error.message,
      hint: "Take smaller batches, shorter rows or a smaller model, or close other programs.",
      cause: error,
    });
  }
  return error;
}

export function exitCodeOf(error: unknown): number {
  return error instanceof ClozeError ? exitCodes[error.kind] : bugExitCode;
}

/** The error as the last line of standard error, with `--json`. */
export function errorJson(error: unknown): string {
  const fields =
    error instanceof ClozeError
      ? error.toJSON()
      : { kind: "bug", message: error instanceof Error ? error.message : String(error) };
  return `${JSON.stringify({ error: fields })}\n`;
}

/** A typed error with its details below, or, for a bug, the stack. */
export function errorText(error: unknown, colors: Colors): string {
  if (!(error instanceof ClozeError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `${colors.red("This is a bug in cloze; please report it with the lines below.")}\n${stack}\n`;
  }
  const { file, field, expected, received, hint } = error;
  const details = Object.entries({ file, field, expected, received, hint }).flatMap(([label, value]) =>
    value === undefined
      ? []
      : `  ${colors.dim(label.padEnd(8))}  ${harmless(value).replaceAll("\n", `\n${" ".repeat(12)}`)}\n`,
  );
  return `${colors.bold(colors.red("error:"))} ${harmless(error.message)}\n${details.join("")}`;
}

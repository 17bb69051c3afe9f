/**
 * Every error that a user can cause or meet. Each names the file and the field, what was expected and what came, and
 * what to do next. Anything else that escapes is a bug, and the command line says so with a stack.
 */

/** What went wrong, in one word; the command line prints it with `--json` and derives its exit code from it. */
export type ErrorKind =
  | "configuration"
  | "checkpoint"
  | "tokenizer"
  | "data"
  | "shape"
  | "device"
  | "resource"
  | "training"
  | "parity";

export interface ErrorDetails {
  /** The file that was being read or written. */
  file?: string | undefined;
  /** The field, key, flag or line inside it. */
  field?: string | undefined;
  expected?: string | undefined;
  received?: string | undefined;
  /** What to do next, as a sentence. */
  hint?: string | undefined;
  cause?: unknown;
}

export class ClozeError extends Error {
  readonly kind: ErrorKind;
  readonly file: string | undefined;
  readonly field: string | undefined;
  readonly expected: string | undefined;
  readonly received: string | undefined;
  readonly hint: string | undefined;

  constructor(kind: ErrorKind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.kind = kind;
    this.file = details.file;
    this.field = details.field;
    this.expected = details.expected;
    this.received = details.received;
    this.hint = details.hint;
  }

  /** The fields of the contract, absent ones left out. */
  toJSON(): Record<string, string> {
    const { kind, message, file, field, expected, received, hint } = this;
    const entries = Object.entries({ kind, message, file, field, expected, received, hint });
    return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
  }
}

/** A setting, option, flag or model configuration is wrong. */
export class ConfigurationError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("configuration", message, details);
  }
}

/** A weight file or model folder is broken or does not fit. */
export class CheckpointError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("checkpoint", message, details);
  }
}

/** A tokenizer file is broken, or an encoding request cannot be met. */
export class TokenizerError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("tokenizer", message, details);
  }
}

/** A corpus or data set is missing, empty or malformed. */
export class DataError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("data", message, details);
  }
}

/** Tensors of shapes that do not go together. */
export class ShapeError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("shape", message, details);
  }
}

/** The engine or device is missing or refused the work. */
export class DeviceError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("device", message, details);
  }
}

/** The machine ran out of something: disk, memory. */
export class ResourceError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("resource", message, details);
  }
}

/** Training cannot go on: the loss or a gradient is not finite. */
export class TrainingError extends ClozeError {
  constructor(message: string, details?: ErrorDetails) {
    super("training", message, details);
  }
}

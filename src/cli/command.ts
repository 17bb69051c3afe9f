/** What a command is: its flags and what it does; `program.ts` parses, catches and ends. */
import type { Options, ValuesOf } from "./options.ts";
import type { Output } from "./output.ts";
import type { Progress } from "./progress.ts";
import type { Terminal } from "./terminal.ts";

/** What a command has to do with. */
export interface CommandContext {
  readonly output: Output;
  readonly progress: Progress;
  readonly terminal: Terminal;
  /** Of the package. */
  readonly version: string;
  /**
   * From now on the first Ctrl-C or SIGTERM only aborts the signal, and prints what `message` gives; the next one ends at
   * once. The exit code is that of the interruption however the command ends.
   */
  stopGently(message: () => string): AbortSignal;
}

export interface CommandRequest<O extends Options> {
  /** What was given without a flag. */
  readonly arguments: readonly string[];
  readonly values: ValuesOf<O>;
  /** Names of the options that were given, on the command line or in a file. */
  readonly given: ReadonlySet<string>;
}

export interface Command<O extends Options> {
  /** Of what is given without a flag, as the help shows it: `<folder>`, `[paths...]`. */
  readonly arguments?: readonly {
    readonly name: string;
    readonly about: string;
    /** Whether the id of a published model can stand here. */
    readonly isPublished?: boolean;
  }[];
  readonly options: O;
  /** Lines below the help. */
  readonly examples: readonly string[];
  /** A settings file that stands behind the given one, if there is any. */
  readonly furtherConfigFile?: (given: GivenFlags) => Promise<string | undefined>;
  run(request: CommandRequest<O>, context: CommandContext): Promise<void>;
}

/** The text of a flag, as far as the command line and the settings file give it. */
export type GivenFlags = (name: string) => string | undefined;

// biome-ignore lint/suspicious/noExplicitAny: a registry of commands with different options
export type AnyCommand = Command<any>;

/** Lets TypeScript infer the types of the values from the options. */
export function defineCommand<O extends Options>(command: Command<O>): Command<O> {
  return command;
}

/** A place in the tree of commands: nothing is loaded before it is asked for. */
export interface CommandEntry {
  readonly name: string;
  readonly about: string;
  readonly load?: () => Promise<AnyCommand>;
  readonly commands?: readonly CommandEntry[];
}

/** What a command says: results on standard output, everything for a person on standard error. */
import pc from "picocolors";
import type { Progress } from "./progress.ts";
import type { OutputStream, Terminal } from "./terminal.ts";

export type Colors = ReturnType<typeof pc.createColors>;

export interface OutputMode {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
}

/** Colours only on a terminal, unless `NO_COLOR` is set to anything or the terminal knows none. */
export function colorsOf(stream: OutputStream, terminal: Terminal): Colors {
  const isRefused = (terminal.environment("NO_COLOR") ?? "") !== "" || terminal.environment("TERM") === "dumb";
  return pc.createColors(stream.isTerminal && !isRefused);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const controlCharacters = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Text that may come from a file, without what a terminal would obey. */
export function harmless(text: string): string {
  const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return text.replace(controlCharacters, escaped);
}

export class Output {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  /** For results. */
  readonly colors: Colors;
  readonly #terminal: Terminal;
  readonly #progress: Progress;

  constructor(terminal: Terminal, { isJson, isQuiet }: OutputMode, progress: Progress) {
    this.isJson = isJson;
    this.isQuiet = isQuiet;
    this.colors = colorsOf(terminal.output, terminal);
    this.#terminal = terminal;
    this.#progress = progress;
  }

  /** One result: a line of JSON with `--json`, otherwise the text, which ends with a line end. */
  async result(value: unknown, text: () => string): Promise<void> {
    await this.write(this.isJson ? `${JSON.stringify(value)}\n` : text());
  }

  /** To standard output as it is. */
  async write(text: string): Promise<void> {
    let written: Promise<void> | undefined;
    this.#progress.aside(() => {
      written = this.#terminal.output.write(text);
    });
    await written;
  }

  /** For a person who watches; not with `--quiet`. */
  note(text: string): void {
    if (!this.isQuiet) this.#toPerson(text);
  }

  /** Something odd that a person should know, also with `--quiet`. */
  warn(text: string): void {
    this.#toPerson(`${colorsOf(this.#terminal.errorOutput, this.#terminal).yellow("warning:")} ${harmless(text)}`);
  }

  /** What a person must read although nothing is wrong, also with `--quiet`. */
  announce(text: string): void {
    this.#toPerson(text);
  }

  #toPerson(text: string): void {
    this.#progress.aside(() => void this.#terminal.errorOutput.write(`${text}\n`));
  }
}

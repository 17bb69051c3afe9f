/** A terminal in memory, so that commands can be run within a test: quickly, and with every stream in view. */
import { runProgram } from "../../src/cli/program.ts";
import type { OutputStream, StopSignal, Terminal } from "../../src/cli/terminal.ts";

export interface FakeTerminalOptions {
  /** Bytes on standard input; a terminal with nobody typing when left out. */
  readonly input?: string | Uint8Array;
  /** Whether output and error output are terminals. */
  readonly isTerminal?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** Is told each piece of standard output, and may interrupt. */
  readonly onOutput?: (text: string, terminal: FakeTerminal) => void;
  readonly onError?: (text: string, terminal: FakeTerminal) => void;
}

export class FakeTerminal implements Terminal {
  readonly arguments: readonly string[];
  readonly output: OutputStream;
  readonly errorOutput: OutputStream;
  readonly input: Terminal["input"];
  readonly machine = { node: "20.19.0", system: "testos", architecture: "test64" };
  stdout = "";
  stderr = "";
  /** That of the first exit. */
  exitCode: number | undefined;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #stopListeners: ((signal: StopSignal) => void)[] = [];
  readonly #closedListeners: (() => void)[] = [];

  constructor(words: readonly string[], options: FakeTerminalOptions = {}) {
    this.arguments = words;
    this.#environment = options.environment ?? {};
    const isTerminal = options.isTerminal ?? false;
    this.output = this.#stream(isTerminal, (text) => {
      this.stdout += text;
      options.onOutput?.(text, this);
    });
    this.errorOutput = this.#stream(isTerminal, (text) => {
      this.stderr += text;
      options.onError?.(text, this);
    });
    const { input } = options;
    const bytes = typeof input === "string" ? new TextEncoder().encode(input) : input;
    this.input = {
      isTerminal: bytes === undefined,
      chunks: (async function* () {
        if (bytes !== undefined) yield bytes;
      })(),
    };
  }

  #stream(isTerminal: boolean, take: (text: string) => void): OutputStream {
    const write = (text: string): boolean => {
      take(text);
      return true;
    };
    return {
      isTerminal,
      stream: { write, isTTY: isTerminal, columns: 100 } as unknown as NodeJS.WriteStream,
      write: async (text) => void write(text),
    };
  }

  environment(name: string): string | undefined {
    return this.#environment[name];
  }

  onStopSignal(listener: (signal: StopSignal) => void): void {
    this.#stopListeners.push(listener);
  }

  onClosedOutput(listener: () => void): void {
    this.#closedListeners.push(listener);
  }

  onUncaught(): void {}

  async exit(code: number): Promise<void> {
    this.exitCode ??= code;
  }

  /** As Ctrl-C or `kill` would. */
  stop(signal: StopSignal): void {
    for (const listener of this.#stopListeners) listener(signal);
  }

  /** As `| head` would. */
  closeOutput(): void {
    for (const listener of this.#closedListeners) listener();
  }

  /** Standard output as JSON Lines; throws if a line is none. */
  get lines(): Record<string, unknown>[] {
    return this.stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line));
  }

  /** What `--json` makes of a failure: the last line of standard error. */
  get error(): Record<string, string> {
    return JSON.parse(this.stderr.trimEnd().split("\n").at(-1) ?? "").error;
  }
}

/** Runs a command to its end. */
export async function runCloze(words: readonly string[], options: FakeTerminalOptions = {}): Promise<FakeTerminal> {
  const terminal = new FakeTerminal(words, options);
  await runProgram(terminal, async () => "1.2.3");
  return terminal;
}

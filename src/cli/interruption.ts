/** Ctrl-C, SIGTERM, and a reader of standard output that has gone. */
import type { StopSignal, Terminal } from "./terminal.ts";

const exitCodes: Readonly<Record<StopSignal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** Ends the process at once, unless the command has asked to be told first. */
export class Interruption {
  readonly #terminal: Terminal;
  readonly #beforeExit: () => void;
  #gentle: { readonly controller: AbortController; readonly announce: () => void } | undefined;
  #exitCode: number | undefined;

  constructor(terminal: Terminal, beforeExit: () => void) {
    this.#terminal = terminal;
    this.#beforeExit = beforeExit;
    terminal.onStopSignal((signal) => this.#stop(exitCodes[signal], (announce) => announce()));
    terminal.onClosedOutput(() => this.#stop(0, () => undefined));
  }

  /** Of the interruption, if there was one. */
  get exitCode(): number | undefined {
    return this.#exitCode;
  }

  /** See CommandContext.stopGently. */
  stopGently(announce: () => void): AbortSignal {
    const controller = new AbortController();
    this.#gentle = { controller, announce };
    return controller.signal;
  }

  /** Whether an error says nothing but that work was broken off because somebody asked. */
  explains(error: unknown): boolean {
    return this.#exitCode !== undefined && error instanceof Error && error.name === "AbortError";
  }

  #stop(exitCode: number, tell: (announce: () => void) => void): void {
    // A closed pipe reports every further write.
    if (exitCode === 0 && this.#exitCode !== undefined) return;
    const isFirst = this.#exitCode === undefined;
    this.#exitCode = exitCode;
    if (isFirst && this.#gentle !== undefined) {
      tell(this.#gentle.announce);
      this.#gentle.controller.abort();
      return;
    }
    this.#beforeExit();
    void this.#terminal.exit(exitCode);
  }
}

/** The process that a command runs in: its arguments, streams, signals and end. Tests put another in its place. */

export type StopSignal = "SIGINT" | "SIGTERM";

export interface Terminal {
  readonly arguments: readonly string[];
  readonly output: OutputStream;
  readonly errorOutput: OutputStream;
  readonly input: { readonly isTerminal: boolean; readonly chunks: AsyncIterable<Uint8Array> };
  environment(name: string): string | undefined;
  /** Versions and names for people. */
  readonly machine: { readonly node: string; readonly system: string; readonly architecture: string };
  /** The reader of standard output has gone: `| head` has what it wanted. */
  onClosedOutput(listener: () => void): void;
  onStopSignal(listener: (signal: StopSignal) => void): void;
  /** An exception that nobody caught. */
  onUncaught(listener: (error: unknown) => void): void;
  /** Ends the process once all that was written is out. */
  exit(code: number): Promise<void>;
}

export interface OutputStream {
  readonly isTerminal: boolean;
  /** Resolves when more can be written without piling up. */
  write(text: string): Promise<void>;
  /** For libraries that draw on a terminal themselves. */
  readonly stream: NodeJS.WriteStream;
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");
}

function outputStream(stream: NodeJS.WriteStream): OutputStream {
  return {
    isTerminal: stream.isTTY === true,
    stream,
    write(text) {
      if (stream.destroyed || stream.write(text)) return Promise.resolve();
      return new Promise((resolve) => {
        stream.once("drain", resolve);
        stream.once("close", resolve);
      });
    },
  };
}

/** The terminal of a Node process. */
export function terminalOf(node: NodeJS.Process): Terminal {
  const closedOutput: (() => void)[] = [];
  node.stdout.on("error", (error) => {
    if (!isClosedPipe(error)) throw error;
    for (const listener of closedOutput) listener();
  });
  node.stderr.on("error", (error) => {
    if (!isClosedPipe(error)) throw error;
  });
  const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
    new Promise((resolve) => {
      if (stream.destroyed) resolve();
      else stream.write("", () => resolve());
    });
  return {
    arguments: node.argv.slice(2),
    output: outputStream(node.stdout),
    errorOutput: outputStream(node.stderr),
    get input() {
      return { isTerminal: node.stdin.isTTY === true, chunks: node.stdin };
    },
    environment: (name) => node.env[name],
    machine: { node: node.versions.node, system: node.platform, architecture: node.arch },
    onClosedOutput: (listener) => void closedOutput.push(listener),
    onStopSignal(listener) {
      node.on("SIGINT", listener);
      node.on("SIGTERM", listener);
    },
    onUncaught(listener) {
      node.on("uncaughtException", listener);
      node.on("unhandledRejection", listener);
    },
    async exit(code) {
      await Promise.all([flushed(node.stdout), flushed(node.stderr)]);
      node.exit(code);
    },
  };
}

/** The folder that a run leaves: a published-format model folder with `run.json`, `metrics.jsonl` and `checkpoints/`. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import type { TrainingEvent } from "./events.ts";
import { runLogIn } from "./run-log.ts";

export interface OutputOptions {
  /** Whether a run that is there is continued. */
  readonly resume?: boolean;
  /** Whether what is there is removed. */
  readonly overwrite?: boolean;
}

/** What a run that has not begun may have left: tokens of a large corpus, worth keeping for the next try. */
const harmlessNames = new Set(["checkpoints"]);

export class OutputFolder {
  readonly path: string;
  #log: Awaited<ReturnType<typeof platform.openLog>> | undefined;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Checks the folder and writes nothing yet. Throws a ConfigurationError when it is not empty and neither option is set.
   */
  static async open(path: string, options: OutputOptions = {}): Promise<OutputFolder> {
    const stat = await platform.stat(path, "configuration");
    if (stat !== undefined && stat.kind !== "folder") {
      throw new ConfigurationError(`${path} is a file`, { field: "output", file: path, expected: "a folder" });
    }
    const entries = stat === undefined ? [] : await platform.list(path, "configuration");
    const isEmpty = entries.every(({ name }) => harmlessNames.has(name));
    if (!isEmpty && options.overwrite) await platform.remove(path);
    else if (!isEmpty && !options.resume) {
      throw new ConfigurationError(`${path} is not empty`, {
        field: "output",
        file: path,
        expected: "a new or empty folder",
        hint: "use --resume to go on with the run in it, --overwrite to replace it, or another --output",
      });
    }
    return new OutputFolder(path);
  }

  get checkpoints(): string {
    return platform.join(this.path, "checkpoints");
  }

  /** Makes the folder with the settings that repeat the run, and opens its log. Called when nothing is left to go wrong. */
  async begin(settings: object): Promise<void> {
    await platform.makeFolder(this.path);
    await platform.writeFileAtomically(platform.join(this.path, "run.json"), `${JSON.stringify(settings, null, 2)}\n`);
    this.#log = await platform.openLog(runLogIn(this.path));
  }

  append(event: TrainingEvent): void {
    this.#log?.append(`${JSON.stringify(event)}\n`);
  }

  async close(): Promise<void> {
    await this.#log?.flush();
    await this.#log?.close();
  }
}

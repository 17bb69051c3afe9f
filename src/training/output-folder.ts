/** The folder that a run leaves: a published-format model folder with `run.json`, `metrics.jsonl` and `checkpoints/`. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import type { TrainingEvent } from "./events.ts";

export interface OutputOptions {
  /** Whether a run that is there is continued. */
  readonly resume?: boolean;
  /** Whether what is there is removed. */
  readonly overwrite?: boolean;
}

export class OutputFolder {
  readonly path: string;
  readonly #log: Awaited<ReturnType<typeof platform.openLog>>;

  private constructor(path: string, log: Awaited<ReturnType<typeof platform.openLog>>) {
    this.path = path;
    this.#log = log;
  }

  /** Opens the folder. Throws a ConfigurationError when it is not empty and neither option is set. */
  static async open(path: string, options: OutputOptions = {}): Promise<OutputFolder> {
    const stat = await platform.stat(path, "configuration");
    if (stat !== undefined && stat.kind !== "folder") {
      throw new ConfigurationError(`${path} is a file`, { field: "output", file: path, expected: "a folder" });
    }
    const isEmpty = stat === undefined || (await platform.list(path, "configuration")).length === 0;
    if (!isEmpty && options.overwrite) await platform.remove(path);
    else if (!isEmpty && !options.resume) {
      throw new ConfigurationError(`${path} is not empty`, {
        field: "output",
        file: path,
        expected: "a new or empty folder",
        hint: "use --resume to go on with the run in it, --overwrite to replace it, or another --output",
      });
    }
    await platform.makeFolder(path);
    return new OutputFolder(path, await platform.openLog(platform.join(path, "metrics.jsonl")));
  }

  get checkpoints(): string {
    return platform.join(this.path, "checkpoints");
  }

  /** Writes the settings that repeat the run. */
  async writeSettings(settings: object): Promise<void> {
    await platform.writeFileAtomically(platform.join(this.path, "run.json"), `${JSON.stringify(settings, null, 2)}\n`);
  }

  append(event: TrainingEvent): void {
    this.#log.append(`${JSON.stringify(event)}\n`);
  }

  async close(): Promise<void> {
    await this.#log.flush();
    await this.#log.close();
  }
}

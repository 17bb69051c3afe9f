/** What the fuzz suite needs to know of a format, and what reading a spoiled file may end in. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ClozeError } from "../../src/errors.ts";
import { type Change, type Layout, spoiled } from "./changes.ts";

export type Files = Readonly<Record<string, Uint8Array>>;

export interface Format {
  readonly name: string;
  /** The modules of `src/` that read it. */
  readonly modules: readonly string[];
  /** The files of a sound folder, by their paths in it. Called once. */
  readonly sample: () => Files | Promise<Files>;
  /** Those that are spoiled, one at a time. */
  readonly spoils: Readonly<Record<string, Layout>>;
  /** Reads a folder in every way that users do. */
  readonly read: (folder: string) => Promise<void>;
  /** How many cases of it there are for a thousand of one that is read in no time; 1000. */
  readonly share?: number;
}

/** Seconds of processor time that no file may cost. */
const mostSeconds = 1;

/** What reading a file came to, when that is not what it should be. */
export class Shortfall extends Error {}

/** Reads a folder; a spoiled file may be fine all the same, or end in a typed error that names a file of the folder. */
export async function judge(format: Format, folder: string): Promise<"read" | "refused"> {
  const before = process.cpuUsage();
  const seconds = (): number => {
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  let outcome: "read" | "refused" = "read";
  try {
    await format.read(folder);
  } catch (error) {
    outcome = "refused";
    if (!(error instanceof ClozeError)) {
      const stack = error instanceof Error ? error.stack : String(error);
      throw new Shortfall(`${format.name}: an untyped error\n${stack}`, { cause: error });
    }
    const named = `${error.file ?? ""}`;
    if (!named.startsWith(folder)) {
      throw new Shortfall(`${format.name}: "${error.message}" names ${named || "no file"}\n${error.stack}`, {
        cause: error,
      });
    }
  }
  if (seconds() > mostSeconds) throw new Shortfall(`${format.name}: ${seconds().toFixed(1)} s of processor time`);
  const polluted = Object.keys(Object.prototype).concat(Object.keys(Array.prototype));
  if (polluted.length > 0) throw new Shortfall(`${format.name}: the prototype got ${polluted}`);
  return outcome;
}

/** Writes files below a folder. */
export function writeFiles(folder: string, files: Files): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}

/** A format's sound folder on disk, in which one file at a time is spoiled and put back. */
export class FuzzedFolder {
  readonly #format: Format;
  readonly #files: Files;
  readonly #folder: string;

  private constructor(format: Format, files: Files, folder: string) {
    this.#format = format;
    this.#files = files;
    this.#folder = folder;
    writeFiles(folder, files);
  }

  static async make(format: Format, scratch: string): Promise<FuzzedFolder> {
    return new FuzzedFolder(format, await format.sample(), join(scratch, format.name.replaceAll(/\W+/g, "-")));
  }

  /** The sound folder must be read. */
  async readSound(): Promise<void> {
    await this.#format.read(this.#folder);
  }

  /** One case. Throws a Shortfall. */
  async run(list: readonly Change[]): Promise<"read" | "refused"> {
    const names = Object.keys(this.#format.spoils);
    const name = names[(list[0]?.where ?? 0) % names.length] as string;
    const sound = this.#files[name] as Uint8Array;
    const layout = this.#format.spoils[name] as Layout;
    return this.runWith(name, spoiled(sound, layout, list));
  }

  /** One case of a file that is given. */
  async runWith(name: string, bytes: Uint8Array): Promise<"read" | "refused"> {
    writeFileSync(join(this.#folder, name), bytes);
    try {
      return await judge(this.#format, this.#folder);
    } finally {
      writeFiles(this.#folder, { [name]: this.#files[name] ?? new Uint8Array() });
      if (this.#files[name] === undefined) rmSync(join(this.#folder, name));
    }
  }
}

/** Files of the repository's reference data, below `test/golden`. */
export function goldenFiles(folder: string, names: readonly string[]): Files {
  const read = (name: string): Uint8Array =>
    Uint8Array.from(readFileSync(fileURLToPath(new URL(`../golden/${folder}/${name}`, import.meta.url))));
  return Object.fromEntries(names.map((name) => [name, read(name)]));
}

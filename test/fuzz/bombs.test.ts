/** Files made to take all memory or time, each measured in a process of its own: twice the file and 64 MiB, a second. */
import { execFile } from "node:child_process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { bombs } from "./bombs.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const loader = pathToFileURL(`${root}node_modules/tsx/dist/loader.mjs`).href;
const program = fileURLToPath(new URL("./bomb-process.ts", import.meta.url));

interface Measured {
  readonly name: string;
  readonly isHarmless: boolean;
  readonly outcome: "read" | "refused" | "untyped";
  /** Of processor time. */
  readonly seconds: number;
  readonly mebibytes: number;
  readonly most: number;
  /** Whether the error names a file of the folder. */
  readonly names?: boolean;
  readonly field?: string;
  readonly message?: string;
}

// The peak of a process can be set back on Linux alone.
it.skipIf(process.platform !== "linux")(
  "every one ends in a typed error, soon, in little memory",
  async () => {
    const words = ["--conditions=@cloze/source", "--import", loader, program];
    const { stdout } = await promisify(execFile)(process.execPath, words, { maxBuffer: 2 ** 24 });
    const measured = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Measured);
    expect(measured.map(({ name }) => name)).toEqual(bombs.map(({ name }) => name));
    const wrong = measured.filter(({ outcome, isHarmless, names, seconds, mebibytes, most }) => {
      const isRefused = outcome === "refused" && names === true;
      return !(isRefused || (isHarmless && outcome === "read")) || seconds > 1 || mebibytes > most;
    });
    expect(wrong).toEqual([]);
    for (const [index, { field }] of bombs.entries())
      if (field !== undefined) expect(measured[index]).toMatchObject({ field });
  },
  120_000,
);

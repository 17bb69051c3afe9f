/**
 * Many small trainings that go on where they were left: a model that is pretrained resumes from its checkpoint, and the
 * figure of every finished fine-tuning is kept in `figures.json`, so that the same command again makes only what is missing.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import {
  type FinetuneSettings,
  finetune,
  type Metrics,
  type PretrainSettings,
  pretrain,
} from "../src/training/index.ts";

/** Thrown where the time of this command is over; what is missing is for the next one. */
class OutOfTime extends Error {}

/** Exit status of a command that has to be repeated. */
const UNFINISHED = 3;

export interface KeptRunsOptions {
  /** Where models, files and figures are kept. */
  readonly folder: string;
  readonly threads: number;
  /** Ends itself after so long. */
  readonly minutes: number;
}

export class KeptRuns {
  readonly folder: string;
  readonly threads: number;
  readonly #deadline: number;

  constructor({ folder, threads, minutes }: KeptRunsOptions) {
    mkdirSync(folder, { recursive: true });
    this.folder = folder;
    this.threads = threads;
    this.#deadline = Date.now() + minutes * 60_000;
  }

  get #file(): string {
    return join(this.folder, "figures.json");
  }

  /** Read anew each time: another command may have added some. */
  #figures(): Record<string, Metrics> {
    return existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, "utf8")) : {};
  }

  path(...names: readonly string[]): string {
    return join(this.folder, ...names);
  }

  /** The kept figures of `key`, or those of `measure`, which are kept from now on. */
  async figures(key: string, measure: (signal: AbortSignal) => Promise<Metrics>): Promise<Metrics> {
    const known = this.#figures()[key];
    if (known !== undefined) return known;
    const start = Date.now();
    const measured = await measure(this.#signal());
    writeFileSync(this.#file, `${JSON.stringify({ ...this.#figures(), [key]: measured }, null, 2)}\n`);
    const shown = Object.entries(measured).map(([name, value]) => `${name} ${value.toFixed(4)}`);
    console.error(`${key}: ${shown.join(", ")} (${((Date.now() - start) / 1000).toFixed(0)} s)`);
    return measured;
  }

  /** Figures that were kept before. */
  known(key: string): Metrics {
    return this.#figures()[key] ?? {};
  }

  /** The folder of a pretrained model; its held-out figures are kept as `pretrain NAME`. */
  async pretrained(name: string, settings: Partial<PretrainSettings>): Promise<string> {
    const output = this.path(name);
    await this.figures(`pretrain ${name}`, async (signal) => {
      const result = await pretrain(
        { threads: this.threads, ...settings, output },
        { resume: true },
        { signal, onEvent: (event) => event.event === "resumed" && console.error(`${name} goes on at ${event.step}`) },
      );
      await result.model.release();
      if (result.done.reason === "interrupted") {
        console.error(`${name}: ${result.done.step} steps done`);
        throw new OutOfTime();
      }
      return { ...result.metrics, minutes: result.done.elapsedMs / 60_000 };
    });
    return output;
  }

  /**
   * Figures of the best evaluation of a fine-tuning, kept under `key`; `after` measures more on the folder that it leaves.
   */
  async finetuned(
    key: string,
    settings: Partial<FinetuneSettings>,
    after: (folder: string) => Promise<Metrics> = async () => ({}),
  ): Promise<Metrics> {
    const output = this.path(key);
    return this.figures(key, async (signal) => {
      const result = await finetune(
        { threads: this.threads, ...settings, output },
        { overwrite: true },
        { signal, onWarning: () => undefined },
      );
      await result.model.release();
      if (result.done.reason === "interrupted" || result.evaluation === undefined) throw new OutOfTime();
      const measured = { ...result.evaluation.metrics, ...(await after(output)) };
      rmSync(output, { recursive: true });
      return measured;
    });
  }

  #signal(): AbortSignal {
    const left = this.#deadline - Date.now();
    if (left <= 0) throw new OutOfTime();
    return left === Number.POSITIVE_INFINITY ? new AbortController().signal : AbortSignal.timeout(left);
  }

  /** Does `work`; where the time is over before its end, says so and ends the process. */
  async finish(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
      console.error(
        `The time is over; ${Object.keys(this.#figures()).length} figures are kept. The same command goes on.`,
      );
      process.exit(UNFINISHED);
    }
    process.exit(0);
  }
}

/** Prints a table, and puts it into docs/results.md between `<!-- NAME -->` and `<!-- /NAME -->`. */
export function writeTable(name: string, head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = [line(head), line(head.map((_, at) => (at === 0 ? "---" : "--:"))), ...rows.map(line)].join("\n");
  console.log(table);
  const file = fileURLToPath(new URL("../docs/results.md", import.meta.url));
  writeFileSync(file, withTable(readFileSync(file, "utf8"), name, table));
}

/** The command line of scripts that compare trained models; `only` names some of what they compare. */
export function runsOfCommandLine() {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      folder: { type: "string" },
      only: { type: "string" },
      seeds: { type: "string", default: "0,1" },
      threads: { type: "string", default: "1" },
      minutes: { type: "string", default: "Infinity" },
    },
  });
  const { data = "", folder = "", threads, minutes, seeds, only } = values;
  if (data === "" || folder === "") throw new Error("--data DIR and --folder DIR must be given");
  const runs = new KeptRuns({ folder, threads: Number(threads), minutes: Number(minutes) });
  return { runs, data, only: only?.split(","), seeds: seeds.split(",").map(Number) };
}

/** The document with what stands between the marks of `name` replaced. */
export function withTable(document: string, name: string, table: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no ${begin} … ${end}`);
  return `${document.slice(0, from)}${begin}\n${table}\n${document.slice(to)}`;
}

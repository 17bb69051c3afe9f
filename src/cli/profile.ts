/** `--profile`: a table of where the time of a command went, and a trace file. */
import { platform } from "#platform";
import { ConfigurationError } from "../errors.ts";
import { type ModuleTime, type Profile, profileOf } from "../runtime/profile.ts";
import { type ProfiledUnit, type Recording, startProfiler } from "../runtime/profiler.ts";
import { traceFile } from "../runtime/trace-events.ts";
import type { CommandContext } from "./command.ts";
import type { Option } from "./options.ts";
import { columnsText, countText } from "./quantities.ts";

/** What is recorded: enough for stable means, and a trace that opens at once. */
const extents: Readonly<Record<ProfiledUnit, { readonly warmUp: number; readonly units: number }>> = {
  step: { warmUp: 2, units: 10 },
  // A command that runs a model once is looked at as a whole, loading and compiling counted.
  run: { warmUp: 0, units: 64 },
};

/** Lines of a table that people read. */
const shownLines = 12;
/** Numbered modules that are shown one by one; more are summed up. */
const shownNumbers = 4;

/** `about` says what is recorded, `otherFile` what FILE is when it is left out. The value is "" then. */
export function profileOption(about: string, otherFile: string): Option<string | undefined> {
  return {
    placeholder: "FILE",
    isValueOptional: true,
    about: `${about}, by layer and operator, with a trace for Perfetto in FILE, or ${otherFile}`,
    defaultText: "no",
    fallback: { value: undefined },
    // A flag alone and a setting without a file are the text "true".
    read: (text) => (text === "false" ? undefined : text === "true" ? "" : text),
  };
}

/** Where the trace goes: a flag without a file means one in the run's folder. */
export function profileFile(given: string | undefined, folder: string): string | undefined {
  return given === "" ? platform.join(folder, "profile.json") : given;
}

/** A dry run times some steps of its own. Throws a ConfigurationError when both are asked for. */
export function refuseProfileOfDryRun({ profile, dryRun }: { profile: string | undefined; dryRun: boolean }): void {
  if (!dryRun || profile === undefined) return;
  throw new ConfigurationError("--profile has no effect beside --dry-run.", {
    field: "--profile",
    hint: "Leave one out.",
  });
}

/** Does the work; the table comes, and the file is written, as soon as there is enough. */
export async function profiled<T>(
  file: string | undefined,
  unit: ProfiledUnit,
  { output }: CommandContext,
  work: () => Promise<T>,
): Promise<T> {
  if (file === undefined) return work();
  const path = platform.resolve(file);
  const profiler = startProfiler({
    unit,
    ...extents[unit],
    async onRecording(recording) {
      await platform.writeFileAtomically(path, `${JSON.stringify(traceFile(recording))}\n`);
      output.note(`${profileText(recording)}\nThe trace is in ${path}; https://ui.perfetto.dev opens it.`);
    },
  });
  try {
    const result = await work();
    await profiler.end();
    return result;
  } catch (error) {
    await profiler.discard();
    throw error;
  }
}

/** The tables. */
function profileText(recording: Recording): string {
  const { unit, units } = recording;
  const { wholeMs, parts, layers, modules, operators } = profileOf(recording);
  const title =
    unit === "step"
      ? `A step took ${msText(wholeMs)} ms (mean of ${countText(units)}).`
      : `It took ${msText(wholeMs)} ms until the model had run ${timesText(units)}.`;
  const graphMs = layers.reduce((sum, { forwardMs, backwardMs }) => sum + forwardMs + backwardMs, 0);
  const hasBackward = layers.some(({ backwardMs }) => backwardMs > 0);
  const shareOf = (ms: number, ofMs: number): string => `${((100 * ms) / Math.max(ofMs, 1e-9)).toFixed(1)}%`;
  const moduleLine = ({ name, forwardMs, backwardMs }: ModuleTime): string[] => [
    name,
    ...(hasBackward ? [msText(forwardMs), msText(backwardMs)] : [msText(forwardMs)]),
    shareOf(forwardMs + backwardMs, graphMs),
  ];
  const passes = hasBackward ? ["forward ms", "backward ms"] : ["ms"];
  const tables = [
    table(
      ["part", "ms", "share"],
      parts.map(({ name, ms }) => [name, msText(ms), shareOf(ms, wholeMs)]),
    ),
  ];
  if (graphMs > 0) {
    tables.push(
      table(["layer", ...passes, "share of the graph"], summedLayers(layers).map(moduleLine)),
      table(["module", ...passes, "share of the graph"], shortened(modules, sumModules).map(moduleLine)),
      table(
        ["operator", "ms", "share of the graph", "calls", "GFLOP/s"],
        shortened(operators, sumOperators).map(({ name, ms, calls, gigaflops }) => [
          ...[name, msText(ms), shareOf(ms, graphMs)],
          ...[calls.toFixed(0), gigaflops?.toFixed(0) ?? ""],
        ]),
      ),
    );
  }
  return [title, ...tables].join("\n");
}

function timesText(count: number): string {
  return count === 1 ? "once" : `${countText(count)} times`;
}

function msText(ms: number): string {
  return ms.toFixed(ms < 9.995 ? 2 : 1);
}

/** Names to the left, numbers to the right. */
function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rows = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const aligned = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell : cell.padStart(widths[column] ?? 0))),
  );
  return columnsText(aligned, "  ");
}

/** Many modules that differ in a number are one line. */
function summedLayers(layers: Profile["layers"]): ModuleTime[] {
  const groups = new Map<string, ModuleTime[]>();
  for (const layer of layers) {
    const stem = /^(.*)\.\d+$/.exec(layer.name)?.[1] ?? layer.name;
    groups.set(stem, [...(groups.get(stem) ?? []), layer]);
  }
  return [...groups].flatMap(([stem, group]) =>
    group.length > shownNumbers ? [sumModules(group, `${stem}.*, all ${group.length}`)] : group,
  );
}

/** The first lines, and the others as one. */
function shortened<T>(lines: readonly T[], sum: (rest: readonly T[], name: string) => T): T[] {
  if (lines.length <= shownLines) return [...lines];
  const rest = lines.slice(shownLines - 1);
  return [...lines.slice(0, shownLines - 1), sum(rest, `${rest.length} others`)];
}

function sumModules(modules: readonly ModuleTime[], name: string): ModuleTime {
  const sum = (key: "forwardMs" | "backwardMs"): number => modules.reduce((total, module) => total + module[key], 0);
  return { name, forwardMs: sum("forwardMs"), backwardMs: sum("backwardMs") };
}

function sumOperators(operators: Profile["operators"], name: string): Profile["operators"][number] {
  const sum = (key: "ms" | "calls"): number => operators.reduce((total, operator) => total + operator[key], 0);
  return { name, ms: sum("ms"), calls: sum("calls"), gigaflops: undefined };
}

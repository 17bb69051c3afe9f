/** Who is timed in a case, and by which command. */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchmarkCase } from "./cases.ts";
import type { Programs } from "./programs.ts";
import type { Command } from "./timed-process.ts";

export interface Side {
  readonly name: string;
  readonly command: (repetitions: number) => Command;
  /** In place of the case's own. */
  readonly repetitions?: readonly [short: number, long: number];
  /** Variables of the process, beside those of this one. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Whether it starts from other weights or computes something else than we do, so that results cannot be compared. */
  readonly isDifferentWork?: boolean;
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** Ours first. */
export function sidesOf(
  benchmark: BenchmarkCase,
  programs: Programs,
  { threads, python }: { readonly threads: number; readonly python: string | undefined },
): Side[] {
  const folder = modelFolder(benchmark, programs);
  const text = JSON.stringify(benchmark);
  const argumentsOf = (repetitions: number) => [text, String(repetitions), String(threads), folder];
  const sides: Side[] = [{ name: "Cloze", command: (count) => programs.command("model-run", ...argumentsOf(count)) }];
  if (python === undefined) return sides;
  const pytorch = (name: string, ...more: string[]): Side => ({
    name,
    command: (count) => [python, here("model_run.py"), ...argumentsOf(count), ...more],
    isDifferentWork: more.length > 0 || (benchmark.kind === "training" && benchmark.dropout > 0),
  });
  sides.push(pytorch("PyTorch eager"));
  if (benchmark.kind === "training") {
    if (benchmark.hasFullHead) sides.push(pytorch("PyTorch, every position through the head", "full-head"));
    return sides;
  }
  if (benchmark.kind === "decoding") return sides;
  const file = onnxFile(folder, python);
  if (file !== undefined) {
    const command = (count: number): Command => programs.command("onnx-run", ...argumentsOf(count), file);
    sides.push({ name: "onnxruntime-node, exported file", command });
  }
  const exported = exportedFolder(folder, programs);
  const command = (count: number): Command => programs.command("transformers-run", ...argumentsOf(count), exported);
  return [...sides, { name: "transformers.js, exported graph", command }];
}

/** Cases of one configuration share a folder. */
function modelFolder(benchmark: BenchmarkCase, programs: Programs): string {
  const { architecture, config } = benchmark;
  const dropout = benchmark.kind === "training" ? benchmark.dropout : 0;
  const name = [architecture, dropout, ...Object.values(config)].join("-");
  const folder = join(programs.folder, name);
  if (!existsSync(folder)) programs.run("write-model", JSON.stringify(benchmark), folder);
  return folder;
}

/** What `cloze export` makes of the model's folder. */
function exportedFolder(folder: string, programs: Programs): string {
  const exported = `${folder}-exported`;
  if (!existsSync(exported)) programs.run("export-model", folder, exported);
  return exported;
}

function onnxFile(folder: string, python: string): string | undefined {
  const file = join(folder, "model.onnx");
  if (existsSync(file)) return file;
  const { status, stderr } = spawnSync(python, [here("export_onnx.py"), folder, file], { encoding: "utf8" });
  if (status === 0) return file;
  rmSync(file, { force: true });
  console.error(`The ONNX file could not be exported: ${stderr.trim().split("\n").at(-1)}`);
  return undefined;
}

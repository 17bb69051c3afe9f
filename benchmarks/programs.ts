/** What is built before anything is timed: our programs as one file each, so that no compiler is timed, and the C one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
/** Within the project, so that its packages are found. */
const bundles = join(root, "node_modules", ".cache", "cloze-benchmarks");

const names = ["model-run", "onnx-run", "transformers-run", "write-model", "export-model", "machine-peaks"] as const;
export type ProgramName = (typeof names)[number];

export class Programs {
  /** For models; removed at the end. */
  readonly folder = mkdtempSync(join(tmpdir(), "cloze-benchmark-"));
  /** The program of fma-peak.c; undefined without a C compiler. */
  readonly fmaPeak: string | undefined;

  private constructor() {
    const program = join(this.folder, process.platform === "win32" ? "fma-peak.exe" : "fma-peak");
    const flags = ["-O3", "-march=native", "-ffp-contract=fast", "-pthread"];
    const { status } = spawnSync("cc", [...flags, join(here, "fma-peak.c"), "-o", program]);
    this.fmaPeak = status === 0 ? program : undefined;
  }

  static async build(): Promise<Programs> {
    await build({
      absWorkingDir: root,
      entryPoints: names.map((name) => `benchmarks/${name}.ts`),
      outdir: bundles,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      format: "esm",
      platform: "node",
      conditions: ["@cloze/source"],
      packages: "external",
      external: ["koffi", "onnxruntime-node", "onnxruntime-web"],
      logLevel: "error",
    });
    return new Programs();
  }

  /** The command that runs one of our programs. */
  command(name: ProgramName, ...args: string[]): [string, ...string[]] {
    return [process.execPath, join(bundles, `${name}.mjs`), ...args];
  }

  /** The last line of the output as JSON. Throws what a failing program printed. */
  run(name: ProgramName, ...args: string[]): unknown {
    const [program, ...all] = this.command(name, ...args);
    const { status, stdout, stderr } = spawnSync(program, all, { encoding: "utf8" });
    if (status !== 0) throw new Error(`${name} failed:\n${stderr}`);
    const line = stdout.trim().split("\n").at(-1);
    return line ? JSON.parse(line) : undefined;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

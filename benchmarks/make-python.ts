/**
 * A throw-away Python environment with what our side is compared with, of fixed versions: made once in the system's
 * folder for temporary files, where a Python 3.10 or newer is there. CLOZE_PYTHON names another Python, with the same
 * packages. On Linux the package of torch brings CUDA libraries: several gigabytes.
 *
 *     tsx benchmarks/make-python.ts      # prints the path of its Python
 */
import { spawnSync } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const packages = ["torch==2.15.0", "transformers==5.23.0", "onnx==1.23.2"];
const folder = join(tmpdir(), "cloze-benchmark-python");
const isWindows = process.platform === "win32";
const python = isWindows ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python");
/** Written last, so that an environment that was broken off is made anew. */
const madeOf = join(folder, "packages.txt");

/** The Python to use, or undefined with the reason said on standard error. */
export function pythonOrNone(): string | undefined {
  const named = process.env.CLOZE_PYTHON;
  if (named) return named;
  if (existsSync(madeOf)) return python;
  const check = "import sys, venv; sys.exit(sys.version_info < (3, 10))";
  const base = ["python3", "python"].find((name) => spawnSync(name, ["-c", check]).status === 0);
  if (base === undefined) {
    console.error("There is no Python 3.10 or newer, so only our side is measured. CLOZE_PYTHON can name one.");
    return undefined;
  }
  console.error(`Making a Python environment with ${packages.join(", ")} in ${folder}: once, some minutes.`);
  rmSync(folder, { recursive: true, force: true });
  const steps: [string, string[]][] = [
    [base, ["-m", "venv", folder]],
    [python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages]],
  ];
  for (const [program, args] of steps) {
    if (spawnSync(program, args, { stdio: ["ignore", 2, 2] }).status === 0) continue;
    console.error(`${program} ${args.join(" ")} failed, so only our side is measured.`);
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  writeFileSync(madeOf, `${packages.join("\n")}\n`);
  return python;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(pythonOrNone() ?? "");

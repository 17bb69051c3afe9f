/** Other engines that train from JavaScript, on the small GPT: installed into a folder for temporary files when asked for. */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchmarkCase } from "./cases.ts";
import type { Side } from "./sides.ts";

const sources = fileURLToPath(new URL("peers", import.meta.url));
const folder = join(tmpdir(), "cloze-benchmark-peers");

const peers = [
  { name: "node-mlx 0.0.7", flags: ["--expose-gc"], file: "node-mlx.mjs" },
  { name: "jax-js 0.1.25, WebAssembly", flags: [], file: "jax-js.mjs" },
] as const;

/** They are slow. */
const repetitions = [1, 3] as const;

/** Those that run here; of the others it says why not. */
export function peerSides(benchmark: BenchmarkCase, threads: number): Side[] {
  mkdirSync(folder, { recursive: true });
  for (const file of readdirSync(sources)) copyFileSync(join(sources, file), join(folder, file));
  if (!existsSync(join(folder, "node_modules"))) {
    const flags = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"];
    // npm is a script on Windows, which only a shell runs.
    spawnSync("npm", ["install", ...flags], {
      cwd: folder,
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32",
    });
  }
  const text = JSON.stringify(benchmark);
  return peers.flatMap(({ name, flags, file }) => {
    const command = (steps: number): [string, ...string[]] => [
      process.execPath,
      ...[...flags, join(folder, file), text, String(steps)],
    ];
    const [program, ...args] = command(0);
    const environment = { OPENBLAS_NUM_THREADS: String(threads) };
    const { status, stderr } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, ...environment } });
    if (status === 0) return [{ name, command, repetitions, environment, isDifferentWork: true }];
    console.error(`${name} does not run here: ${/^\w*Error: .*$/m.exec(stderr)?.[0] ?? stderr.slice(-300)}`);
    return [];
  });
}

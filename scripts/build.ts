/**
 * Builds `dist/`: JavaScript by esbuild, declarations by the TypeScript compiler.
 *
 * The entries are what package.json promises (`exports`, `imports`, `bin`), so that a promise without a file fails here.
 * The entries share chunks, and so they share state: `ClozeError` is the same class whichever subpath it came from.
 * `#platform` and `#runtime` stay imports, so that the importing program (Node or a browser's bundler) chooses.
 *
 * `--if-stale` does nothing when no source is newer than the last build.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { type PackageJson, sourceEntries } from "./package-entries.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
/** Written last, so that a build that was broken off is a stale one. */
const lastWritten = join(dist, "index.d.ts");

function readPackageJson(): PackageJson {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}

/** Newest modification time among what the build reads, in milliseconds; folders too, so that a removed file counts. */
function newestSourceTime(): number {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((path) => !path.endsWith(".test.ts"))
    .map((path) => join(root, "src", path));
  const settings = ["package.json", "tsconfig.json", "tsconfig.build.json", "scripts/build.ts"].map((name) =>
    join(root, name),
  );
  return Math.max(...[...sources, ...settings].map((path) => statSync(path).mtimeMs));
}

function isStale(): boolean {
  return !existsSync(lastWritten) || statSync(lastWritten).mtimeMs < newestSourceTime();
}

async function buildPackage(): Promise<void> {
  const started = performance.now();
  const packageJson = readPackageJson();
  const entryPoints = sourceEntries(packageJson);
  const missing = entryPoints.filter((entry) => !existsSync(join(root, entry)));
  if (missing.length > 0) throw new Error(`package.json promises entries that do not exist: ${missing.join(", ")}`);

  rmSync(dist, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir: dist,
    outbase: "src",
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    packages: "external",
    external: ["#platform", "#runtime"],
    sourcemap: true,
    logLevel: "warning",
  });
  for (const bin of Object.values(packageJson.bin)) chmodSync(join(root, bin), 0o755);

  // `npm run types` checks them; here they are only written.
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const project = join(root, "tsconfig.build.json");
  const { status } = spawnSync(process.execPath, [compiler, "--project", project, "--noCheck"], { stdio: "inherit" });
  if (status !== 0) throw new Error("the declarations could not be written, for the reasons above");
  console.error(`built ${relative(root, dist)}/ in ${((performance.now() - started) / 1000).toFixed(1)} s`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    if (!process.argv.includes("--if-stale") || isStale()) await buildPackage();
  } catch (error) {
    // esbuild and tsc have shown what is wrong and where.
    console.error(`build failed: ${(error as Error).message}`);
    process.exitCode = 1;
  }
}

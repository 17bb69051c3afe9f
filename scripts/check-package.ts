/**
 * Uses the package as a stranger would: packs it, installs the tarball into an empty folder with the install line of
 * the README, and from there imports every subpath, type-checks a program, bundles for the browser and runs the command.
 */
import { execFileSync, execSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type PackageJson, packageSubpaths } from "./package-entries.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const packageJson: PackageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const specifiers = packageSubpaths(packageJson).map((subpath) => join(packageJson.name, subpath));

function say(message: string): void {
  console.log(`✓ ${message}`);
}

/** Packs into `folder`; the name of the tarball. */
function pack(folder: string): string {
  const output = execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: root, encoding: "utf8" });
  const report: unknown = JSON.parse(output);
  const [packed] = Object.values(report as object) as { filename: string; size: number; unpackedSize: number }[];
  if (packed === undefined) throw new Error(`npm pack reported nothing: ${output}`);
  say(`packed ${packed.filename}: ${packed.size} bytes, ${packed.unpackedSize} unpacked`);
  return packed.filename;
}

/** Installs as the README tells, with install scripts as npm runs them by default. */
function install(folder: string, tarball: string): void {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts=false", `./${tarball}`], {
    cwd: folder,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: "skip" },
  });
  say(`installed: ${execSync("du -sm node_modules | cut -f1", { cwd: folder, encoding: "utf8" }).trim()} MB`);
}

/** Every subpath is there, and all share one `ClozeError`: an error of one is caught by the class of another. */
function importEverything(folder: string): void {
  const program = `
    const root = await import("cloze");
    for (const specifier of ${JSON.stringify(specifiers)}) {
      const exported = await import(specifier);
      if (Object.keys(exported).length === 0) throw new Error(specifier + " exports nothing");
      if ("ClozeError" in exported && exported.ClozeError !== root.ClozeError) throw new Error(specifier + " has its own ClozeError");
    }`;
  writeFileSync(join(folder, "import.mjs"), program);
  execFileSync(process.execPath, ["import.mjs"], { cwd: folder, stdio: "inherit" });
  say(`imported ${specifiers.join(", ")}`);
}

/** A program that uses every subpath. */
function everySubpath(): string {
  return specifiers.map((specifier, index) => `export * as entry${index} from "${specifier}";\n`).join("");
}

/** The declarations stand on their own, under the strictest settings and without this repository's. */
function typeCheck(folder: string): void {
  writeFileSync(join(folder, "types.ts"), everySubpath());
  const options = ["--noEmit", "--strict", "--target", "es2023", "--lib", "es2023,dom,esnext.disposable"];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  const modules = ["--module", "nodenext", "--skipLibCheck", "false", "--types", ""];
  execFileSync(process.execPath, [compiler, ...options, ...modules, "types.ts"], { cwd: folder, stdio: "inherit" });
  say("type-checked every subpath with TypeScript, declarations included");
}

/** A browser's bundler finds all that it needs and nothing of Node; what is large stays a download of its own. */
async function bundleForBrowser(folder: string): Promise<void> {
  const result = await build({
    absWorkingDir: folder,
    stdin: { contents: everySubpath(), resolveDir: folder },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    metafile: true,
    splitting: true,
    minify: true,
    outdir: "bundle",
    logLevel: "warning",
  });
  const inputs = Object.keys(result.metafile.inputs);
  const strays = inputs.filter((path) =>
    /node_modules\/(koffi|onnxruntime-node)\/|dist\/(platform|runtime)\/node\.js/.test(path),
  );
  if (strays.length > 0) throw new Error(`a browser's bundle holds ${strays.join(", ")}`);
  const bytes = result.outputFiles.reduce((sum, file) => sum + file.contents.length, 0);
  say(
    `bundled for the browser: ${Math.round(bytes / 1024)} KiB in ${result.outputFiles.length} files, no module of Node`,
  );
}

function runCommand(folder: string): void {
  const version = execFileSync("npx", ["--no-install", "cloze", "--version"], { cwd: folder, encoding: "utf8" }).trim();
  if (!version.includes(packageJson.version)) throw new Error(`cloze --version printed ${version}`);
  say(`npx cloze --version → ${version}`);
}

const folder = mkdtempSync(join(tmpdir(), "cloze-package-"));
try {
  install(folder, pack(folder));
  importEverything(folder);
  typeCheck(folder);
  await bundleForBrowser(folder);
  runCommand(folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Compiles the AssemblyScript kernels twice, for shared memory (threads) and for plain memory (pages without
 * cross-origin isolation), and writes both as base64 into a TypeScript module, so that no bundler has to know about
 * WebAssembly files. The module is committed; `--check` fails when it is not what the sources give.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const source = "src/runtime/kernels/assembly/index.ts";
const target = "src/runtime/kernels/generated/kernels-wasm.ts";

const COMMON = ["-O3", "--noAssert", "--enable", "simd", "--runtime", "stub", "--importMemory", "--noExportMemory"];
const BUILDS = {
  SHARED_KERNELS: ["--enable", "threads", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
  PLAIN_KERNELS: ["--initialMemory", "1"],
};

async function compile(flags: string[]): Promise<string> {
  let binary: Uint8Array | undefined;
  // 112 warns of vectors in signatures between our own functions.
  const options = [source, ...COMMON, ...flags, "--disableWarning", "112", "--outFile", "kernels.wasm"];
  const { error, stderr } = await asc.main(options, {
    readFile: (name, baseDirectory) => {
      const path = join(baseDirectory, name);
      return existsSync(path) ? readFileSync(path, "utf8") : null;
    },
    writeFile: (_name, contents) => {
      binary = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || binary === undefined) throw new Error(`${stderr.toString()}\n${error?.message ?? "no output"}`);
  return Buffer.from(binary).toString("base64");
}

async function generate(): Promise<string> {
  const lines = ["// Written by scripts/build-kernels.ts from src/runtime/kernels/assembly; not to be edited."];
  for (const [name, flags] of Object.entries(BUILDS)) {
    lines.push(`\nexport const ${name} =\n  "${await compile(flags)}";`);
  }
  return `${lines.join("\n")}\n`;
}

process.chdir(root);
const generated = await generate();
if (process.argv.includes("--check")) {
  if (!existsSync(target) || readFileSync(target, "utf8") !== generated) {
    console.error(`${target} is out of date: run \`tsx scripts/build-kernels.ts\` and commit it`);
    process.exit(1);
  }
  console.log("the compiled kernels are up to date");
} else {
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, generated);
  console.log(`wrote ${target}, ${generated.length} bytes`);
}

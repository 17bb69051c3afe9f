/**
 * Compares the places of functions in src/runtime/c-library.ts with a header of ONNX Runtime's C API:
 *
 *     tsx scripts/read-onnxruntime-header.ts onnxruntime_c_api.h
 *
 * With `--names` it prints the functions of the header in order, which is what test/golden/runtime/c-api-functions.txt
 * holds as far as they are used.
 */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { signatures } from "../src/runtime/c-library.ts";

/** The functions of `struct OrtApi` in order. */
export function functionsOf(header: string): string[] {
  const code = header.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/\/\/.*$/gm, "");
  const body = /struct OrtApi \{([\s\S]*?)\n\};/.exec(code)?.[1];
  if (body === undefined) throw new Error("no struct OrtApi is in this header");
  // C++ parts hold no functions of the table.
  const table = body.replaceAll(/#ifdef __cplusplus[\s\S]*?#endif/g, "");
  const entries = table.matchAll(
    /ORT_API2_STATUS\(\s*(?<status>\w+)|ORT_CLASS_RELEASE\(\s*(?<released>\w+)|\(\s*ORT_API_CALL\s*\*\s*(?<plain>\w+)\s*\)/g,
  );
  return [...entries].map(({ groups = {} }) => groups.status ?? groups.plain ?? `Release${groups.released}`);
}

/** A sentence for each function that stands elsewhere than c-library.ts says. */
export function wrongPlaces(functions: readonly string[]): string[] {
  return Object.entries(signatures).flatMap(([name, [place]]) => {
    const actual = functions.indexOf(name);
    return actual === place ? [] : [`${name} is number ${actual} of the header, not ${place}`];
  });
}

function main(args: readonly string[]): number {
  const path = args.find((argument) => !argument.startsWith("--"));
  if (path === undefined) {
    console.error("usage: tsx scripts/read-onnxruntime-header.ts [--names] HEADER");
    return 2;
  }
  const functions = functionsOf(readFileSync(path, "utf8"));
  if (args.includes("--names")) {
    console.log(functions.join("\n"));
    return 0;
  }
  const wrong = wrongPlaces(functions);
  for (const sentence of wrong) console.error(sentence);
  if (wrong.length === 0) console.log(`all ${Object.keys(signatures).length} functions are where they should be`);
  return wrong.length === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) process.exitCode = main(process.argv.slice(2));

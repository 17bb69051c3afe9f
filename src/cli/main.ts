#!/usr/bin/env node
/** The binary `cloze`. */
import { platform } from "#platform";
import { runProgram } from "./program.ts";
import { terminalOf } from "./terminal.ts";

/** The version stands in package.json alone; from here it is two folders up, in `src/` as in `dist/`. */
async function readVersion(): Promise<string> {
  const file = platform.join(import.meta.dirname, "..", "..", "package.json");
  return JSON.parse(await platform.readText(file, "configuration")).version;
}

// biome-ignore lint/style/noRestrictedGlobals: the command line is a program of Node, and this is where it meets it
await runProgram(terminalOf(process), readVersion);

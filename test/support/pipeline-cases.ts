/** What test/golden/pipelines/ holds, under the names of this toolkit. */
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";

const golden = fileURLToPath(new URL("../golden/pipelines/", import.meta.url));

/** A recorded answer of the reference. */
export type Recorded = string | number | boolean | null | readonly Recorded[] | { readonly [name: string]: Recorded };

/** The folder of a golden model. */
export function goldenModel(name: string): string {
  return join(golden, name);
}

export function readCases<T>(file: string): T {
  return JSON.parse(readFileSync(join(golden, file), "utf8"));
}

/** `top_k` → `topK` in every key; values are left as they are. */
export function camelCased(value: Recorded): Recorded {
  if (Array.isArray(value)) return value.map(camelCased);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => {
    const camelName = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    return [camelName, camelCased(inner)];
  });
  return Object.fromEntries(entries);
}

/** The same with every number that is no whole one taken for one that may differ in the last digits. */
export function closeTo(value: Recorded): unknown {
  if (typeof value === "number" && !Number.isInteger(value)) return expect.closeTo(value, 5);
  if (Array.isArray(value)) return value.map(closeTo);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, closeTo(inner)]));
}

/** A copy of a golden model in a new folder, with further files over it and another configuration. */
export function variantOf(
  name: string,
  { config = {}, files }: { readonly config?: object; readonly files?: string } = {},
): string {
  const folder = mkdtempSync(join(tmpdir(), "cloze-pipeline-"));
  cpSync(goldenModel(name), folder, { recursive: true });
  if (files !== undefined) cpSync(goldenModel(files), folder, { recursive: true });
  const file = join(folder, "config.json");
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), ...config }));
  return folder;
}

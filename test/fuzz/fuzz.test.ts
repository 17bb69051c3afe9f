/** Spoiled files of every format: a typed error that names the file, soon, or nothing amiss. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { changes } from "./changes.ts";
import { FuzzedFolder } from "./format.ts";
import { formats, passedOn } from "./formats.ts";

const scratch = mkdtempSync(join(tmpdir(), "cloze-fuzz-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** Cases of a format that is read in no time; `npm run test:fuzz` runs more. */
const casesOf = (share = 1000): number => Math.max(3, Math.round(share / 5));

it.each(formats.map((format) => [format.name, format] as const))("%s", async (_, format) => {
  const folder = await FuzzedFolder.make(format, scratch);
  await folder.readSound();
  const outcomes = { read: 0, refused: 0 };
  const property = fc.asyncProperty(changes, async (list) => {
    outcomes[await folder.run(list)]++;
  });
  await fc.assert(property, { numRuns: casesOf(format.share), seed: 1, endOnFailure: true });
  // Spoiling that no reader minds would test nothing.
  expect(outcomes.refused).toBeGreaterThan(0);
});

it("every module that reads files is read with spoiled ones, or says why not", () => {
  const source = fileURLToPath(new URL("../../src/", import.meta.url));
  const reads = /platform\.(readFile|readText|readInto|readChunks|keepOpen|list)\(/;
  const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter((name) =>
    /(?<!\.test)\.ts$/.test(name),
  );
  const readers = files.filter(
    (name) => !name.startsWith("platform/") && reads.test(readFileSync(join(source, name), "utf8")),
  );
  const known = new Set([...formats.flatMap(({ modules }) => modules), ...Object.keys(passedOn)]);
  const unknown = readers.map((name) => relative(".", name)).filter((name) => !known.has(name));
  // Add such a module's format to test/fuzz/formats.ts, or say in `passedOn` there why it needs none.
  expect(unknown).toEqual([]);
});

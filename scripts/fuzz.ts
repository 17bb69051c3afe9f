/**
 * Spoiled files of every format for as long as one likes: `npm run test:fuzz -- --minutes 10 --seed 3 [--format NAME]`.
 * Prints each kind of shortfall once, with the changes that repeat it, and ends with 1 if there was any.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import fc from "fast-check";
import { changes } from "../test/fuzz/changes.ts";
import { FuzzedFolder } from "../test/fuzz/format.ts";
import { formats } from "../test/fuzz/formats.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    format: { type: "string", default: "" },
  },
});
const chosen = formats.filter(({ name }) => name.includes(values.format));
const end = performance.now() + Number(values.minutes) * 60_000;
const scratch = mkdtempSync(join(tmpdir(), "cloze-fuzz-"));
const seen = new Set<string>();
let cases = 0;

/** Where an error came from: the places of its stack, without those that every case goes through. */
function kindOf(error: Error): string {
  const places = [...error.message.matchAll(/\((?:file:\/\/)?([^()]*\/src\/[^()]*:\d+):\d+\)/g)].map(
    ([, place]) => place,
  );
  return places.length > 0 ? places.slice(0, 3).join() : error.message.replaceAll(/\d+/g, "").slice(0, 200);
}

const folders = new Map<string, FuzzedFolder>();
for (let round = 0; performance.now() < end; round++) {
  for (const format of chosen) {
    if (performance.now() > end) break;
    const folder = folders.get(format.name) ?? (await FuzzedFolder.make(format, scratch));
    folders.set(format.name, folder);
    const count = Math.max(1, Math.round((format.share ?? 1000) / 10));
    for (const list of fc.sample(changes, { numRuns: count, seed: Number(values.seed) * 1_000_003 + round })) {
      cases++;
      try {
        await folder.run(list);
      } catch (error) {
        const failure = error as Error;
        const kind = kindOf(failure);
        if (seen.has(kind)) continue;
        seen.add(kind);
        console.log(
          `${failure.message.split("\n").slice(0, 9).join("\n")}\n  ${format.name}: ${JSON.stringify(list)}\n`,
        );
      }
    }
  }
}
rmSync(scratch, { recursive: true, force: true });
console.log(`${cases} cases, ${seen.size} kinds of shortfall`);
process.exitCode = seen.size > 0 ? 1 : 0;

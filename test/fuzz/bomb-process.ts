/**
 * A process of its own that reads every bomb and measures: prints a line of JSON for each. The peak of its memory is set
 * back before each one, so that each is measured alone.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ClozeError } from "../../src/errors.ts";
import { bombs } from "./bombs.ts";
import { writeFiles } from "./format.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** A figure of this process in MiB. */
function memoryOf(name: "VmHWM" | "VmRSS"): number {
  const [, kibibytes = "0"] = new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kibibytes) / 1024;
}

const scratch = mkdtempSync(join(tmpdir(), "cloze-bombs-"));
const wanted = process.argv[2] ?? "";
for (const bomb of bombs.filter(({ name }) => name.includes(wanted))) {
  const folder = join(scratch, bomb.name.replaceAll(/\W+/g, "-"));
  writeFiles(folder, bomb.files());
  const sizes = Object.keys(bomb.files()).map((name) => statSync(join(folder, name)).size);
  await new Promise((resolve) => setTimeout(resolve, 5));
  collect();
  writeFileSync("/proc/self/clear_refs", "5");
  const before = memoryOf("VmRSS");
  const start = process.cpuUsage();
  let outcome: object = { outcome: "read" };
  try {
    await bomb.read(folder);
  } catch (error) {
    const isTyped = error instanceof ClozeError;
    const { file, field, message } = error as ClozeError;
    const names = typeof file === "string" && file.startsWith(folder);
    outcome = isTyped
      ? { outcome: "refused", names, field, message: message.slice(0, 300) }
      : { outcome: "untyped", message: String(error) };
  }
  const { user, system } = process.cpuUsage(start);
  const mebibytes = memoryOf("VmHWM") - before;
  const most = (2 * sizes.reduce((sum, size) => sum + size, 0)) / 2 ** 20 + 64;
  console.log(
    JSON.stringify({
      name: bomb.name,
      isHarmless: bomb.isHarmless ?? false,
      seconds: (user + system) / 1e6,
      mebibytes,
      most,
      ...outcome,
    }),
  );
  rmSync(folder, { recursive: true });
}
rmSync(scratch, { recursive: true, force: true });

/** Training runs that are disturbed while they write: by a full disk, and by a kill in the middle of a checkpoint. */
import { type ChildProcess, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runClozeProcess } from "../../test/support/cloze-process.ts";
import { runCloze } from "../../test/support/fake-terminal.ts";

let folder: string;
/** The words of a run of six steps with a checkpoint every other one. */
let words: string[];
/** The same run left alone. */
let whole: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "cloze-disturbed-"));
  const corpus = join(folder, "corpus.txt");
  writeFileSync(corpus, "the cat sat on the mat .\na bird flew over the house .\n\n".repeat(40));
  const sizes = ["--vocab-size", "80", "--batch-size", "2", "--sequence-length", "12", "--dropout", "0.1"];
  words = ["pretrain", "--corpus", corpus, ...sizes, "--steps", "6", "--checkpoint-every", "2", "--json"];
  whole = join(folder, "whole");
  expect((await runCloze([...words, "--output", whole])).exitCode).toBe(0);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function weights(output: string): string {
  return readFileSync(join(output, "model.safetensors"), "base64");
}

/** Every name below a folder. */
function namesBelow(parent: string): string[] {
  return readdirSync(parent, { recursive: true }).map(String);
}

function sizeOf(parent: string): number {
  return namesBelow(parent).reduce((sum, name) => sum + statSync(join(parent, name)).size, 0);
}

function expectWholeLines(output: string): void {
  const log = readFileSync(join(output, "metrics.jsonl"), "utf8").trimEnd().split("\n");
  for (const line of log) expect(() => JSON.parse(line)).not.toThrow();
}

const mayMount = (() => {
  const place = mkdtempSync(join(tmpdir(), "cloze-mount-"));
  const isMounted = mount(place, 1 << 20);
  if (isMounted) unmount(place);
  else console.warn("A file system in memory cannot be mounted here: the tests of a full disk are skipped.");
  rmSync(place, { recursive: true, force: true });
  return isMounted;
})();

function mount(place: string, bytes: number): boolean {
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", place], { stdio: "ignore" });
  return status === 0;
}

function unmount(place: string): void {
  spawnSync("umount", ["-l", place], { stdio: "ignore" });
}

describe.skipIf(!mayMount)("a full disk (skipped where nothing can be mounted)", () => {
  // How many checkpoints the free space holds when the run begins; each is written before an older one is removed.
  it.each([
    ["from the start", 0, undefined],
    ["in the first checkpoint", 0.6, undefined],
    ["in the second checkpoint", 1.5, 2],
    ["in the third checkpoint", 2.5, 4],
  ])("%s: a typed error, nothing half-written, and the run goes on when there is room", async (_, room, newest) => {
    const checkpointBytes = sizeOf(join(whole, "checkpoints", "step-00000006"));
    const disk = mkdtempSync(join(folder, "disk-"));
    expect(mount(disk, 8 * checkpointBytes)).toBe(true);
    try {
      const filler = join(disk, "filler");
      writeFileSync(filler, Buffer.alloc(Math.floor((8 - room) * checkpointBytes)));
      const output = join(disk, "run");
      const failed = await runCloze([...words, "--output", output]);
      expect({ exitCode: failed.exitCode, kind: failed.error.kind }).toEqual({ exitCode: 1, kind: "resource" });
      expect(failed.error.message).toContain("the disk is full");
      expect(failed.error.file).toContain(output);
      const left = namesBelow(disk);
      expect(left.filter((name) => name.includes(".tmp-") || name.endsWith("run/model.safetensors"))).toEqual([]);
      const steps = left.filter((name) => /step-\d+$/.test(name));
      expect(steps.at(-1)).toBe(newest === undefined ? undefined : join("run", "checkpoints", `step-0000000${newest}`));
      if (newest !== undefined) {
        expectWholeLines(output);
        const inspected = await runCloze(["inspect", join(disk, steps.at(-1) as string), "--json"]);
        expect(inspected.exitCode).toBe(0);
      }
      rmSync(filler);
      const resumed = await runCloze([...words, "--output", output, "--resume"]);
      expect(resumed.lines[0]).toEqual({ event: "resumed", step: newest ?? 0 });
      expect(resumed.exitCode).toBe(0);
      expect(weights(output)).toBe(weights(whole));
      expectWholeLines(output);
    } finally {
      unmount(disk);
    }
  });

  it("while the log is written: the same", async () => {
    const disk = mkdtempSync(join(folder, "disk-"));
    expect(mount(disk, 32 << 20)).toBe(true);
    try {
      const output = join(disk, "run");
      const failed = await runCloze([...words, "--output", output], {
        onOutput: (text) => {
          if (text.includes('"step":3,"loss"')) fillUp(disk);
        },
      });
      expect({ exitCode: failed.exitCode, kind: failed.error.kind }).toEqual({ exitCode: 1, kind: "resource" });
      rmSync(join(disk, "filler"));
      expect((await runCloze([...words, "--output", output, "--resume"])).exitCode).toBe(0);
      expect(weights(output)).toBe(weights(whole));
      expectWholeLines(output);
    } finally {
      unmount(disk);
    }
  });
});

/** Writes until nothing more fits. */
function fillUp(disk: string): void {
  for (let bytes = 1 << 20; bytes >= 1; bytes >>= 1) {
    try {
      for (;;) writeFileSync(join(disk, "filler"), Buffer.alloc(bytes), { flag: "a" });
    } catch {
      // Try smaller pieces.
    }
  }
}

describe("a kill while a checkpoint is written", () => {
  it("loses nothing but the steps since the last one, at every stage of the writing", async () => {
    const output = join(folder, "killed");
    const checkpoints = join(output, "checkpoints");
    // A folder that is complete has its name at once; one in the making is beside it, and has these files.
    const stages = ["config.json", "model.safetensors", "optimizer.safetensors"];
    for (const [index, stage] of stages.entries()) {
      const resume = index === 0 ? [] : ["--resume"];
      let seen: string | undefined;
      const { code } = await runClozeProcess([...words, "--output", output, ...resume], {
        onStart: (child) =>
          void killWhen(child, () => {
            seen = inTheMaking(checkpoints, stage);
            return seen !== undefined;
          }),
      });
      expect({ stage, code, seen }).toEqual({ stage, code: null, seen: expect.any(String) });
      expect(readdirSync(checkpoints)).toContain(seen);
    }
    const resumed = await runClozeProcess([...words, "--output", output, "--resume"]);
    expect(resumed.code).toBe(0);
    expect(weights(output)).toBe(weights(whole));
    expect(namesBelow(output).filter((name) => name.includes(".tmp-"))).toEqual([]);
  });
});

/** The checkpoint folder aside that holds a file of this name, whole or being written. */
function inTheMaking(checkpoints: string, stage: string): string | undefined {
  try {
    const asides = readdirSync(checkpoints).filter((name) => /^step-\d+\.tmp-/.test(name));
    return asides.find((name) => readdirSync(join(checkpoints, name)).some((file) => file.startsWith(stage)));
  } catch {
    return undefined; // not there yet, or just renamed
  }
}

async function killWhen(child: ChildProcess, isTime: () => boolean): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    if (isTime()) {
      child.kill("SIGKILL");
      return;
    }
    await new Promise(setImmediate);
  }
}

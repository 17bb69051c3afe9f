import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { KeptRuns, withTable } from "./kept-runs.ts";
import { meanPercent } from "./percent.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kept-runs-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("what is measured once is kept for the next command", async () => {
  let measured = 0;
  const measure = async () => ({ accuracy: 0.5 + ++measured / 10 });
  for (let command = 0; command < 2; command++) {
    const runs = new KeptRuns({ folder, threads: 1, minutes: 1 });
    expect(await runs.figures("a", measure)).toEqual({ accuracy: 0.6 });
  }
  expect(measured).toBe(1);
});

test("nothing begins when the time is over, and what is kept can still be had", async () => {
  await new KeptRuns({ folder, threads: 1, minutes: 1 }).figures("a", async () => ({ f1: 1 }));
  const late = new KeptRuns({ folder, threads: 1, minutes: 0 });
  expect(await late.figures("a", async () => ({ f1: 2 }))).toEqual({ f1: 1 });
  await expect(late.figures("b", async () => ({ f1: 2 }))).rejects.toThrow();
  expect(late.known("b")).toEqual({});
});

test("mean and deviation in percent", () => {
  expect(meanPercent([0.5])).toBe("50.0");
  expect(meanPercent([0.4, 0.6])).toBe("50.0 ± 14.1");
});

test("a table replaces the one between its marks", () => {
  const document = "a\n<!-- t -->\nold\n<!-- /t -->\nb";
  expect(withTable(document, "t", "| new |")).toBe("a\n<!-- t -->\n| new |\n<!-- /t -->\nb");
  expect(() => withTable(document, "u", "")).toThrow("<!-- u -->");
});

/** Recorded metrics hold, whatever is wrong with one is found, and what cannot be checked is a failure. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { verify } from "./index.ts";
import type { RecordedMetric } from "./recorded-metric.ts";

const golden = fileURLToPath(new URL("../../test/golden/metrics/cases.json", import.meta.url));
const { cases } = JSON.parse(readFileSync(golden, "utf8")) as { cases: RecordedMetric[] };
const scratch = mkdtempSync(join(tmpdir(), "cloze-metrics-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

async function verified(changed: readonly object[], name = "changed.json") {
  const file = join(scratch, name);
  const text = JSON.stringify({ cases: changed });
  writeFileSync(file, name.endsWith(".gz") ? gzipSync(text) : text);
  return await verify(file);
}

/** The value with its first number moved by a little, or its first text changed. */
function spoiled(value: unknown): unknown {
  if (typeof value === "number") return value + 1e-6;
  if (typeof value === "string") return `${value}x`;
  if (value === null) return 0;
  if (Array.isArray(value)) return value.length === 0 ? [0] : [spoiled(value[0]), ...value.slice(1)];
  const [[key, first] = ["none", undefined], ...rest] = Object.entries(value as object);
  return { ...Object.fromEntries(rest), [key]: first === undefined ? 0 : spoiled(first) };
}

describe("recorded metrics", () => {
  it("hold", async () => {
    const report = await verify(golden);
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report).toMatchObject({ ok: true, checked: cases.length });
    expect(report.results[0]).toMatchObject({ kind: "metrics", name: "0 bleu" });
  });

  it("packed as well", async () => {
    expect(await verified(cases.slice(0, 3), "packed.json.gz")).toMatchObject({ ok: true, checked: 3 });
  });

  it("fail one by one when a value is another", async () => {
    const wrong = cases.map((recorded) => ({ ...recorded, expected: spoiled(recorded.expected) }));
    const { results } = await verified(wrong);
    expect(results.filter(({ ok }) => ok)).toEqual([]);
  });

  it("fail when a value is not known, is none, or is there where none should be", async () => {
    const [first] = cases.filter(({ options }) => options.task === "classification");
    const { expected } = first as RecordedMetric;
    const variants = [{ nothing: 1 }, { accuracy: null }, { labels: [] }, { per_class: {} }];
    const { results } = await verified(
      variants.map((more) => ({ ...first, expected: { ...(expected as object), ...more } })),
    );
    expect(results.map(({ ok, reason }) => [ok, reason?.split(":")[0]])).toEqual([
      [false, "nothing"],
      [false, "accuracy"],
      [false, "labels"],
      [false, "per_class"],
    ]);
  });

  it("fail for settings and kinds that are not known, and lists that do not fit", async () => {
    const [bleu] = cases;
    const { results } = await verified([
      { ...bleu, options: { ...bleu?.options, force: true } },
      { ...bleu, options: { task: "parsing" } },
      { ...bleu, options: {} },
      { ...bleu, input: { hypotheses: ["a"], references: [["a", "b"]] } },
    ]);
    expect(results.map(({ ok }) => ok)).toEqual([false, false, false, false]);
    expect(results[0]?.reason).toMatch(/force/);
    expect(results[3]?.reason).toMatch(/2 references for 1 hypotheses/);
  });
});

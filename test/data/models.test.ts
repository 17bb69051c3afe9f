/**
 * Every registered model class against the reference folders beside the repository. The suite iterates the registry, so
 * that a new architecture cannot be missed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadArchitecture, modelTypes } from "../../src/models/index.ts";
import { verify } from "../../src/verification/index.ts";

const models = fileURLToPath(new URL("../../../shared/golden/models", import.meta.url));
const available = existsSync(models);
if (!available) console.warn(`The reference folders are not at ${models}: the model suite is skipped.`);

/** The folders of each class. */
function foldersByClass(): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const folder of available ? readdirSync(models).sort() : []) {
    const { class: name } = JSON.parse(readFileSync(join(models, folder, "reference.json"), "utf8"));
    found.set(name, [...(found.get(name) ?? []), folder]);
  }
  return found;
}

const folders = foldersByClass();
const architectures = await Promise.all(modelTypes.map((modelType) => loadArchitecture(modelType)));
/** Classes of our own, which are stored as a published one, have no reference: unit tests compare them with its kin. */
const classNames = architectures.flatMap(({ classes }) =>
  Object.entries(classes).flatMap(([name, { publishedName = name }]) => (publishedName === name ? [name] : [])),
);

describe.skipIf(!available)("reference folders of models (skipped without ../shared/golden)", () => {
  it.each(classNames)("%s has a reference", (name) => {
    expect(folders.get(name)?.length).toBeGreaterThan(0);
  });

  const cases = classNames.flatMap((name) => folders.get(name) ?? []);
  /** Contrastive search, groups of beams and forced words are recorded there, and not built yet. */
  const withoutGeneration = (folder: string): boolean => folder.endsWith("-v4");

  it.each(cases)("%s: outputs, gradients, curve and generation", async (folder) => {
    const warnings: string[] = [];
    const report = await verify(join(models, folder), {
      only: ["outputs", "gradients", "curve", ...(withoutGeneration(folder) ? [] : (["generation"] as const))],
      onWarning: (text) => warnings.push(text),
    });
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.ok).toBe(true);
    expect(report.checked).toBeGreaterThan(30);
    // Only what lacks a part, or has one too many, is warned of.
    expect(warnings.length).toBe(/-(from-head|bare-bin)$/.test(folder) ? 1 : 0);
  });

  it("processors of next-token scores", async () => {
    const report = await verify(join(models, "generation-processors"));
    expect(report.results.filter(({ ok }) => !ok)).toEqual([]);
    expect(report.checked).toBeGreaterThan(45);
  });
});

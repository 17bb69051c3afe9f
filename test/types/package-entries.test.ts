import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { LAYERS } from "../../scripts/layers.ts";
import {
  leaves,
  type PackageJson,
  SOURCE_CONDITION,
  sourceEntries,
  sourceLeaves,
} from "../../scripts/package-entries.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const packageJson: PackageJson = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/** Folders that are no subpath: a program, and what `#platform` and `#runtime` choose. */
const WITHOUT_SUBPATH = new Set(["platform", "runtime", "cli", "demo"]);

describe("package.json", () => {
  it("has a subpath for each public folder, and none without a folder", () => {
    const folders = readdirSync(join(root, "src"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(join(root, "src", entry.name, "index.ts")))
      .map((entry) => entry.name)
      .filter((name) => !WITHOUT_SUBPATH.has(name));
    const subpaths = Object.keys(packageJson.exports).filter((name) => name !== "." && name !== "./package.json");
    expect(subpaths.sort()).toEqual(folders.map((name) => `./${name}`).sort());
  });

  it("leads every entry to a source that exists, and to the file of dist/ that is built from it", () => {
    for (const entry of sourceEntries(packageJson)) expect(existsSync(join(root, entry)), entry).toBe(true);
    for (const [name, target] of Object.entries({ ...packageJson.exports, ...packageJson.imports })) {
      if (name === "./package.json") continue;
      const sources = sourceLeaves(target);
      const built = leaves(target).filter((path) => path.startsWith("./dist/") && path.endsWith(".js"));
      expect(sources.length, name).toBeGreaterThan(0);
      expect(built.sort(), name).toEqual(
        sources.map((path) => path.replace("./src/", "./dist/").replace(/\.ts$/, ".js")).sort(),
      );
    }
  });

  it("names the conditions in the order in which they must be tried", () => {
    for (const target of Object.values(packageJson.exports)) {
      if (typeof target === "string") continue;
      expect(Object.keys(target ?? {})).toEqual([SOURCE_CONDITION, "types", "default"]);
    }
    for (const target of Object.values(packageJson.imports)) {
      const conditions = Object.keys(target ?? {}).filter((name) => name !== "node");
      expect(conditions).toEqual([SOURCE_CONDITION, "default"]);
      expect(Object.keys(target ?? {}).at(-1)).toBe("default");
    }
  });

  it("has a subpath for layers only", () => {
    const layers = new Set(LAYERS.map((layer) => layer.name));
    for (const name of Object.keys(packageJson.exports)) {
      if (name !== "." && name !== "./package.json") expect(layers).toContain(name.slice(2));
    }
  });
});

/** What package.json promises: the one list of public entries, read by the build and by the tests. */

/** A target of `exports` or `imports`: a path, or conditions that lead to one. */
export type Target = string | null | { readonly [condition: string]: Target };

export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, Target>>;
  readonly imports: Readonly<Record<string, Target>>;
}

/** The condition under which tests and scripts read `src/` in place of `dist/`. */
export const SOURCE_CONDITION = "@cloze/source";

/** Every path that a target can lead to, whatever the conditions. */
export function leaves(target: Target | undefined): string[] {
  if (target === undefined || target === null) return [];
  if (typeof target === "string") return [target];
  return Object.values(target).flatMap(leaves);
}

/** The sources under a target, without those of `dist/`: `./src/platform/node.ts`, `./src/platform/web.ts`. */
export function sourceLeaves(target: Target | undefined): string[] {
  if (target === null || typeof target !== "object") return [];
  return leaves(target[SOURCE_CONDITION]);
}

/** The source files that become entries of `dist/`, relative to the root, each once, sorted. */
export function sourceEntries(packageJson: PackageJson): string[] {
  const targets = [...Object.values(packageJson.exports), ...Object.values(packageJson.imports)];
  const binaries = Object.values(packageJson.bin).map((path) =>
    path.replace(/^dist\//, "./src/").replace(/\.js$/, ".ts"),
  );
  return [...new Set([...targets.flatMap(sourceLeaves), ...binaries])].sort();
}

/** The subpaths that hold modules, as they stand in `exports`: `.`, `./tokenizers`, … */
export function packageSubpaths(packageJson: PackageJson): string[] {
  return Object.keys(packageJson.exports).filter((subpath) => subpath !== "./package.json");
}

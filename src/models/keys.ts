/** How the property paths of a model become the names that its published files use. */

export interface KeyTable {
  /** What a model with a head puts before the names of the model without one. */
  readonly prefix: string;
  /** Own paths to published ones; `*` stands for one part of a path, and the longest entry that fits is taken. */
  readonly names: Readonly<Record<string, string>>;
  /** Names in files that hold no parameter, such as stored position numbers, without the prefix; `*` as above. */
  readonly ignored: readonly string[];
}

/** The published name of a parameter at an own path. */
export function publishedName(path: string, names: KeyTable["names"]): string {
  const parts = path.split(".");
  for (let length = parts.length; length > 0; length--) {
    for (const [own, published] of Object.entries(names)) {
      const wildcards = matchParts(parts.slice(0, length), own.split("."));
      if (wildcards === undefined) continue;
      const start = published.split(".").map((part) => (part === "*" ? (wildcards.shift() ?? "*") : part));
      return [...start, ...parts.slice(length)].join(".");
    }
  }
  return path;
}

/** What the wildcards of `pattern` stand for, when it fits. */
function matchParts(parts: readonly string[], pattern: readonly string[]): string[] | undefined {
  if (parts.length !== pattern.length) return undefined;
  const wildcards: string[] = [];
  for (const [index, part] of parts.entries()) {
    if (pattern[index] === "*") wildcards.push(part);
    else if (pattern[index] !== part) return undefined;
  }
  return wildcards;
}

/**
 * The table of a model with a head, which holds the model without one in a property called as `base.prefix`.
 *
 * @param names of the head alone.
 */
export function withHead(base: KeyTable, names: KeyTable["names"]): KeyTable {
  const below = (name: string): string => `${base.prefix}.${name}`;
  const inner = Object.entries(base.names).map(([own, published]) => [below(own), below(published)] as const);
  return { prefix: base.prefix, names: { ...Object.fromEntries(inner), ...names }, ignored: base.ignored };
}

/**
 * Named tensors in and out of a graph are flat (`pastKeyValues.0.key`); models and users see them nested
 * (`pastKeyValues[0].key`).
 */

export type Nested<T> = T | readonly (Nested<T> | undefined)[] | { readonly [name: string]: Nested<T> | undefined };

/** Every leaf under its dotted name; what is undefined is left out. */
export function flatten<T>(
  value: Nested<T> | undefined,
  isLeaf: (value: unknown) => value is T,
  prefix = "",
): Map<string, T> {
  const leaves = new Map<string, T>();
  const visit = (item: unknown, name: string): void => {
    if (item === undefined || item === null) return;
    if (isLeaf(item)) leaves.set(name, item);
    else if (typeof item === "object") {
      for (const [key, inner] of Object.entries(item)) visit(inner, name === "" ? key : `${name}.${key}`);
    }
  };
  visit(value, prefix);
  return leaves;
}

/** The inverse of `flatten`: names that are whole numbers become places in arrays. */
export function unflatten<T>(leaves: Iterable<readonly [string, T]>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [name, leaf] of leaves) {
    const parts = name.split(".");
    let holder: Record<string, unknown> = root;
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        holder[part] = leaf;
        break;
      }
      const isArray = /^\d+$/.test(parts[index + 1] ?? "");
      holder[part] ??= isArray ? [] : {};
      holder = holder[part] as Record<string, unknown>;
    }
  }
  return root;
}

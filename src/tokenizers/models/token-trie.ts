import { PairTable } from "../pair-table.ts";

/** Nodes below the root are found by their unit alone, since every search begins there. */
const UNITS = 0x10000;

/**
 * Finds all tokens that a text begins with; a tree over UTF-16 units. A search goes from `ROOT` down by `child`, unit by
 * unit, and asks `tokenAt` at each node.
 */
export class TokenTrie {
  readonly #rootChildren = new Int32Array(UNITS);
  readonly #children: PairTable;
  /** Number of the token that ends at each node, -1 where none does. */
  readonly #tokens: number[] = [-1];

  /** Tokens are known by their place in the list; empty and absent ones are never found. */
  constructor(tokens: readonly (string | undefined)[]) {
    this.#children = new PairTable(tokens.length * 2);
    tokens.forEach((token, index) => {
      if (token) this.#add(token, index);
    });
  }

  /** The node below one of the root, by the next unit; 0 if no token goes on like this. */
  child(node: number, unit: number): number {
    if (node === ROOT) return this.#rootChildren[unit]!;
    const child = this.#children.get(node, unit);
    return child < 0 ? 0 : child;
  }

  /** The token that ends at a node, -1 if none does. */
  tokenAt(node: number): number {
    return this.#tokens[node]!;
  }

  #add(token: string, index: number): void {
    let node = ROOT;
    for (let at = 0; at < token.length; at++) {
      const unit = token.charCodeAt(at);
      let child = this.child(node, unit);
      if (child === 0) {
        child = this.#tokens.push(-1) - 1;
        if (node === ROOT) this.#rootChildren[unit] = child;
        else this.#children.set(node, unit, child);
      }
      node = child;
    }
    this.#tokens[node] = index;
  }
}

export const ROOT = 0;

import { PairTable } from "../pair-table.ts";

/** Finds all tokens that a text begins with; a tree over UTF-16 units. */
export class TokenTrie {
  readonly #children: PairTable;
  /** Number of the token that ends at each node, -1 where none does. */
  readonly #ids: number[] = [-1];

  /** Tokens are known by their place in the list; empty and absent ones are never found. */
  constructor(tokens: readonly (string | undefined)[]) {
    this.#children = new PairTable(tokens.length * 2);
    tokens.forEach((token, id) => {
      if (token) this.#add(token, id);
    });
  }

  /** Calls `receive` with each token that stands at `start`, from the shortest to the longest, and where it ends. */
  forEachPrefix(text: string, start: number, receive: (id: number, end: number) => void): void {
    let node = 0;
    for (let at = start; at < text.length; at++) {
      node = this.#children.get(node, text.charCodeAt(at));
      if (node < 0) return;
      const id = this.#ids[node]!;
      if (id >= 0) receive(id, at + 1);
    }
  }

  #add(token: string, id: number): void {
    let node = 0;
    for (let at = 0; at < token.length; at++) {
      const code = token.charCodeAt(at);
      let child = this.#children.get(node, code);
      if (child < 0) {
        child = this.#ids.push(-1) - 1;
        this.#children.set(node, code, child);
      }
      node = child;
    }
    this.#ids[node] = id;
  }
}

import { fieldError } from "../json-fields.ts";
import type { Merge } from "../models/bpe.ts";
import { ROOT, TokenTrie } from "../models/token-trie.ts";
import type { SentencePiece } from "./model-file.ts";

/**
 * The merges that a model of pieces and scores implies: any two pieces whose union is a piece merge, those of the best
 * union first. Of two ways to the same piece the one with the shorter left part comes first.
 */
export function mergesOfPieces(pieces: readonly SentencePiece[], file: string): Merge[] {
  const texts = pieces.map(({ text, type }) => (type === "normal" || type === "user-defined" ? text : undefined));
  const known = new Set(texts);
  const trie = new TokenTrie(texts);
  const order = pieces.map((_, id) => id).sort((a, b) => pieces[b]!.score - pieces[a]!.score || a - b);
  const merges: Merge[] = [];
  // Published models have two to three for each piece.
  const most = 16 * pieces.length + 10_000;
  for (const id of order) {
    const text = texts[id];
    if (text === undefined) continue;
    if (merges.length > most) throw fieldError(file, "pieces", `pieces that imply at most ${most} merges`, "more");
    let node = ROOT;
    for (let end = 1; end < text.length; end++) {
      node = trie.child(node, text.charCodeAt(end - 1));
      if (node === 0) break;
      if (trie.tokenAt(node) >= 0 && known.has(text.slice(end))) merges.push([text.slice(0, end), text.slice(end)]);
    }
  }
  return merges;
}

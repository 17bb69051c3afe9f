/**
 * The best tree over the words of a sentence.
 *
 * Papers: Chu and Liu 1965 and Edmonds 1967, as McDonald et al. 2005 use it, "Non-projective Dependency Parsing using
 * Spanning Tree Algorithms", https://aclanthology.org/H05-1066.
 */
import { headCycle } from "../data/examples/head-cycle.ts";

/** More than all other arcs of a sentence together differ, so that the best tree has one word at the root, never two. */
const secondRoot = 1e9;

/**
 * For each of N words the number of its head, counted from 1, 0 for the root: of all trees with exactly one word at the
 * root the one with the highest sum. `scores[word][head]`: N rows of N + 1 finite numbers, head 0 being the root; a word's
 * score as its own head is not read.
 */
export function bestTree(scores: readonly (readonly number[])[]): number[] {
  const root = new Array<number>(scores.length + 1).fill(0);
  const rows = scores.map((row) => row.map((score, head) => (head === 0 ? score - secondRoot : score)));
  return headsOf([root, ...rows]).slice(1);
}

/** The same over nodes of which 0 is the root, [node][head]; what stands at 0 means nothing. */
function headsOf(scores: readonly (readonly number[])[]): number[] {
  const heads = scores.map((row, node) => (node === 0 ? -1 : bestHead(row, node)));
  const cycle = headCycle(heads);
  if (cycle === undefined) return heads;
  // The cycle becomes one node, the last one of a smaller graph.
  const others = [...heads.keys()].filter((node) => !cycle.includes(node));
  const score = (node: number, head: number): number => scores[node]?.[head] as number;
  /** What it costs to break the cycle at `node` in favour of `head`. */
  const broken = (node: number, head: number): number => score(node, head) - score(node, heads[node] as number);
  const entryOf = (head: number): number => cycle.reduce((a, b) => (broken(b, head) > broken(a, head) ? b : a));
  const exitOf = (node: number): number => cycle.reduce((a, b) => (score(node, b) > score(node, a) ? b : a));
  const rows = others.map((node) => [...others.map((head) => score(node, head)), score(node, exitOf(node))]);
  const smaller = headsOf([...rows, [...others.map((head) => broken(entryOf(head), head)), 0]]);
  for (const [at, node] of others.entries()) {
    if (at === 0) continue;
    const head = smaller[at] as number;
    heads[node] = head === others.length ? exitOf(node) : (others[head] as number);
  }
  const outside = others[smaller[others.length] as number] as number;
  heads[entryOf(outside)] = outside;
  return heads;
}

function bestHead(row: readonly number[], node: number): number {
  let best = node === 0 ? 1 : 0;
  for (const [head, score] of row.entries()) if (head !== node && score > (row[best] as number)) best = head;
  return best;
}

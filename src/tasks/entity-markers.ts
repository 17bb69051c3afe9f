/**
 * Tokens around the two entities of a text whose relation is asked for.
 *
 * Paper: Baldini Soares et al. 2019, "Matching the Blanks", https://arxiv.org/abs/1906.03158, §3.1.
 */

/** Before and after the head, before and after the tail. */
export const entityMarkers = ["[E1]", "[/E1]", "[E2]", "[/E2]"] as const;

/** Those before the head and before the tail. */
export const openingMarkers = [entityMarkers[0], entityMarkers[2]] as const;

/** A text with the places of its entities, in JavaScript string indices, the end not included. */
export interface EntityPair {
  readonly text: string;
  readonly head: readonly [start: number, end: number];
  readonly tail: readonly [start: number, end: number];
}

/**
 * `Ann met[E1] Bob[/E1] in[E2] Paris[/E2].`: spaces stay with the word behind them, which tokenizers of bytes know so. Of
 * entities that overlap, the one that begins later is closed first.
 */
export function withEntityMarkers({ text, head, tail }: EntityPair): string {
  const [openHead, closeHead, openTail, closeTail] = entityMarkers;
  const opening = ([start, end]: readonly [number, number], mark: string) => {
    return { place: text.slice(0, start).trimEnd().length, mark, closes: 0, other: -end };
  };
  const closing = ([start, end]: readonly [number, number], mark: string) => {
    return { place: end, mark, closes: 1, other: -start };
  };
  const marks = [opening(head, openHead), opening(tail, openTail), closing(tail, closeTail), closing(head, closeHead)];
  marks.sort((a, b) => a.place - b.place || b.closes - a.closes || a.other - b.other);
  let marked = "";
  let end = 0;
  for (const { place, mark } of marks) {
    marked += text.slice(end, place) + mark;
    end = place;
  }
  return marked + text.slice(end);
}

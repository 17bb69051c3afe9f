/** What a corpus is made of, and how plain text is cut into it. */

/** Consecutive lines of one text, in order; at least one, none of them blank. A line is a sentence or a paragraph. */
export type Document = readonly string[];

/** A corpus as a stream: whatever its size, only one document of it is in memory. */
export interface CorpusSource {
  /** For messages: a path or a name. */
  readonly name: string;
  /** Size of its files as stored; undefined if unknown. */
  readonly sizeBytes: number | undefined;
  /** The documents, in the same order every time. */
  documents(): AsyncIterable<Document>;
  /** A short text that differs when the content does; see `fingerprint.ts`. */
  fingerprint(): Promise<string>;
}

/**
 * 4 Mi characters. A longer document comes in several parts, each as a document of its own, so that a file without blank
 * lines needs no more memory than another.
 */
const MAX_DOCUMENT_CHARACTERS = 1 << 22;

const BLANK = /^\s*$/u;

export function isBlank(line: string): boolean {
  return BLANK.test(line);
}

/** Documents of plain text: one or more blank lines lie between two of them. */
export async function* documentsOfLines(
  blocks: AsyncIterable<readonly string[]>,
  maxCharacters = MAX_DOCUMENT_CHARACTERS,
): AsyncGenerator<Document> {
  let document: string[] = [];
  let characters = 0;
  for await (const block of blocks) {
    for (const line of block) {
      const ends = isBlank(line);
      if (!ends) {
        document.push(line);
        characters += line.length;
      }
      if (document.length > 0 && (ends || characters >= maxCharacters)) {
        yield document;
        document = [];
        characters = 0;
      }
    }
  }
  if (document.length > 0) yield document;
}

/** One text as documents: its lines without the blank ones, in parts if it is very long. */
export function* documentsOfText(text: string, maxCharacters = MAX_DOCUMENT_CHARACTERS): Generator<Document> {
  let document: string[] = [];
  let characters = 0;
  for (const line of text.split(/\r\n?|\n/)) {
    if (isBlank(line)) continue;
    document.push(line);
    characters += line.length;
    if (characters < maxCharacters) continue;
    yield document;
    document = [];
    characters = 0;
  }
  if (document.length > 0) yield document;
}

/**
 * The Chinese corpus: the lyrics (词, *ci*) of the Song dynasty, 960–1279, in simplified characters, from the npm package
 * `chinese-poetry`. A lyric becomes a document, and a sentence of it a line: `明月几时有，把酒问青天。`
 *
 * The package is no dependency, as it takes 362 MB: whoever wants it installs it.
 */
import { platform } from "#platform";
import { DataError } from "../errors.ts";
import type { CorpusSource, Document } from "./documents.ts";
import { packageCorpus } from "./package-corpus.ts";

/** The lyrics of all poets in files of a thousand. */
const FILE_NAME = /^ci\.song\.\d+\.json$/;

/** 21,000 documents, a million and a half characters. */
export function songCiCorpus(): Promise<CorpusSource> {
  return packageCorpus({
    name: "song-ci",
    title: "The corpus of Song dynasty lyrics",
    install: "chinese-poetry@2.0.1",
    folder: "dist/songci",
    isText: (name) => FILE_NAME.test(name),
    documentsOf: async function* (path) {
      yield* lyricsOf(await platform.readText(path, "data"), path);
    },
  });
}

/** The documents of a file: a list of `{ paragraphs: string[] }`. Throws a DataError for anything else. */
export function lyricsOf(json: string, file: string): Document[] {
  let records: unknown;
  try {
    records = JSON.parse(json);
  } catch (cause) {
    throw new DataError(`${file} is not JSON.`, { file, hint: "Install the package again.", cause });
  }
  if (!Array.isArray(records)) throw unlikeLyrics(file, "");
  return records
    .map((record: { readonly paragraphs?: unknown } | null, index) => {
      const lines: unknown = record?.paragraphs;
      if (!Array.isArray(lines) || !lines.every((line) => typeof line === "string"))
        throw unlikeLyrics(file, `[${index}]`);
      return lines.map((line: string) => line.trim()).filter((line) => line !== "");
    })
    .filter((document) => document.length > 0);
}

function unlikeLyrics(file: string, field: string): DataError {
  return new DataError(`${file} does not hold lyrics.`, {
    file,
    field: `${field}.paragraphs`,
    expected: "a list of records with paragraphs, a list of strings",
    hint: "Install the package again.",
  });
}

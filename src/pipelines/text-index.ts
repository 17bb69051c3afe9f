/**
 * Texts that are found by their vectors: built through an encoder or from vectors that are there, searched exactly, saved
 * and opened again.
 *
 * A saved index is a folder: `index.json` says what it is, `vectors.safetensors` holds `vectors` [N, D] as float32, and
 * `texts.jsonl` the `id` and `text` of each row. Other programs read each of these as it is.
 */
import { platform } from "#platform";
import { openSafetensors, writeSafetensors } from "../checkpoints/index.ts";
import { loadExamples } from "../data/index.ts";
import { ConfigurationError, DataError } from "../errors.ts";
import { naming, parseJson } from "../platform/file-errors.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { ExactSearch } from "../tasks/exact-search.ts";
import { type PoolingMode, poolingModes } from "../tasks/pooling.ts";
import { type Similarity, similarities } from "../tasks/sentence-modules.ts";
import type { FeatureExtractionPipeline } from "./feature-extraction.ts";
import { checkCount } from "./pipeline-inputs.ts";

const [settingsFile, vectorsFile, textsFile] = ["index.json", "vectors.safetensors", "texts.jsonl"] as const;
/** Of the folder's layout. */
const version = 1;
/** Texts that are encoded together: enough that those of like length share batches. */
const textsAtATime = 1024;
/** Lines that are written together. */
const linesAtATime = 4096;

export interface TextIndexOptions {
  /** How vectors are compared; by their cosine when left out. */
  readonly similarity?: Similarity | undefined;
  /** The encoder's folder or id, for who opens the index; it is not loaded. */
  readonly model?: string | undefined;
  /** How the encoder's vectors of tokens become one; as its folder says, and the mean without its word, when left out. */
  readonly pooling?: readonly PoolingMode[] | undefined;
}
const optionNames = ["similarity", "model", "pooling"];

/** A text with the name that it is found by. */
export interface IndexedText {
  readonly id: string;
  readonly text: string;
}

/** A text that was found. */
export interface FoundText {
  id: string;
  text: string;
  /** The cosine, from −1 to 1, or the dot product. */
  score: number;
}

export class TextIndex {
  readonly model: string | undefined;
  readonly pooling: readonly PoolingMode[] | undefined;
  #search: ExactSearch;
  #entries: IndexedText[] = [];
  readonly #ids = new Set<string>();

  /** An empty index. */
  constructor(options: TextIndexOptions = {}) {
    refuseUnknownNames(options, optionNames, "the options of an index");
    const { similarity = "cosine", model, pooling } = options;
    if (!similarities.includes(similarity)) throw unknownSimilarity(similarity);
    this.#search = new ExactSearch(similarity);
    this.model = model;
    this.pooling = pooling;
  }

  get similarity(): Similarity {
    return this.#search.similarity;
  }

  /** How many texts there are. */
  get size(): number {
    return this.#entries.length;
  }

  /** Features of a vector; 0 while there is none. */
  get width(): number {
    return this.#search.width;
  }

  /** Adds a text with its vector. Throws a DataError for an id that is there already, or a vector of another width. */
  add({ id, text }: IndexedText, vector: ArrayLike<number>): void {
    this.#checkEntry({ id, text }, this.size + 1);
    this.#search.add(vector);
    this.#ids.add(id);
    this.#entries.push({ id, text });
  }

  /**
   * Adds texts through an encoder; its own `onBatch` tells how far the 1,024 under way are. Those without an id are called
   * by their number, from 1.
   */
  async addTexts(
    encoder: FeatureExtractionPipeline,
    texts: readonly (string | IndexedText)[],
    { batchSize }: { readonly batchSize?: number | undefined } = {},
  ): Promise<void> {
    const entries = texts.map((item, index) =>
      typeof item === "string" ? { id: String(this.size + index + 1), text: item } : item,
    );
    const ids = new Set<string>();
    // Before the long work.
    for (const [index, entry] of entries.entries()) {
      this.#checkEntry(entry, this.size + index + 1);
      if (ids.has(entry.id)) throw twice(entry.id);
      ids.add(entry.id);
    }
    for (let start = 0; start < entries.length; start += textsAtATime) {
      const some = entries.slice(start, start + textsAtATime);
      const vectors = await this.#encoded(
        encoder,
        some.map(({ text }) => text),
        batchSize,
      );
      for (const [index, entry] of some.entries()) this.add(entry, vectors[index] as Float32Array);
    }
  }

  #checkEntry({ id, text }: IndexedText, number: number): void {
    if (this.#ids.has(id)) throw twice(id);
    if (!/\S/.test(text) || !/\S/.test(id)) throw emptyText(number);
  }

  /** The `topK` texts nearest to a vector, the nearest first; of equal ones that which was added first. */
  search(vector: ArrayLike<number>, topK = 10): FoundText[] {
    checkCount("topK", topK);
    return this.#search.nearest(vector, topK).map(({ place, score }) => {
      return { ...(this.#entries[place] as IndexedText), score };
    });
  }

  /** The same for each of several texts, through the encoder that the index was built with. */
  async searchTexts(encoder: FeatureExtractionPipeline, texts: readonly string[], topK = 10): Promise<FoundText[][]> {
    return (await this.#encoded(encoder, texts)).map((vector) => this.search(vector, topK));
  }

  async #encoded(
    encoder: FeatureExtractionPipeline,
    texts: readonly string[],
    batchSize?: number,
  ): Promise<Float32Array[]> {
    const pooling = this.pooling ?? encoder.modules?.pooling ?? "mean";
    return (await encoder.each(texts, { pooling, batchSize })).map(({ data }) => data as Float32Array);
  }

  /**
   * Writes the index into a folder, which appears whole or not at all. With `overwrite` it takes the place of an index that
   * is there.
   *
   * @throws ConfigurationError for a folder that holds anything else, DataError for an empty index.
   */
  async save(folder: string, { overwrite = false }: { readonly overwrite?: boolean } = {}): Promise<void> {
    const path = platform.resolve(folder);
    if (this.size === 0) {
      throw new DataError("The index is empty, so there is nothing to save.", {
        file: path,
        expected: "at least one text",
        hint: "Add texts first.",
      });
    }
    await refuseForeignFolder(path, overwrite);
    const { size: count, width, similarity, model, pooling } = this;
    const settings = { format: "cloze-index", version, count, width, similarity, model, pooling };
    const vectors = { name: "vectors", shape: [count, width], data: this.#search.vectors };
    const write = async (aside: string): Promise<void> => {
      await writeSafetensors(platform.join(aside, vectorsFile), [vectors]);
      await platform.writeFileAtomically(platform.join(aside, textsFile), this.#lines());
      await platform.writeFileAtomically(platform.join(aside, settingsFile), `${JSON.stringify(settings, null, 2)}\n`);
    };
    await platform.writeFolderAtomically(path, write, { replace: overwrite });
  }

  *#lines(): Generator<Uint8Array> {
    const encoder = new TextEncoder();
    for (let start = 0; start < this.size; start += linesAtATime) {
      const lines = this.#entries.slice(start, start + linesAtATime).map((entry) => `${JSON.stringify(entry)}\n`);
      yield encoder.encode(lines.join(""));
    }
  }

  /**
   * Opens an index that was saved.
   *
   * @throws DataError and CheckpointError for a folder that is missing or broken, or whose files do not belong together.
   */
  static async load(folder: string): Promise<TextIndex> {
    const path = platform.resolve(folder);
    const file = platform.join(path, settingsFile);
    const { count, width, ...options } = checkedSettings(
      parseJson(await platform.readText(file, "data"), file, "data"),
      file,
    );
    const weights = await openSafetensors(platform.join(path, vectorsFile));
    const { dtype, shape } = weights.tensors.get("vectors") ?? {};
    if (dtype !== "F32" || shape?.join() !== `${count},${width}`) {
      throw mismatch(
        weights.file,
        "vectors",
        `F32 [${count}, ${width}], as ${settingsFile} says`,
        `${dtype} [${shape}]`,
      );
    }
    const texts = platform.join(path, textsFile);
    const { examples } = await loadExamples(texts, "retrieval-corpus");
    if (examples.length !== count) {
      throw mismatch(texts, "lines", `${count}, as ${settingsFile} says`, String(examples.length));
    }
    const index = new TextIndex(options);
    const vectors = await weights.readFloat32("vectors");
    index.#search = await naming(weights.file, async () => ExactSearch.over(vectors, width, index.similarity));
    index.#entries = examples.map(({ id, text }) => ({ id, text }));
    for (const { id } of index.#entries) {
      if (index.#ids.has(id)) throw twice(id, texts);
      index.#ids.add(id);
    }
    return index;
  }
}

interface Settings extends TextIndexOptions {
  readonly count: number;
  readonly width: number;
}

function checkedSettings(json: unknown, file: string): Settings {
  const values = Object(json) as Record<string, unknown>;
  const { format, count, width, similarity, model, pooling } = values;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) > 0;
  const wrong = (field: string, expected: string): DataError =>
    mismatch(file, field, expected, JSON.stringify(values[field]) ?? "nothing");
  if (format !== "cloze-index") throw wrong("format", '"cloze-index"');
  if (values.version !== version) throw wrong("version", String(version));
  if (!isCount(count)) throw wrong("count", "a positive integer");
  if (!isCount(width)) throw wrong("width", "a positive integer");
  const found = similarities.find((name) => name === similarity);
  if (found === undefined) throw wrong("similarity", similarities.join(" or "));
  if (model !== undefined && typeof model !== "string") throw wrong("model", "a text");
  const isPooling =
    Array.isArray(pooling) && pooling.length > 0 && pooling.every((mode) => poolingModes.includes(mode));
  if (pooling !== undefined && !isPooling) throw wrong("pooling", `a list of ${poolingModes.join(", ")}`);
  return { count, width, similarity: found, model, pooling: pooling as PoolingMode[] | undefined };
}

/** Throws a ConfigurationError unless there is nothing at the path, an empty folder, or an index that may be replaced. */
async function refuseForeignFolder(path: string, overwrite: boolean): Promise<void> {
  if ((await platform.stat(path, "data")) === undefined) return;
  const names = (await platform.list(path, "data")).map(({ name }) => name);
  if (names.length === 0 || (overwrite && names.includes(settingsFile))) {
    if (names.length === 0) await platform.remove(path);
    return;
  }
  throw new ConfigurationError(`${path} is not empty.`, {
    file: path,
    field: "overwrite",
    expected: overwrite ? "a new folder, or one that holds an index" : "a new folder, or overwrite to be set",
    hint: overwrite ? "Choose another folder." : "Choose another folder, or replace the index by setting overwrite.",
  });
}

function mismatch(file: string, field: string, expected: string, received: string): DataError {
  return new DataError(`${file}: ${field} has a wrong value, so this is no whole index.`, {
    ...{ file, field, expected, received },
    hint: "Build the index again, or copy the whole folder again.",
  });
}

function twice(id: string, file?: string): DataError {
  return new DataError(`Two texts are called ${id}.`, {
    file,
    field: "id",
    expected: "an id that no other text has",
    received: id,
    hint: "Give every text an id of its own.",
  });
}

function emptyText(number: number): DataError {
  return new DataError(`Text ${number} is empty, or has an empty id.`, {
    field: `text ${number}`,
    expected: "an id and a text that are not empty",
    received: "nothing but spaces",
    hint: "Leave such texts out.",
  });
}

function unknownSimilarity(similarity: unknown): ConfigurationError {
  return new ConfigurationError(`Vectors cannot be compared by ${similarity}.`, {
    field: "similarity",
    expected: similarities.join(" or "),
    received: String(similarity),
  });
}

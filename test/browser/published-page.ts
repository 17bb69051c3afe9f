/** The page's script: loads a published model's tokenizer and weights by their id. */
import { openCheckpoint, publishedFolder } from "../../src/checkpoints/index.ts";
import { AutoTokenizer } from "../../src/tokenizers/index.ts";

export interface LoadedModel {
  readonly ids: readonly number[];
  readonly modelType: string | undefined;
  readonly values: readonly number[];
}

/** What a typed error says; `kind` is its own text for any other. */
export interface Refusal {
  readonly kind: string;
  readonly file?: string;
  readonly field?: string;
}

export async function loadPublished(id: string, options: { readonly token?: string }): Promise<LoadedModel | Refusal> {
  try {
    const tokenizer = await AutoTokenizer.fromPretrained(id, options);
    const { modelType, weights } = await openCheckpoint(await publishedFolder(id, ["weights"], options));
    return {
      ids: tokenizer("ab b", { returnTensors: false }).inputIds,
      modelType,
      values: Array.from(await weights.readFloat32("second")),
    };
  } catch (error) {
    const { kind = String(error), file, field } = Object(error) as Partial<Refusal>;
    return { kind, ...(file && { file }), ...(field && { field }) };
  }
}

declare global {
  var loadPublishedInPage: typeof loadPublished | undefined;
}

globalThis.loadPublishedInPage = loadPublished;

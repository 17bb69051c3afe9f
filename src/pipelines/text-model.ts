/** What every pipeline stands on: a model and its tokenizer, which fit each other. */
import type { HubOptions, KeyMatch } from "../checkpoints/index.ts";
import { ConfigurationError } from "../errors.ts";
import { type AnyModel, type AutoClass, loadArchitecture, modelFolder } from "../models/index.ts";
import { AutoTokenizer, type EncodedTensors, type Tokenizer } from "../tokenizers/index.ts";

export interface PipelineOptions extends HubOptions {
  /** `cpu` in Node, `wasm` in browsers, when left out. */
  readonly device?: string | undefined;
  /** Threads of one run; all processors when left out. */
  readonly threads?: number | undefined;
  /** Is told what is odd about the model or a text; `console.warn` when left out. */
  readonly onWarning?: ((text: string) => void) | undefined;
  /** Is told after each batch how many rows of a call have gone through the model, and of how many. */
  readonly onBatch?: ((done: number, total: number) => void) | undefined;
}

/** The names of `PipelineOptions`. */
export const pipelineOptionNames = ["device", "threads", "onWarning", "onBatch"] as const;

/** Of int64. */
type IdRows = Pick<EncodedTensors["inputIds"], "type" | "dims" | "data">;

/** What a model of text reads, [B, T] each. */
export interface RowInputs {
  readonly inputIds: IdRows;
  readonly attentionMask?: IdRows;
  readonly tokenTypeIds?: IdRows;
}

/** A model, its tokenizer, and what both can take. */
export interface TextModel<M extends AnyModel> {
  readonly model: M;
  readonly tokenizer: Tokenizer;
  readonly folder: string;
  /** Tokens of the longest row. */
  readonly maximumLength: number;
  /** Rows that can go through the model together: one, where nobody knows which tokens are padding. */
  readonly maximumRows: number;
  readonly onWarning: (text: string) => void;
  readonly onBatch: (done: number, total: number) => void;
}

/** What a pipeline asks of a folder. */
interface Wanted<M extends AnyModel> {
  /** The pipeline's name, for messages. */
  readonly task: string;
  readonly auto: AutoClass<M>;
  /** Parts of the model that the pipeline does not read, by the beginning of their published names. */
  readonly unread?: readonly string[];
  readonly paddingSide?: "left" | "right";
}

/**
 * Loads a folder's tokenizer and the model that a task takes.
 *
 * @throws CheckpointError and TokenizerError for a folder that is missing or broken, ConfigurationError when it has no model
 *   for the task, or ids for which there are no embeddings.
 */
export async function loadTextModel<M extends AnyModel>(
  source: string,
  options: PipelineOptions,
  { task, auto, unread = [], paddingSide }: Wanted<M>,
): Promise<TextModel<M>> {
  const { onWarning = console.warn, onBatch = () => {}, ...modelOptions } = options;
  const folder = await modelFolder(source);
  const tokenizer = await AutoTokenizer.fromPretrained(folder, { paddingSide });
  const model = await auto.fromPretrained(folder, {
    ...modelOptions,
    onWarning: (text, match) => onWarningOf(text, match),
  });
  await checkVocabulary(model, tokenizer, folder);
  const { sizes } = await loadArchitecture(model.config.modelType);
  const { maximumLength } = sizes(model.config);
  return {
    model,
    tokenizer,
    folder,
    maximumLength: Math.min(maximumLength, tokenizer.modelMaxLength ?? maximumLength),
    maximumRows: preparePadding(model, tokenizer) ? Number.POSITIVE_INFINITY : 1,
    onWarning,
    onBatch,
  };

  /** Who asks for one task of a model with several heads knows that it has others; that it lacks this one is another matter. */
  function onWarningOf(text: string, match: KeyMatch | undefined): void {
    if (match === undefined) {
      onWarning(text);
      return;
    }
    const isRead = (name: string): boolean =>
      !unread.some((part) => name.startsWith(part) || name.includes(`.${part}`));
    const missing = match.missing.filter(isRead);
    if (missing.length === 0) return;
    const names =
      missing.length > 3 ? `${missing.slice(0, 3).join(", ")} and ${missing.length - 3} more` : missing.join(", ");
    onWarning(
      `${source} was not trained for ${task}: it lacks ${names}. They are drawn at random, so what comes out means nothing until the model is fine-tuned.`,
    );
  }
}

/** Throws a ConfigurationError when the tokenizer has ids for which the model has no embeddings. */
async function checkVocabulary(model: AnyModel, tokenizer: Tokenizer, folder: string): Promise<void> {
  const { vocabSize } = model.config as { vocabSize?: number };
  if (vocabSize === undefined || tokenizer.length <= vocabSize) return;
  throw new ConfigurationError(`The tokenizer of ${folder} has more tokens than its model.`, {
    file: folder,
    field: "vocab_size",
    expected: `at most ${vocabSize} tokens`,
    received: String(tokenizer.length),
    hint: "Put the tokenizer that the model was trained with into the folder.",
  });
}

/**
 * Gives the tokenizer a padding token if it has none, as those of GPT-2 and its kin. Padding is hidden from the model, so any
 * token will do, unless the model reads a row's last token and must be told which that is.
 *
 * @returns whether rows of different lengths can go through the model together.
 */
function preparePadding(model: AnyModel, tokenizer: Tokenizer): boolean {
  const rows = model.inputSpecs(new Set(["inputIds"])).inputIds?.shape[0];
  if (rows === 1) return false;
  if (tokenizer.padToken !== undefined) return true;
  const { padTokenId } = model.config as { padTokenId?: number | null };
  const own = padTokenId == null ? undefined : tokenizer.convertIdsToTokens(padTokenId);
  const padToken = own ?? tokenizer.eosToken ?? tokenizer.allSpecialTokens[0];
  if (padToken === undefined) return false;
  tokenizer.padToken = padToken;
  return true;
}

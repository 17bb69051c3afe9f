import { type HubOptions, hubOptionNames, isPlace, publishedFolder } from "../checkpoints/hub/index.ts";
import { refuseUnknownNames } from "../platform/option-names.ts";
import { withPrefixSpace } from "./prefix-space.ts";
import { folderReader, readPretrainedTokenizer } from "./pretrained-files.ts";
import { Tokenizer } from "./tokenizer.ts";
import type { CreateTensor } from "./tokenizer-tensor.ts";
import type { Side } from "./truncation.ts";
import type { ReadTokenizerFile } from "./vocabulary-files.ts";

/** Settings that overrule those of the tokenizer's files, and how a published tokenizer is downloaded. */
export interface FromPretrainedOptions extends HubOptions {
  /** Byte-level tokenizers: put a space before texts that begin without one. */
  addPrefixSpace?: boolean | undefined;
  /** For tokenizers without a padding token, such as GPT-2's. */
  padToken?: string | undefined;
  paddingSide?: Side | undefined;
  truncationSide?: Side | undefined;
  modelMaxLength?: number | undefined;
  /** Makes the tensors that calls return. */
  createTensor?: CreateTensor | undefined;
  /** Reads the files by name, for places that are no folder of this machine. */
  readFile?: ReadTokenizerFile | undefined;
}

const NAMES = [
  ...["addPrefixSpace", "padToken", "paddingSide", "truncationSide", "modelMaxLength", "createTensor", "readFile"],
  ...[...hubOptionNames, "onWarning"],
];

/** Loads any tokenizer; which kind it is, its files say. */
export const AutoTokenizer = {
  /**
   * Reads a folder with tokenizer.json, or vocab.txt, or vocab.json and merges.txt, and the settings beside them; or the
   * same of a published model by its id.
   *
   * @throws TokenizerError naming the file and field that is missing or wrong; ConfigurationError and ResourceError for a
   *   published model that cannot be downloaded.
   */
  async fromPretrained(source: string, options: FromPretrainedOptions = {}): Promise<Tokenizer> {
    refuseUnknownNames(options, NAMES, "the options of AutoTokenizer.fromPretrained");
    const folder = options.readFile === undefined ? await tokenizerFolder(source, options) : source;
    const parts = await readPretrainedTokenizer(folder, options.readFile ?? folderReader(folder));
    const { addPrefixSpace } = options;
    const pipeline = addPrefixSpace === undefined ? parts.pipeline : withPrefixSpace(parts.pipeline, addPrefixSpace);
    const config = {
      ...parts.config,
      paddingSide: options.paddingSide ?? parts.config.paddingSide,
      truncationSide: options.truncationSide ?? parts.config.truncationSide,
      modelMaxLength: options.modelMaxLength ?? parts.config.modelMaxLength,
      rest:
        addPrefixSpace === undefined ? parts.config.rest : { ...parts.config.rest, add_prefix_space: addPrefixSpace },
    };
    const tokenizer = new Tokenizer(pipeline, config, options.createTensor);
    if (options.padToken !== undefined) tokenizer.padToken = options.padToken;
    return tokenizer;
  },
};

/** A folder that does not exist is left to the reader, which says what it looked for. */
async function tokenizerFolder(source: string, options: HubOptions): Promise<string> {
  return isPlace(source) ? source : publishedFolder(source, ["tokenizer"], options);
}

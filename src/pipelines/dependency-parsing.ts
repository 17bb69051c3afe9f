/** Which word of a sentence hangs from which, and by what relation. */
import { treebankWords } from "../metrics/treebank-words.ts";
import { AutoModelForTokenClassification } from "../models/index.ts";
import { labelGroups, readParse } from "../tasks/dependency-labels.ts";
import { wordScores } from "../tasks/dependency-parsing.ts";
import { byWord, wordLogits, wordWindows } from "../tasks/word-windows.ts";
import type { Tokenizer } from "../tokenizers/index.ts";
import { type Told, told } from "./inner-states.ts";
import { type CallOptions, checkCallOptions, checkFilled, checkSeveral } from "./pipeline-inputs.ts";
import { readRows, rowOf, rowsOfEach, windowBatches } from "./text-batches.ts";
import { loadTextModel, type PipelineOptions } from "./text-model.ts";

/** Options of a call. */
export type DependencyParsingOptions = CallOptions;

/** A sentence, whose words are found as those of the Penn Treebank are, or the words themselves. */
export type ParsingInput = string | { readonly tokens: readonly string[] };

export interface ParsedWord {
  /** From 1. */
  index: number;
  word: string;
  /** The number of the word that it hangs from; 0 for the root. */
  head: number;
  relation: string;
  /** Where the model was trained on parts of speech. */
  partOfSpeech?: string;
  /** How likely the model takes head and relation to be, from 0 to 1. */
  score: number;
}

/** Gives the words of a sentence as a tree: one word at the root, no cycles. */
export interface DependencyParsingPipeline {
  <const O extends DependencyParsingOptions>(input: ParsingInput, options?: O): Promise<Told<O, ParsedWord[]>>;
  <const O extends DependencyParsingOptions>(
    inputs: readonly ParsingInput[],
    options?: O,
  ): Promise<Told<O, ParsedWord[]>[]>;
  readonly tokenizer: Tokenizer;
  /** Frees the engine's memory. */
  release(): Promise<void>;
}

export async function loadDependencyParsing(
  source: string,
  options: PipelineOptions,
): Promise<DependencyParsingPipeline> {
  const task = "dependency-parsing";
  const parts = await loadTextModel(source, options, { task, auto: AutoModelForTokenClassification });
  const { model, tokenizer, maximumLength } = parts;
  const classes = labelGroups(model.config);

  async function parse(given: ParsingInput | readonly ParsingInput[], callOptions: DependencyParsingOptions = {}) {
    checkCallOptions(callOptions, [], task);
    const { batchSize = 16 } = callOptions;
    const sentences = (Array.isArray(given) ? given : [given]).map(wordsOf);
    const windows = sentences.map((words, index) =>
      wordWindows(tokenizer, words, index, { sequenceLength: maximumLength }),
    );
    const all = windows.flat();
    const rows = await readRows(
      windowBatches(
        all.flatMap(({ rows }) => rows),
        parts,
        { batchSize },
      ),
      all.length,
      parts,
      callOptions,
      ({ logits }, row, { indices }) => {
        const window = all[indices[row] as number] as (typeof all)[number];
        const values = rowOf(logits, row);
        const [words = []] = wordLogits(values, [1, logits?.dims[1] ?? 0], [window]);
        return words.map((word) => wordScores(word, classes));
      },
    );
    const counts = windows.map(({ length }) => length);
    const results = rowsOfEach(rows, counts).map((own, index) => {
      const words = sentences[index] as readonly string[];
      const features = (windows[index] as typeof all).map((window) => ({ ...window, example: 0 }));
      const said = own.map(({ result }) => result);
      const parsed = readParse(byWord(features, said, [words.length])[0] ?? [], classes);
      return told({ result: parsedWords(words, parsed), states: own.flatMap(({ states }) => states) }, callOptions);
    });
    return Array.isArray(given) ? results : results[0];
  }
  return Object.assign(parse, { tokenizer, release: () => model.release() }) as DependencyParsingPipeline;
}

function wordsOf(input: unknown): readonly string[] {
  if (typeof input === "object" && input !== null && "tokens" in input) return checkSeveral(input.tokens, "tokens");
  return treebankWords(checkFilled(input, "text"));
}

function parsedWords(words: readonly string[], parse: ReturnType<typeof readParse>): ParsedWord[] {
  return words.map((word, at) => ({
    ...{ index: at + 1, word, head: parse.heads[at] as number, relation: parse.relations[at] as string },
    ...(parse.partsOfSpeech && { partOfSpeech: parse.partsOfSpeech[at] as string }),
    score: parse.scores[at] as number,
  }));
}

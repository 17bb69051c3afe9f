/** Rows whose tokens are labelled: tags, entities as stretches of text, dependencies. */
import * as z from "zod";
import {
  checkStretch,
  classLabel,
  complain,
  type ExampleFields,
  exampleFieldsOf,
  index,
  listOf,
  optionalClassLabel,
  text,
  wordLabels,
  words,
} from "./field-schemas.ts";
import { headCycle } from "./head-cycle.ts";

export interface TokenClassificationExample {
  readonly tokens: readonly string[];
  /** One a token. */
  readonly labels: readonly string[];
  /** The class of the whole, where intents and slots are learned jointly. */
  readonly intent?: string | undefined;
}

export const tokenClassification: ExampleFields<TokenClassificationExample> = exampleFieldsOf(
  z.object({ tokens: words, labels: wordLabels, intent: optionalClassLabel }),
  (schema) => schema.superRefine((row, context) => checkOneEach(context, "labels", row.labels, row.tokens)),
);

export interface SpanExtractionExample {
  readonly text: string;
  /** In JavaScript string indices, the end not included. */
  readonly entities: readonly { readonly start: number; readonly end: number; readonly label: string }[];
}

export const spanExtraction: ExampleFields<SpanExtractionExample> = exampleFieldsOf(
  z.object({
    text,
    entities: listOf(
      z.object({ start: index, end: index, label: classLabel }, { error: "an entity {start, end, label}" }),
      "a list of entities {start, end, label}",
    ),
  }),
  (schema) =>
    schema.superRefine((row, context) => {
      for (const [at, { start, end }] of row.entities.entries()) {
        checkStretch(context, `entities.${at}`, { text: row.text, start, end });
      }
    }),
);

export interface DependencyParsingExample {
  readonly tokens: readonly string[];
  /** For each token the number of its head, counted from 1; 0 is the root. */
  readonly heads: readonly number[];
  readonly relations: readonly string[];
  /** Universal part-of-speech tags. */
  readonly partsOfSpeech?: readonly string[] | undefined;
}

export const dependencyParsing: ExampleFields<DependencyParsingExample> = exampleFieldsOf(
  z.object({
    tokens: words,
    heads: listOf(index, "a list of heads, one a token"),
    relations: wordLabels,
    partsOfSpeech: wordLabels.optional(),
  }),
  (schema) =>
    schema.superRefine((row, context) => {
      checkOneEach(context, "heads", row.heads, row.tokens);
      checkOneEach(context, "relations", row.relations, row.tokens);
      if (row.partsOfSpeech !== undefined) checkOneEach(context, "partsOfSpeech", row.partsOfSpeech, row.tokens);
      if (row.heads.length === row.tokens.length) checkTree(context, row.heads);
    }),
);

/** Whether every token hangs from the root in the end. Of several roots, as some treebanks have them, nothing is said. */
function checkTree(context: z.RefinementCtx, heads: readonly number[]): void {
  const wrong = heads.findIndex((head, at) => head > heads.length || head === at + 1);
  if (wrong >= 0) {
    const expected = `0 for the root, or the number of another token up to ${heads.length}`;
    complain(context, `heads.${wrong}`, expected, String(heads[wrong]));
  } else if (!heads.includes(0)) {
    complain(context, "heads", "0 for one token at least, the root", "none");
  } else {
    const cycle = headCycle([0, ...heads]);
    if (cycle !== undefined) complain(context, "heads", "a tree, without cycles", [...cycle, cycle[0]].join(" → "));
  }
}

function checkOneEach(
  context: z.RefinementCtx,
  field: string,
  list: readonly unknown[],
  tokens: readonly unknown[],
): void {
  if (list.length === tokens.length) return;
  complain(context, field, `${tokens.length} of them, one a token`, String(list.length));
}

/** Rows of retrieval: queries with what answers them, and the texts that are searched. */
import * as z from "zod";
import { type ExampleFields, exampleFieldsOf, optionalListOf, text } from "./field-schemas.ts";

export interface RetrievalExample {
  readonly query: string;
  readonly positive: string;
  /** Texts that do not answer the query though they look as if they might. */
  readonly negatives?: readonly string[] | undefined;
}

export const retrieval: ExampleFields<RetrievalExample> = exampleFieldsOf(
  z.object({ query: text, positive: text, negatives: optionalListOf(text, "a list of texts") }),
);

export interface RetrievalCorpusExample {
  readonly id: string;
  readonly text: string;
}

export const retrievalCorpus: ExampleFields<RetrievalCorpusExample> = exampleFieldsOf(
  z.object({ id: z.preprocess((value) => (typeof value === "number" ? String(value) : value), text), text }),
);

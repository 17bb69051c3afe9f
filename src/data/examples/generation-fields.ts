/** Rows whose answer is text, or a choice of sentences: rewriting, summaries, language modelling, chat. */
import * as z from "zod";
import { complain, type ExampleFields, exampleFieldsOf, index, listOf, text } from "./field-schemas.ts";

/** Of `text2text`, `summarization`, `translation` and `spelling-correction`. */
export interface SourceTargetExample {
  readonly source: string;
  readonly target: string;
}

export const sourceTarget: ExampleFields<SourceTargetExample> = exampleFieldsOf(
  z.object({ source: text, target: text }),
);

export interface ExtractiveSummarizationExample {
  readonly sentences: readonly string[];
  /** 1 for a sentence of the summary. */
  readonly labels: readonly number[];
}

export const extractiveSummarization: ExampleFields<ExtractiveSummarizationExample> = exampleFieldsOf(
  z.object({
    sentences: listOf(text, "a list of at least one sentence", 1),
    labels: listOf(index.pipe(z.number().max(1, "0 or 1")), "a list of 0 and 1, one a sentence"),
  }),
  (schema) =>
    schema.superRefine(({ sentences, labels }, context) => {
      if (labels.length === sentences.length) return;
      complain(context, "labels", `${sentences.length} of them, one a sentence`, String(labels.length));
    }),
);

export interface LanguageModelingExample {
  readonly text: string;
}

export const languageModeling: ExampleFields<LanguageModelingExample> = exampleFieldsOf(z.object({ text }));

export interface ChatExample {
  readonly messages: readonly { readonly role: string; readonly content: string }[];
}

export const chat: ExampleFields<ChatExample> = exampleFieldsOf(
  z.object({
    messages: listOf(
      z.object({ role: text, content: z.string({ error: "a text" }) }, { error: "a message {role, content}" }),
      "a list of at least one message {role, content}",
      1,
    ),
  }),
);

export interface PreferenceExample {
  readonly prompt: string;
  readonly chosen: string;
  readonly rejected: string;
}

export const preference: ExampleFields<PreferenceExample> = exampleFieldsOf(
  z.object({ prompt: text, chosen: text, rejected: text }),
);

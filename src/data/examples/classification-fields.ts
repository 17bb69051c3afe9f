/** Rows of text classification and of relation extraction. */
import * as z from "zod";
import {
  checkStretch,
  classLabel,
  classLabels,
  type ExampleFields,
  exampleFieldsOf,
  number,
  optionalText,
  stretch,
  text,
} from "./field-schemas.ts";

export interface TextClassificationExample {
  readonly text: string;
  /** The second text of a pair. */
  readonly textPair?: string | undefined;
  /** A class's name (integers by their digits), several of them, or with `problemType: "regression"` a number. */
  readonly label: string | readonly string[] | number;
}

export const textClassification: ExampleFields<TextClassificationExample> = exampleFieldsOf(
  z.object({ text, textPair: optionalText, label: classLabels }),
);

/** The same with a score in place of the class. */
export const textRegression: ExampleFields<TextClassificationExample> = exampleFieldsOf(
  z.object({ text, textPair: optionalText, label: number }),
);

export interface RelationExtractionExample {
  readonly text: string;
  /** Where the two entities stand, in JavaScript string indices. */
  readonly head: readonly [start: number, end: number];
  readonly tail: readonly [start: number, end: number];
  readonly label: string;
}

export const relationExtraction: ExampleFields<RelationExtractionExample> = exampleFieldsOf(
  z.object({ text, head: stretch, tail: stretch, label: classLabel }),
  (schema) =>
    schema.superRefine((row, context) => {
      for (const field of ["head", "tail"] as const) {
        const [start, end] = row[field];
        checkStretch(context, field, { text: row.text, start, end });
      }
    }),
);

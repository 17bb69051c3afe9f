/** Rows that ask: questions about a text, several choices, blanks. */
import * as z from "zod";
import { BLANK } from "./blanks.ts";
import {
  complain,
  type ExampleFields,
  exampleFieldsOf,
  index,
  jsonCell,
  listOf,
  optionalListOf,
  optionalText,
  text,
} from "./field-schemas.ts";

export interface Answer {
  readonly text: string;
  /**
   * Where it stands in the context, in JavaScript string indices; −1 where the context does not hold these words: then
   * it counts in scoring only.
   */
  readonly start: number;
}

export interface QuestionAnsweringExample {
  readonly id?: string | undefined;
  readonly question: string;
  readonly context: string;
  /** None: the context does not answer the question. */
  readonly answers: readonly Answer[];
}

/** Both published ways to write answers, a list of objects and an object of lists, as a list of objects. */
function answerList(value: unknown): unknown {
  const answers = jsonCell(value);
  if (answers === undefined || answers === null || answers === "") return [];
  if (Array.isArray(answers)) return answers.map(namedStart);
  if (typeof answers !== "object") return answers;
  const { text: texts, start, answer_start: starts = start } = answers as Record<string, unknown>;
  if (!Array.isArray(texts) || !Array.isArray(starts) || texts.length !== starts.length) return answers;
  return texts.map((one, at) => ({ text: one, start: starts[at] }));
}

function namedStart(answer: unknown): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  const { text: words, start, answer_start: published } = answer as Record<string, unknown>;
  return { text: words, start: start ?? published };
}

/** Files are off by this much at most where their offsets were counted before the text was cleaned. */
const NEAR_CHARACTERS = 3;

/** Where the answer stands: as said, counted in code points as Python does, or right beside it. */
function located({ text: answer, start }: Answer, context: string): number | undefined {
  if (start === -1 || context.startsWith(answer, start)) return start;
  const inCodePoints = stringIndexOf(context, start);
  if (context.startsWith(answer, inCodePoints)) return inCodePoints;
  for (let distance = 1; distance <= NEAR_CHARACTERS; distance++) {
    for (const near of [inCodePoints - distance, inCodePoints + distance]) {
      if (near >= 0 && context.startsWith(answer, near)) return near;
    }
  }
  return undefined;
}

/** The string index of a code point's number. */
function stringIndexOf(whole: string, codePoint: number): number {
  let at = 0;
  for (let passed = 0; passed < codePoint && at < whole.length; passed++) {
    at += (whole.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
  return at;
}

const answer = z.object(
  { text, start: z.union([z.literal(-1), index], { error: "the string index where the answer begins" }) },
  { error: "an answer {text, start}" },
);

export const questionAnswering: ExampleFields<QuestionAnsweringExample> = exampleFieldsOf(
  z.object({
    id: z.preprocess((value) => (typeof value === "number" ? String(value) : value), optionalText),
    question: text,
    context: text,
    answers: z.preprocess(answerList, z.array(answer, { error: "a list of answers {text, start}" })),
  }),
  (schema) =>
    schema.transform((row, context) => ({
      ...row,
      answers: row.answers.map((one, at) => {
        const start = located(one, row.context);
        if (start !== undefined) return { text: one.text, start };
        const found = row.context.slice(one.start, one.start + one.text.length);
        complain(
          context,
          `answers.${at}`,
          `${JSON.stringify(one.text)} at character ${one.start} of the context`,
          found,
        );
        return one;
      }),
    })),
);

export interface MultipleChoiceExample {
  /** At least one of context and question is there. */
  readonly context?: string | undefined;
  readonly question?: string | undefined;
  readonly choices: readonly string[];
  /** The index of the right choice. */
  readonly label: number;
}

/** The index that a label means: a number, a letter, or the words of one choice. */
function choiceIndex(label: string | number, choices: readonly string[]): number {
  const named = choices.indexOf(String(label));
  if (typeof label === "number") return label;
  if (named >= 0) return named;
  if (/^\d+$/.test(label)) return Number(label);
  return /^[A-Z]$/.test(label) ? label.charCodeAt(0) - "A".charCodeAt(0) : -1;
}

export const multipleChoice: ExampleFields<MultipleChoiceExample> = exampleFieldsOf(
  z.object({
    context: optionalText,
    question: optionalText,
    choices: listOf(text, "a list of at least two choices", 2),
    label: z.union([z.string(), z.number().int()], { error: "the index of the right choice" }),
  }),
  (schema) =>
    schema.transform((row, context) => {
      if (row.context === undefined && row.question === undefined) {
        complain(context, "context", "a context, a question or both", "neither");
      }
      const label = choiceIndex(row.label, row.choices);
      if (label < 0 || label >= row.choices.length) {
        const expected = `an index from 0 to ${row.choices.length - 1}, its letter, or the words of one choice`;
        complain(context, "label", expected, String(row.label));
      }
      return { ...row, label };
    }),
);

export interface ClozeExample {
  /** With at least one blank, see `BLANK`. */
  readonly text: string;
  /** One for each blank. */
  readonly answer: readonly string[];
  /** What to choose among; anything when absent. */
  readonly choices?: readonly string[] | undefined;
}

export const cloze: ExampleFields<ClozeExample> = exampleFieldsOf(
  z.object({
    text,
    answer: z.preprocess(
      (value) => (typeof value === "string" && !value.startsWith("[") ? [value] : value),
      listOf(text, "the word of the blank, or a list of words, one a blank"),
    ),
    choices: optionalListOf(text, "a list of choices"),
  }),
  (schema) =>
    schema.superRefine((row, context) => {
      const blanks = row.text.match(BLANK)?.length ?? 0;
      if (blanks === 0) complain(context, "text", "a text with a blank: [MASK], <mask> or ___", row.text.slice(0, 60));
      else if (blanks !== row.answer.length) {
        complain(context, "answer", `${blanks} of them, one a blank`, String(row.answer.length));
      }
      const strange = row.answer.find((one) => row.choices !== undefined && !row.choices.includes(one));
      if (strange !== undefined) complain(context, "answer", "one of the choices", strange);
    }),
);

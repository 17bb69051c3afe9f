/** The shapes of recorded references. They are files from outside: what does not fit is refused before it is compared. */
import * as z from "zod";
import { DataError } from "../errors.ts";

const numbers = z.array(z.number());
const ids = z.array(z.number().int());
const rowsOfIds = z.array(ids);
const texts = z.array(z.string());
const settings = z.record(z.string(), z.unknown());
const array = z.looseObject({ shape: ids, data: numbers });
const encoding = z.record(z.string(), z.unknown());
const textOrTexts = z.union([z.string(), texts]);
const decoded = z.record(z.string(), z.string()).optional();
const callOptions = z.record(z.string(), z.union([z.number().int(), z.string(), z.boolean(), z.null()]));

export const referenceShapes = {
  generation: z.looseObject({
    kwargs: settings,
    input_ids: rowsOfIds,
    attention_mask: rowsOfIds.optional(),
    position_ids: rowsOfIds.optional(),
    encoder_hidden_states: z.array(z.array(numbers)).optional(),
    encoder_attention_mask: rowsOfIds.optional(),
    output_ids: rowsOfIds,
    sequences_scores: numbers.optional(),
  }),
  processor: z.looseObject({
    output: z.string(),
    processor: z.string().optional(),
    arguments: z
      .looseObject({
        bad_words_ids: rowsOfIds.optional(),
        sequence_bias: z.array(z.tuple([ids, z.number()])).optional(),
      })
      .optional(),
    chain: texts.optional(),
    input_ids: z.string(),
    logits: z.string(),
  }),
  tokenizerCase: z.looseObject({
    id: z.number(),
    text: textOrTexts,
    pair: textOrTexts.nullish(),
    options: callOptions,
    overflowing: z.array(encoding).optional(),
    decoded,
    error: z.string().optional(),
  }),
  xlmCase: z.looseObject({
    id: z.number(),
    text: z.string(),
    pair: z.string().optional(),
    lang: z.string(),
    words: texts.optional(),
    decoded,
  }),
  tokenizerBatch: z.looseObject({
    inputs: z.array(z.tuple([z.string(), z.string().nullable()])),
    options: callOptions,
    encodings: z.array(encoding),
  }),
  plainEncoding: z.looseObject({ text: z.string(), ids, tokens: texts, offsets: z.array(z.unknown()) }),
  optimizers: z.looseObject({
    parameters: z.record(z.string(), array),
    gradients: z.array(z.record(z.string(), array)),
    cases: z.array(
      z.looseObject({
        name: z.string(),
        optimizer: z.string(),
        settings,
        second_group: settings.nullable(),
        lr_factors: numbers.nullable(),
        values: z.array(z.record(z.string(), numbers)),
        state_after: z.record(z.string(), z.record(z.string(), z.union([array, z.number()]))),
      }),
    ),
  }),
  schedules: z.array(z.looseObject({ name: z.string(), settings, base_lr: z.number().nullable(), lr: numbers })),
  clipping: z.array(
    z.looseObject({
      name: z.string(),
      max_norm: z.number().optional(),
      norm_type: z.union([z.number(), z.literal("inf")]).optional(),
      norm: z.number().optional(),
      clip_value: z.number().optional(),
      gradients: z.array(array).optional(),
      clipped: z.array(array).optional(),
      decay: z.number().optional(),
      starts: z.string().optional(),
      values: z.array(numbers).optional(),
      average: z.array(numbers).optional(),
    }),
  ),
} as const;

/** The value as it is, when it has the shape. Throws a DataError that names the file and the place in it. */
export function requireShape<T>(kind: keyof typeof referenceShapes, value: unknown, file: string, place = ""): T {
  const result = referenceShapes[kind].safeParse(value);
  if (result.success) return value as T;
  const [issue] = result.error.issues;
  const path = (issue?.path ?? []).map(String);
  throw new DataError(`${file} is no sound reference: ${issue?.message}.`, {
    file,
    field: [place, ...path].filter((part) => part !== "").join("."),
    expected: issue?.message,
    hint: "Make the reference again, or copy it again.",
  });
}

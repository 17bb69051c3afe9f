/** The flags of `cloze run text-generation`: how a text is continued. */
import { ConfigurationError } from "../errors.ts";
import type { TextGenerationOptions } from "../pipelines/index.ts";
import {
  flagName,
  optionalNumber,
  optionalWholeNumber,
  severalTexts,
  toggle,
  under,
  type ValuesOf,
  wholeNumber,
} from "./options.ts";

const length = under("text-generation, how much", {
  maxNewTokens: optionalWholeNumber("Tokens to add", "as the model's folder says, or 20"),
  minNewTokens: optionalWholeNumber("Tokens before a text may end", "0", { minimum: 0 }),
  minLength: optionalWholeNumber("The same with the prompt counted", "0", { minimum: 0 }),
  numReturnSequences: optionalWholeNumber("Texts for each prompt, with --do-sample or --num-beams", "1"),
  newTextOnly: toggle("Leave the prompt out"),
});

const said = under("text-generation, what is said", {
  repetitionPenalty: optionalNumber("Above 1 what was said is less likely", "1", { minimum: 1e-6 }),
  noRepeatNgramSize: optionalWholeNumber("Never say so many tokens in a row twice", "0, they may come again", {
    minimum: 0,
  }),
  badWords: severalTexts("TEXT", "Never say this"),
  forceWords: severalTexts("TEXT", "Say this somewhere; with --num-beams"),
});

const drawing = under("text-generation, drawing tokens in place of taking the likeliest", {
  doSample: toggle("Draw"),
  temperature: optionalNumber("Above 1 drawing is bolder, below 1 safer", "1", { minimum: 1e-6 }),
  topP: optionalNumber("Draw from the tokens that make up this share", "1", { minimum: 1e-6, maximum: 1 }),
  minP: optionalNumber("Draw from tokens of at least this share of the likeliest one's probability", "0", {
    minimum: 0,
    maximum: 1,
  }),
  typicalP: optionalNumber("Draw from the tokens closest to the expected surprise that make up this share", "1", {
    minimum: 1e-6,
    maximum: 1,
  }),
  seed: wholeNumber("Of what is drawn", 0, { minimum: 0 }),
});

const searching = under("text-generation, searching", {
  numBeams: optionalWholeNumber("Beam search: continuations that are followed at a time", "1"),
  lengthPenalty: optionalNumber("Above 0 long texts are preferred, below 0 short ones; with --num-beams", "1", {
    minimum: -100,
  }),
  earlyStopping: toggle("Stop when --num-beams texts have ended, better ones or not"),
  numBeamGroups: optionalWholeNumber("Diverse beam search: groups that are kept from saying the same", "1"),
  diversityPenalty: optionalNumber("How much a group is kept from it; with --num-beam-groups", "0", { minimum: 0 }),
  penaltyAlpha: optionalNumber(
    "Contrastive search: how much likeness to what was said counts, beside probability; with --top-k, such as 4",
    "0",
    { minimum: 0, maximum: 1 },
  ),
});

export const generationOptions = { ...length, ...said, ...drawing, ...searching };

type GenerationValues = Omit<ValuesOf<typeof generationOptions>, "seed"> & {
  readonly topK: number | undefined;
  readonly batchSize: number | undefined;
};

/** Of which other flag, with which value, a flag is the effect. */
const needs: readonly (readonly [
  names: readonly string[],
  other: string,
  isMet: (values: GenerationValues) => boolean,
])[] = [
  [["topK"], "--do-sample or --penalty-alpha", ({ doSample, penaltyAlpha }) => doSample || (penaltyAlpha ?? 0) > 0],
  [[...Object.keys(drawing), "seed"], "--do-sample", ({ doSample }) => doSample],
  [
    ["lengthPenalty", "earlyStopping", "numBeamGroups", "forceWords"],
    "--num-beams of at least 2",
    ({ numBeams }) => (numBeams ?? 1) > 1,
  ],
  [["diversityPenalty"], "--num-beam-groups of at least 2", ({ numBeamGroups }) => (numBeamGroups ?? 1) > 1],
];

/** What the pipeline is to be called with. Throws a ConfigurationError for a flag that would be without effect. */
export function textGenerationOptions(values: GenerationValues, given: ReadonlySet<string>): TextGenerationOptions {
  for (const [names, other, isMet] of needs) {
    const idle = names.find((name) => given.has(name));
    if (idle === undefined || isMet(values)) continue;
    throw new ConfigurationError(`--${flagName(idle)} has no effect without ${other}.`, {
      field: `--${flagName(idle)}`,
      expected: `${other} beside it`,
      hint: `Add ${other}, or leave it out.`,
    });
  }
  const names = [...Object.keys(generationOptions).filter((name) => name !== "seed"), "topK", "batchSize"] as const;
  const options = names
    .filter((name) => given.has(name) && name !== "newTextOnly")
    .map((name) => [name, values[name as keyof GenerationValues]] as const);
  return { ...Object.fromEntries(options), returnFullText: !values.newTextOnly };
}

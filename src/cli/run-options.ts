/** The flags of `cloze run`; which pipeline each is for stands in its text and in `pipeline-runners.ts`. */
import { engineOptions } from "./engine-options.ts";
import {
  optionalNumber,
  optionalText,
  optionalWholeNumber,
  requiredText,
  severalTexts,
  toggle,
  wholeNumber,
} from "./options.ts";
import { profileOption } from "./profile.ts";
import { textInputOptions } from "./text-inputs.ts";

export const runOptions = {
  model: requiredText("DIR", "A model folder"),
  ...textInputOptions,
  pair: severalTexts("TEXT", "next-sentence-prediction: the second text, one for all or one for each input"),
  output: optionalText("FILE", "Write the results to a file", "standard output"),
  topK: optionalWholeNumber(
    "fill-mask: answers for each mask; text-generation: draw from so many tokens, 0 for all",
    "5; 50 when drawing",
    { minimum: 0 },
  ),
  targets: severalTexts("TOKEN", "fill-mask: consider only this token", "all tokens"),
  maxNewTokens: optionalWholeNumber("text-generation: tokens to add", "as the model's folder says, or 20"),
  doSample: toggle("text-generation: draw tokens, in place of the likeliest one"),
  temperature: optionalNumber("text-generation: above 1 drawing is bolder, below 1 safer", "1", { minimum: 1e-6 }),
  topP: optionalNumber("text-generation: draw from the tokens that make up this share", "1", {
    minimum: 1e-6,
    maximum: 1,
  }),
  numBeams: optionalWholeNumber("text-generation: continuations that are followed at a time", "1"),
  numReturnSequences: optionalWholeNumber("text-generation: texts for each prompt", "1"),
  repetitionPenalty: optionalNumber("text-generation: above 1 what was said is less likely", "1", { minimum: 1e-6 }),
  seed: wholeNumber("text-generation: of what is drawn", 0, { minimum: 0 }),
  newTextOnly: toggle("text-generation: leave the prompt out"),
  batchSize: optionalWholeNumber("Texts that go through the model together", "16; 8 for text-generation"),
  profile: profileOption("Show where the time goes", "./profile.json"),
  ...engineOptions,
};

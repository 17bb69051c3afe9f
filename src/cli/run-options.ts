/** The flags of `cloze run`; which pipeline each is for stands in its text and in `pipeline-runners.ts`. */
import { engineOptions } from "./engine-options.ts";
import { generationOptions } from "./generation-options.ts";
import { optionalText, optionalWholeNumber, requiredModel, severalTexts } from "./options.ts";
import { profileOption } from "./profile.ts";
import { textInputOptions } from "./text-inputs.ts";

export const runOptions = {
  model: requiredModel("A model folder"),
  ...textInputOptions,
  pair: severalTexts("TEXT", "next-sentence-prediction: the second text, one for all or one for each input"),
  output: optionalText("FILE", "Write the results to a file", "standard output"),
  topK: optionalWholeNumber(
    "fill-mask: answers for each mask; text-generation: with --do-sample draw from so many tokens, 0 for all",
    "5; 50 when drawing",
    { minimum: 0 },
  ),
  targets: severalTexts("TOKEN", "fill-mask: consider only this token", "all tokens"),
  batchSize: optionalWholeNumber("Texts that go through the model together", "16; 8 for text-generation"),
  profile: profileOption("Show where the time goes", "./profile.json"),
  ...engineOptions,
  ...generationOptions,
};

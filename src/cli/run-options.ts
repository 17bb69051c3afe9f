/** The flags of `cloze run`; which pipeline takes which stands in `runners/`. */
import { aggregationStrategies, poolingModes, scoreFunctions } from "../pipelines/index.ts";
import { engineOptions } from "./engine-options.ts";
import { generationOptions } from "./generation-options.ts";
import {
  optionalChoice,
  optionalList,
  optionalText,
  optionalWholeNumber,
  requiredModel,
  severalTexts,
  toggle,
  under,
} from "./options.ts";
import { profileOption } from "./profile.ts";
import { textInputOptions } from "./text-inputs.ts";

const besideInputs = under("What goes with the inputs: one for all of them, or one for each", {
  pair: severalTexts("TEXT", "next-sentence-prediction, text-classification: the second text"),
  context: severalTexts("TEXT", "question-answering: where the answer is looked for; multiple-choice: same as --input"),
  question: severalTexts("TEXT", "question-answering: same as --input; multiple-choice: stands before each choice"),
  choice: severalTexts("TEXT", "multiple-choice, cloze: one of the choices, which are for all inputs"),
  candidateLabel: severalTexts(
    "LABEL",
    "zero-shot-classification: a class, or several with commas between them; for all inputs",
  ),
  sourceSentence: severalTexts("TEXT", "sentence-similarity: same as --input"),
  sentence: severalTexts("TEXT", "sentence-similarity: what is compared with all inputs"),
  query: severalTexts("TEXT", "text-ranking: same as --input"),
  document: severalTexts("TEXT", "text-ranking: one of the texts that are ranked, which are for all inputs"),
});

const ofVectors = under("feature-extraction, sentence-similarity", {
  pooling: optionalChoice(
    "MODE",
    `How the vectors of the tokens become one: ${poolingModes.join(", ")}; none`,
    ["none", ...poolingModes],
    "as the model's folder says",
  ),
  normalize: optionalChoice(
    "WHETHER",
    "feature-extraction: give every vector the length 1: yes, no",
    ["yes", "no"],
    "as the model's folder says",
  ),
  layers: optionalList("N,N…", "feature-extraction: layers whose outputs stand side by side, -1 the last", "the last"),
});

const ofClasses = under("text-classification, zero-shot-classification", {
  functionToApply: optionalChoice(
    "FUNCTION",
    `text-classification: how outputs become scores: ${scoreFunctions.join(", ")}`,
    scoreFunctions,
    "as the model's folder says",
  ),
  hypothesisTemplate: optionalText(
    "TEXT",
    "zero-shot-classification: the sentence for a class, with {} in its place",
    "This example is {}.",
  ),
  multiLabel: toggle("zero-shot-classification: judge each class for itself, so that several can hold"),
});

const ofTokens = under("token-classification", {
  aggregationStrategy: optionalChoice(
    "STRATEGY",
    `How tokens are put together: ${aggregationStrategies.join(", ")}`,
    aggregationStrategies,
    "none",
  ),
  ignoreLabels: severalTexts("LABEL", 'Leave out tokens with this label; "" for none', "O"),
  stride: optionalWholeNumber(
    "Read long texts in windows that share so many tokens, with any strategy but none",
    "long texts are cut",
    { minimum: 0 },
  ),
});

const ofIntents = under("token-classification, of models that were trained on intents and slots", {
  intent: toggle("Tell what the whole text wants, too"),
});

const ofAnswers = under("question-answering", {
  maxAnswerLen: optionalWholeNumber("Most tokens of an answer", "15"),
  maxSeqLen: optionalWholeNumber("Most tokens of a window of the context, question included", "384, or what fits"),
  docStride: optionalWholeNumber("Tokens that windows share", "half a window, at most 128", { minimum: 0 }),
  handleImpossibleAnswer: toggle("The answer can be that there is none"),
});

export const runOptions = {
  model: requiredModel("A model folder"),
  ...textInputOptions,
  file: optionalText(
    "FILE",
    "Take each line of a file as a text; of one that ends with .jsonl as an object with the fields that the library takes; - is standard input",
  ),
  output: optionalText(
    "FILE",
    "Write the results to a file; one that ends with .jsonl is JSON Lines, one with .npy holds vectors for NumPy",
    "standard output",
  ),
  topK: optionalWholeNumber(
    "fill-mask: answers for each mask; text-classification: classes, 0 for all; question-answering: answers; text-ranking: documents; text-generation: with --do-sample draw from so many tokens, 0 for all",
    "5; 1; 1; all; 50 when drawing",
    { minimum: 0 },
  ),
  targets: severalTexts("TOKEN", "fill-mask: consider only this token", "all tokens"),
  outputAttentions: toggle("In JSON Lines: each line is { result, states } with every layer's attention"),
  outputHiddenStates: toggle("In JSON Lines: each line is { result, states } with every layer's output"),
  batchSize: optionalWholeNumber("Texts that go through the model together", "16; 8 for text-generation"),
  profile: profileOption("Show where the time goes", "./profile.json"),
  ...engineOptions,
  ...besideInputs,
  ...ofVectors,
  ...ofClasses,
  ...ofTokens,
  ...ofIntents,
  ...ofAnswers,
  ...generationOptions,
};

/** How `cloze run` calls each pipeline. */
import type { PipelineTask } from "../../pipelines/index.ts";
import { cloze } from "./cloze.ts";
import { dependencyParsing } from "./dependency-parsing.ts";
import { extractiveSummarization } from "./extractive-summarization.ts";
import { featureExtraction } from "./feature-extraction.ts";
import { fillMask } from "./fill-mask.ts";
import { multipleChoice } from "./multiple-choice.ts";
import { nextSentencePrediction } from "./next-sentence-prediction.ts";
import { questionAnswering } from "./question-answering.ts";
import { relationExtraction } from "./relation-extraction.ts";
import type { PipelineRunner } from "./runner.ts";
import { sentenceSimilarity } from "./sentence-similarity.ts";
import { spanExtraction } from "./span-extraction.ts";
import { spellingCorrection } from "./spelling-correction.ts";
import { textClassification } from "./text-classification.ts";
import { textGeneration } from "./text-generation.ts";
import { textRanking } from "./text-ranking.ts";
import { tokenClassification } from "./token-classification.ts";
import { zeroShotClassification } from "./zero-shot-classification.ts";

export const pipelineRunners: Readonly<Record<PipelineTask, PipelineRunner>> = {
  cloze,
  "dependency-parsing": dependencyParsing,
  "extractive-summarization": extractiveSummarization,
  "feature-extraction": featureExtraction,
  "fill-mask": fillMask,
  "multiple-choice": multipleChoice,
  "next-sentence-prediction": nextSentencePrediction,
  "question-answering": questionAnswering,
  "relation-extraction": relationExtraction,
  "sentence-similarity": sentenceSimilarity,
  "span-extraction": spanExtraction,
  "spelling-correction": spellingCorrection,
  "text-classification": textClassification,
  "text-generation": textGeneration,
  "text-ranking": textRanking,
  "token-classification": tokenClassification,
  "zero-shot-classification": zeroShotClassification,
};

/** Everything that a run needs before its first step: text as tokens, a model, an objective. */
import { openCorpus } from "../data/index.ts";
import type { AnyModel } from "../models/index.ts";
import { loadObjective, type Objective } from "../objectives/index.ts";
import type { Random } from "../random.ts";
import { Evaluator, type Metrics } from "./evaluation.ts";
import { freezeParameters } from "./frozen-parameters.ts";
import { checkObjectiveSettings, objectiveOptions, withPublishedMasking } from "./objective-settings.ts";
import type { PretrainSettings } from "./pretrain-settings.ts";
import { countTokens, prepareTokenizer, specialTokensOf, tokenizeAndSplit } from "./pretraining-corpus.ts";
import { defaultSequenceLength, type PretrainingModel, planModel } from "./pretraining-model.ts";
import type { PretrainHooks, PretrainRun } from "./pretraining-types.ts";
import { rowLength } from "./row-length.ts";

export interface PreparationContext {
  /** The checkpoint of a run that goes on: its tokenizer is taken. */
  readonly resumedFrom: string | undefined;
  /** For the tokens of corpora that are too large for memory. */
  readonly cacheFolder: string | undefined;
  readonly random: Random;
  readonly hooks: PretrainHooks;
}

/** Reads the corpus, loads or trains the tokenizer, loads or makes the model. */
export async function preparePretraining(
  settings: PretrainSettings,
  { resumedFrom, cacheFolder, random, hooks }: PreparationContext,
): Promise<PretrainRun & PretrainingModel> {
  const plan = await planModel(settings, resumedFrom);
  const masked = withPublishedMasking(settings, plan.masking, plan.objectiveName);
  checkObjectiveSettings(settings, masked, plan.objectiveName);
  const report = hooks.onStage ?? (() => undefined);
  const kind = { kind: plan.tokenizerKind, vocabSize: settings.vocabSize, use: plan.tokenizerUse };
  const source = await openCorpus(settings.corpus, { onWarning: hooks.onWarning });
  const tokenizer = await prepareTokenizer(source, plan.tokenizerFolder, kind, report);
  const tokens = specialTokensOf(tokenizer);
  const options = objectiveOptions(masked, tokenizer, plan.layers);
  const objective = (await loadObjective(plan.objectiveName, tokens, options)) as Objective<AnyModel>;
  const corpus = await tokenizeAndSplit(source, tokenizer, settings.holdOutEvery, objective.corpus, {
    cacheFolder,
    report,
  });
  const prepared = await plan.build(tokens, () => countTokens(corpus.training), random.fork("model"));
  freezeParameters(prepared.model, settings);
  const { maximumLength } = prepared;
  const sequenceLength = rowLength(settings, maximumLength, Math.min(maximumLength, defaultSequenceLength));
  if (plan.tokenizerFolder === null) tokenizer.config.modelMaxLength = prepared.maximumLength;
  const evaluator = new Evaluator(prepared.model, objective);
  const { heldOut } = corpus;
  const evaluate = async (options = {}): Promise<Metrics> =>
    heldOut === undefined ? {} : evaluator.evaluate(heldOut, { sequenceLength, ...options });
  return { settings: masked, tokenizer, ...corpus, ...prepared, objective, sequenceLength, evaluate };
}

/** Pretraining from text to a model folder: what `cloze pretrain` and the demo do, as one call. */
import { OutputFolder } from "./output-folder.ts";
import { type PretrainSettings, resolvePretrainSettings } from "./pretrain-settings.ts";
import { PretrainingRun } from "./pretraining-run.ts";
import type { PretrainHooks, PretrainOptions, PretrainResult } from "./pretraining-types.ts";

/**
 * Trains a model on text. With `output` it leaves a model folder that can be resumed; without, the model in the result
 * is all there is. Throws typed errors; a run that diverges keeps its last checkpoint.
 */
export async function pretrain(
  values: Partial<PretrainSettings>,
  options: PretrainOptions = {},
  hooks: PretrainHooks = {},
): Promise<PretrainResult> {
  const settings = resolvePretrainSettings(values);
  const output = settings.output === null ? undefined : await OutputFolder.open(settings.output, options);
  try {
    return await new PretrainingRun(settings, output, hooks).run(options.resume ?? false);
  } finally {
    await output?.close();
  }
}

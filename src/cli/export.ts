/** `cloze export`: a model folder for transformers.js. */
import { platform } from "#platform";
import {
  defaultMaxDrift,
  type ExportedFile,
  type ExportReport,
  exportModel,
  exportTasks,
  exportTypes,
} from "../export/index.ts";
import { defineCommand } from "./command.ts";
import { refuseFullFolder } from "./new-folder.ts";
import {
  optionalChoice,
  optionalNumber,
  optionalWholeNumber,
  requiredModel,
  requiredText,
  severalChoices,
  toggle,
} from "./options.ts";
import { type Colors, harmless } from "./output.ts";
import { bytesText, columnsText } from "./quantities.ts";

export const exportCommand = defineCommand({
  options: {
    model: requiredModel("The folder of a BERT, DistilBERT, RoBERTa, ALBERT or GPT-2"),
    output: requiredText("DIR", "The folder to make"),
    task: optionalChoice(
      "TASK",
      `What for: ${exportTasks.join(", ")}`,
      exportTasks,
      "what the folder's config.json was saved for",
    ),
    dtype: severalChoices("KINDS", "Files to write, separated by commas", exportTypes),
    maxDrift: optionalNumber(
      "Share of the largest value by which the 8-bit file's outputs may differ from the model's own",
      String(defaultMaxDrift),
      { minimum: 0 },
    ),
    overwrite: toggle("Replace what is in the folder"),
    threads: optionalWholeNumber("Threads of the comparison", "all processors"),
  },
  examples: [
    "cloze export --model ./my-bert --output ./my-bert-web",
    "cloze export --model ./my-bert --output ./small --dtype q8",
    "cloze export --model ./my-bert --task feature-extraction --output ./vectors",
  ],
  async run({ values }, { output, progress }) {
    const { model, output: folder, dtype: types, ...rest } = values;
    await refuseFullFolder(platform.resolve(folder), values.overwrite);
    const report = await exportModel(model, folder, {
      ...rest,
      types,
      onWarning: (text) => output.warn(text),
      onProgress: (stage) => progress.report({ stage, done: 0, total: undefined, unit: "" }),
    });
    progress.finish();
    for (const name of report.leftOut) output.warn(`${name} is left out: ${model} has no weights for it.`);
    if (!report.hasTokenizer) output.warn(`${model} has no tokenizer; transformers.js will want one in ${folder}.`);
    await output.result({ model, output: folder, ...jsonOf(report) }, () =>
      textOf(model, folder, report, output.colors),
    );
  },
});

function jsonOf({ className, inputs, outputs, files, ...rest }: ExportReport): object {
  const ports = (list: ExportReport["inputs"]) =>
    list.map(({ name, shape }) => ({ name, dims: shape.map(jsonDimension) }));
  return {
    class: className,
    ...rest,
    inputs: ports(inputs),
    outputs: ports(outputs),
    files: files.map(({ drift, type, ...file }) => ({ ...file, dtype: type, ...drift })),
  };
}

function jsonDimension(dimension: ExportReport["inputs"][number]["shape"][number]): number | string {
  return typeof dimension === "number" ? dimension : String(dimension);
}

function textOf(model: string, folder: string, report: ExportReport, colors: Colors): string {
  const { className, inputs, outputs, files, task } = report;
  const title = (text: string): string => `\n${colors.bold(text)}\n`;
  const head = ["file", "size", "drift", "at most", "cosine"];
  const ports = [
    ...oneOfEachLayer(inputs).map((port) => ["in", ...port]),
    ...oneOfEachLayer(outputs).map((port) => ["out", ...port]),
  ];
  return [
    `${colors.bold(harmless(folder))}: ${className} of ${harmless(model)}, for ${task}\n`,
    title("Files"),
    columnsText([head, ...files.map(fileRow)], "  "),
    "  drift: largest difference from the model's own outputs, as a share of the largest value\n",
    title("Graph"),
    columnsText(ports, "  "),
    title("Try, in transformers.js"),
    ...tryLines(report, folder).map((line) => `  ${line}\n`),
  ].join("");
}

/** Names with shapes; keys and values of all layers are told once. */
function oneOfEachLayer(ports: ExportReport["inputs"]): string[][] {
  const last = Math.max(...ports.map(({ name }) => Number(/\.(\d+)\./.exec(name)?.[1] ?? 0)));
  return ports
    .filter(({ name }) => !/\.[1-9]\d*\./.test(name))
    .map(({ name, shape }) => [name.replace(".0.", `.0–${last}.`), `[${shape.join(", ")}]`]);
}

function fileRow({ file, bytes, drift, allowedDrift }: ExportedFile): string[] {
  return [file, bytesText(bytes), share(drift.maxRelative), share(allowedDrift), drift.minCosine.toFixed(5)];
}

function share(value: number): string {
  return value === 0 ? "0" : value < 1e-3 ? value.toExponential(0) : value.toPrecision(2);
}

function tryLines({ task, files }: ExportReport, folder: string): string[] {
  const dtype = files.some(({ type }) => type === "q8") ? "q8" : "fp32";
  const path = platform.resolve(folder);
  const [parent, name] = [platform.folderName(path), platform.baseName(path)].map((text) => JSON.stringify(text));
  const isPipeline = task !== "multiple-choice" && task !== "next-sentence-prediction";
  const made = isPipeline
    ? `const run = await pipeline("${task}", ${name}, { dtype: "${dtype}" });`
    : `const model = await AutoModel.from_pretrained(${name}, { dtype: "${dtype}" });`;
  return [
    `import { env, ${isPipeline ? "pipeline" : "AutoModel"} } from "@huggingface/transformers";`,
    `env.localModelPath = ${parent};`,
    made,
  ];
}

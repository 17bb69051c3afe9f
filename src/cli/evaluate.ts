/** `cloze evaluate`: a model's figures, on a text for an objective or on labelled examples for a task. */
import { ConfigurationError } from "../errors.ts";
import { taskNames } from "../tasks/index.ts";
import {
  evaluateModel,
  evaluateTask,
  evaluationObjectives,
  exampleFileFields,
  type TaskModelEvaluation,
} from "../training/index.ts";
import { type CommandRequest, defineCommand } from "./command.ts";
import { engineOptions } from "./engine-options.ts";
import { evaluationText, intervalsText } from "./evaluation-text.ts";
import { exampleFileFlags } from "./finetune-options.ts";
import { metricsText } from "./metrics-text.ts";
import {
  chosen,
  flagName,
  optionalText,
  optionalWholeNumber,
  requiredModel,
  requiredText,
  wholeNumber,
} from "./options.ts";
import { givenSettings, settingOptions } from "./setting-options.ts";

const exampleFileOptions = settingOptions(exampleFileFields, exampleFileFlags);

const options = {
  model: requiredModel("A model folder"),
  data: requiredText("FILE", "Of a task: labelled examples. Of an objective: a text file, a folder, brown or song-ci"),
  sequenceLength: optionalWholeNumber("Tokens of a row", "what the model takes, 512 at most"),
  stride: optionalWholeNumber("Of tasks: read long texts in windows that share so many tokens", "none, texts are cut"),
  corpus: optionalText("FILE", "retrieval, and ranking after a --retriever: further texts to search, with id and text"),
  retriever: optionalText(
    "DIR",
    "text-ranking: rank what this bi-encoder finds for each query",
    "rank the negatives of the examples, or nine other texts of the file",
  ),
  topK: optionalWholeNumber("text-ranking: how many texts the --retriever finds for each query", "10"),
  ...exampleFileOptions,
  history: optionalWholeNumber(
    "causal-language-modeling: tokens before it that a prediction may read",
    "all of the row",
  ),
  bootstrap: {
    ...optionalWholeNumber("Of tasks: 95% intervals of the figures, from N resamples of the examples", "none"),
    isValueOptional: true,
    // The flag alone is the text "true".
    read: (text: string, name: string) => (text === "true" ? 1000 : wholeNumber("", 1000).read(text, name)),
  },
  seed: wholeNumber("Of --bootstrap", 0, { minimum: 0 }),
  ...engineOptions,
};

const names = [...taskNames, ...evaluationObjectives];

const isTask = (name: string): name is (typeof taskNames)[number] => (taskNames as readonly string[]).includes(name);

export const evaluate = defineCommand({
  arguments: [{ name: "<task>", about: names.join(", ") }],
  options,
  examples: [
    "cloze evaluate text-classification --model ./my-classifier --data test.tsv",
    "cloze evaluate retrieval --model ./my-retriever --data questions.jsonl --corpus passages.jsonl",
    "cloze evaluate text-classification --model ./my-classifier --data test.tsv --bootstrap",
    "cloze evaluate text-ranking --model ./my-reranker --data questions.jsonl --retriever ./my-retriever --top-k 20",
    "cloze evaluate masked-language-modeling --model ./my-bert --data held-out.txt",
    "cloze evaluate masked-language-modeling+sentence-order-prediction --model ./my-albert --data held-out.txt",
    "cloze evaluate causal-language-modeling --model ./my-gpt2 --data held-out.txt --json",
  ],
  async run(request, { output, progress }) {
    const given = request.arguments[0] ?? "";
    const name = given.includes("+") ? given : chosen(given, names, "task");
    refuseForeignOptions(name, request);
    const { model, data, stride, corpus, retriever, topK, history, sequenceLength, device, threads } = request.values;
    const common = {
      ...{ sequenceLength, device, threads },
      report: (stage: Parameters<typeof progress.report>[0]) => progress.report(stage),
      onWarning: (text: string) => output.warn(text),
    };
    if (isTask(name)) {
      const files = givenSettings(exampleFileOptions, request.values);
      const { bootstrap: resamples, seed } = request.values;
      const bootstrap = resamples === undefined ? undefined : { resamples, seed };
      const evaluation = await evaluateTask(name, model, data, {
        ...{ ...common, ...files, stride, corpus },
        ...{ retriever, topK, bootstrap },
      });
      progress.finish();
      await output.result(evaluation, () => taskText(evaluation));
      return;
    }
    const evaluation = await evaluateModel(name, model, data, { ...common, history });
    progress.finish();
    await output.result(evaluation, () => `${metricsText(evaluation.metrics)}; ${evaluation.examples} documents\n`);
  },
});

function taskText(evaluation: TaskModelEvaluation): string {
  const { examples, metrics, bootstrap } = evaluation;
  const intervals = bootstrap === undefined ? "" : `\n${intervalsText(metrics, bootstrap, examples)}`;
  return `${examples} examples: ${evaluationText(evaluation)}${intervals}`;
}

/** Options of tasks would be without effect on objectives, and the other way round. */
function refuseForeignOptions(name: string, { given }: CommandRequest<typeof options>): void {
  const ofTasks = ["stride", "bootstrap", "seed", ...Object.keys(exampleFileOptions)];
  const ofRanking = name === "retrieval" ? ["retriever", "topK"] : ["corpus", "retriever", "topK"];
  const isRanked = name === "text-ranking" && given.has("retriever");
  const foreign = [...(isTask(name) ? ["history"] : ofTasks), ...(isRanked ? [] : ofRanking)].find((option) =>
    given.has(option),
  );
  if (foreign === undefined) return;
  const lacksRetriever = name === "text-ranking" && ofRanking.includes(foreign);
  throw new ConfigurationError(`--${flagName(foreign)} has no effect on ${name}${lacksRetriever ? " alone" : ""}.`, {
    field: `--${flagName(foreign)}`,
    hint: lacksRetriever ? "Add --retriever, or leave it out." : "Leave it out.",
  });
}

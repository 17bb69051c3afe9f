/**
 * λ of GPT's fine-tuning, 0.5 against 0: a small GPT that Cloze pretrains, what it reaches on tasks, and how much of the
 * language it forgets on the way:
 *
 *     npx tsx --conditions=@cloze/source scripts/language-modeling-weight.ts --data ../shared/data --folder weights \
 *       [--seeds 0,1] [--threads 1] [--minutes 5]
 *
 * Perplexity is that of held-out text of the Brown corpus, on which it was pretrained, and of the task's held-out texts. All
 * runs have equal steps and are judged at their end. Writes the table of docs/results.md. What is done is kept in --folder: after --minutes it ends with status 3, and the same command
 * goes on.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { meanOf } from "../src/metrics/index.ts";
import { evaluateModel, type Metrics } from "../src/training/index.ts";
import { brownParts, englishTask } from "./brown-models.ts";
import { runsOfCommandLine, writeTable } from "./kept-runs.ts";
import { meanPercent } from "./percent.ts";

const { runs, data, seeds } = runsOfCommandLine();
const epochs = 2;

await runs.finish(async () => {
  const { training, heldOut } = await brownParts(runs);
  const model = await runs.pretrained("gpt", {
    architecture: "openai-gpt",
    preset: "tiny",
    corpus: training,
    vocabSize: 4096,
    sequenceLength: 64,
    batchSize: 32,
    steps: 2000,
    learningRate: 1e-3,
    holdOutEvery: 0,
    checkpointEvery: 0,
    seed: 1,
  });
  const perplexity = async (folder: string, file: string): Promise<number> => {
    const options = { sequenceLength: 64, threads: runs.threads, onWarning: () => undefined };
    const { metrics } = await evaluateModel("causal-language-modeling", folder, file, options);
    return metrics.perplexity ?? Number.NaN;
  };
  const rows: string[][] = [];
  for (const name of ["sst2", "trec"]) {
    const { title, metric, settings } = await englishTask(runs, data, name);
    const texts = runs.path(`${name}.held-out.txt`);
    const examples = readFileSync(settings.validation ?? "", "utf8")
      .trim()
      .split("\n");
    writeFileSync(texts, examples.map((line) => JSON.parse(line).text).join("\n\n"));
    const perplexities = async (folder: string) => ({
      brown: await perplexity(folder, heldOut),
      texts: await perplexity(folder, texts),
    });
    const before = await runs.figures(`${name} before`, () => perplexities(model));
    rows.push([title, "before", "", ...[before.brown, before.texts].map((value) => (value ?? Number.NaN).toFixed(0))]);
    for (const languageModelingWeight of [0, 0.5]) {
      const run = { ...settings, model, epochs, languageModelingWeight, evaluateEvery: 0, checkpointEvery: 0 };
      const all: Metrics[] = [];
      for (const seed of seeds) {
        const key = `${name} ${languageModelingWeight} ${seed}`;
        all.push(await runs.finetuned(key, { ...run, seed }, perplexities));
      }
      const figures = (figure: string): number[] => all.map((metrics) => metrics[figure] ?? Number.NaN);
      const after = ["brown", "texts"].map((figure) => meanOf(figures(figure)).toFixed(0));
      rows.push([title, String(languageModelingWeight), meanPercent(figures(metric)), ...after]);
    }
  }
  writeTable("language-modeling-weight", ["", "λ", "score", "perplexity: Brown", "the task's texts"], rows);
});

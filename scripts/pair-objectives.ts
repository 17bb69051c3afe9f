/**
 * Whether a question about pairs of segments helps tasks on pairs: masked language modeling alone, with next-sentence and
 * with sentence order prediction, in equal steps of equal size, and what the three models then reach:
 *
 *     npx tsx --conditions=@cloze/source scripts/pair-objectives.ts --data ../shared/data --folder brown \
 *       [--only MLM,NSP] [--seeds 0,1] [--threads 1] [--minutes 5]
 *
 * Writes the table of docs/results.md. What is done is kept in --folder: after --minutes it ends with status 3, and the same
 * command goes on. With the folder of `mask-shares.ts` the first model is that of 80/10/10.
 */
import { brownBert, englishTask, writeShape } from "./brown-models.ts";
import { runsOfCommandLine, writeTable } from "./kept-runs.ts";
import { meanPercent, percent } from "./percent.ts";

const { runs, data, seeds, only = ["MLM", "NSP", "SOP"] } = runsOfCommandLine();
const masked = "masked-language-modeling";
const all = { MLM: "", NSP: "+next-sentence-prediction", SOP: "+sentence-order-prediction" };
const objectives = Object.fromEntries(Object.entries(all).filter(([name]) => only.includes(name)));

await runs.finish(async () => {
  const config = writeShape(runs);
  const models: string[] = [];
  const pairs: string[] = [];
  for (const further of Object.values(objectives)) {
    const objective = `${masked}${further}`;
    models.push(await runs.pretrained(objective, { ...brownBert, config, objective }));
    const { pairAccuracy } = runs.known(`pretrain ${objective}`);
    pairs.push(percent(pairAccuracy));
  }
  const rows: string[][] = [["held-out pairs, right", ...pairs]];
  for (const name of ["mrpc", "rte", "sick"]) {
    const { title, metric, settings } = await englishTask(runs, data, name);
    const cells: string[] = [];
    for (const [at, model] of models.entries()) {
      const scores: number[] = [];
      for (const seed of seeds) {
        const run = { ...settings, model, seed, epochs: 4, sequenceLength: 96 };
        const figures = await runs.finetuned(`${name} ${Object.keys(objectives)[at]} ${seed}`, run);
        scores.push(figures[metric] ?? Number.NaN);
      }
      cells.push(meanPercent(scores));
    }
    rows.push([title, ...cells]);
  }
  const names = Object.keys(objectives).map((name) => (name === "MLM" ? name : `MLM + ${name}`));
  writeTable("pair-objectives", ["", ...names], rows);
});

/**
 * BERT's 80/10/10 against hiding every selected token behind [MASK]: two small models pretrained on the same batches, then
 * fine-tuned, and used as they are with a new head alone:
 *
 *     npx tsx --conditions=@cloze/source scripts/mask-shares.ts --data ../shared/data --folder brown \
 *       [--seeds 0,1] [--threads 1] [--minutes 5]
 *
 * Writes the table of docs/results.md. What is done is kept in --folder: after --minutes it ends with status 3, and the same
 * command goes on.
 */
import { brownBert, englishTask, writeShape } from "./brown-models.ts";
import { runsOfCommandLine, writeTable } from "./kept-runs.ts";
import { meanPercent, percent } from "./percent.ts";

const { runs, data, seeds } = runsOfCommandLine();

/** A new head has far to go alone. */
const uses = {
  "fine-tuned": { epochs: 4 },
  "as it is": { epochs: 8, frozen: true, learningRate: 3e-3 },
} as const;

await runs.finish(async () => {
  const config = writeShape(runs);
  const objective = "masked-language-modeling";
  const ways = {
    "80/10/10": await runs.pretrained(objective, { ...brownBert, config, objective }),
    "all [MASK]": await runs.pretrained("all-masks", {
      ...{ ...brownBert, config, objective },
      ...{ maskTokenShare: 1, randomTokenShare: 0 },
    }),
  };
  const heldOut = [objective, "all-masks"].map((name) => percent(runs.known(`pretrain ${name}`).maskedAccuracy));
  const rows: string[][] = [["held-out words behind [MASK], right", "", ...heldOut]];
  for (const name of ["sst2", "trec", "wikiann"]) {
    const { title, metric, settings } = await englishTask(runs, data, name);
    for (const [use, recipe] of Object.entries(uses)) {
      const cells: string[] = [];
      for (const [way, model] of Object.entries(ways)) {
        const scores: number[] = [];
        for (const seed of seeds) {
          const figures = await runs.finetuned(`${name} ${use} ${way} ${seed}`, {
            ...settings,
            ...recipe,
            model,
            seed,
          });
          scores.push(figures[metric] ?? Number.NaN);
        }
        cells.push(meanPercent(scores));
      }
      rows.push([title, use, ...cells]);
    }
  }
  writeTable("mask-shares", ["", "encoder", ...Object.keys(ways)], rows);
});

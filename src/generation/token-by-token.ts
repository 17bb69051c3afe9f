/** Decoding one token at a time: the best one, or one that is drawn. */
import type { Random } from "../random.ts";
import type { GenerationOptions, GenerationPlan } from "./generation-settings.ts";
import { largest, softmax } from "./logits-processors/index.ts";
import { logitsOfRow, type NextTokenModel, type Prompts } from "./next-token-model.ts";

/** Continues every prompt `plan.returned` times. Rows that have ended are no longer computed. */
export async function decodeTokenByToken(
  model: NextTokenModel,
  prompts: Prompts,
  plan: GenerationPlan,
  options: GenerationOptions & { readonly random: Random },
): Promise<number[][]> {
  const { endTokens, returned, processors } = plan;
  const rows = prompts.ids.flatMap((ids) => Array.from({ length: returned }, () => [...ids]));
  const streams = rows.map((_, row) => options.random.fork("generation", row));
  let logits = await model.begin(prompts);
  /** Where the rows that go on stand in `logits`. */
  let places = rows.map((_, row) => Math.floor(row / returned));
  let open = [...rows.keys()];
  while (open.length > 0) {
    const going: number[] = [];
    const parents: number[] = [];
    for (const [at, row] of open.entries()) {
      const ids = rows[row] as number[];
      const place = places[at] as number;
      const read = logitsOfRow(logits, place);
      const scores = places.lastIndexOf(place) === at ? read : read.slice();
      processors(scores, { ids, padding: prompts.padding[Math.floor(row / returned)] ?? 0 });
      const token = plan.doSample ? draw(scores, streams[row] as Random) : (largest(scores, 1)[0] ?? 0);
      ids.push(token);
      options.onToken?.(token, row);
      if (endTokens.includes(token) || ids.length >= plan.maximumLength) continue;
      going.push(row);
      parents.push(place);
    }
    if (going.length === 0 || options.signal?.aborted) break;
    logits = await model.step(
      going.map((row) => (rows[row] as number[]).at(-1) as number),
      parents,
    );
    open = going;
    places = [...going.keys()];
  }
  return rows;
}

/** A token by its probability. */
function draw(scores: Float32Array, random: Random): number {
  const probabilities = softmax(scores);
  let left = random.uniform();
  let last = 0;
  for (const [token, probability] of probabilities.entries()) {
    if (!(probability > 0)) continue;
    left -= probability;
    last = token;
    if (left < 0) break;
  }
  return last;
}

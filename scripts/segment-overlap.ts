/** What can be told of two segments by counting the rare tokens that they share: a measure for models that read them. */
import { CorpusBatches, type TokenizedCorpus } from "../src/data/index.ts";
import { Random } from "../src/random.ts";
import type { PretrainRun } from "../src/training/index.ts";
import { countTokens } from "../src/training/pretraining-corpus.ts";

/** Ranges of the measure that are told apart. */
const bins = 20;
/** A token this rare (in nats) and rarer counts. */
const commonNats = 5;

interface Pair {
  /** Summed rareness of the shared tokens, in nats beyond `commonNats`, over the square root of the pair's size. */
  readonly overlap: number;
  readonly label: number;
}

/**
 * In each range of overlap the class that is most frequent there in the training text, judged on the held-out one.
 * `shares[truth][taken]` are shares of the truth's class.
 */
export async function confusionByOverlap(
  { objective, training, heldOut }: PretrainRun,
  sequenceLength: number,
): Promise<{ accuracy: number; shares: number[][] }> {
  const counts = await countTokens(training);
  const total = training.counts.tokens;
  const rareness = counts.map((count) => Math.max(0, Math.log(total / (count + 1)) - commonNats));
  const packing = objective.packing({ sequenceLength });
  const pairsOf = (corpus: TokenizedCorpus): Promise<Pair[]> => {
    const batches = new CorpusBatches({ corpus, packing, batchSize: 32, random: new Random(1) });
    return overlaps(batches, rareness);
  };
  const learned = await pairsOf(training);
  const sorted = learned.map(({ overlap }) => overlap).sort((a, b) => a - b);
  const edges = Array.from({ length: bins - 1 }, (_, k) => sorted[Math.floor(((k + 1) * sorted.length) / bins)] ?? 0);
  const binOf = (overlap: number): number => edges.filter((edge) => overlap > edge).length;
  const frequencies = Array.from({ length: bins }, () => [0, 0, 0]);
  for (const { overlap, label } of learned) (frequencies[binOf(overlap)] as number[])[label]! += 1;
  const confusion = Array.from({ length: 3 }, () => [0, 0, 0]);
  const judged = await pairsOf(heldOut as TokenizedCorpus);
  for (const { overlap, label } of judged) {
    const found = frequencies[binOf(overlap)] as number[];
    (confusion[label] as number[])[found.indexOf(Math.max(...found))]! += 1;
  }
  const right = confusion.reduce((sum, row, label) => sum + (row[label] ?? 0), 0);
  const shares = confusion.map((row) => row.map((count) => count / row.reduce((sum, each) => sum + each, 0)));
  return { accuracy: right / judged.length, shares };
}

/** Four epochs of pairs. */
async function overlaps(batches: CorpusBatches, rareness: Float64Array): Promise<Pair[]> {
  const pairs: Pair[] = [];
  for (let epoch = 0; epoch < 4; epoch++) {
    for await (const { batchSize, sequenceLength, inputIds, attentionMask, tokenTypeIds, pairLabels } of batches.pass(
      epoch,
    )) {
      for (let row = 0; row < batchSize; row++) {
        const segments = [new Set<number>(), new Set<number>()];
        for (let at = row * sequenceLength; at < (row + 1) * sequenceLength; at++) {
          if (attentionMask?.[at] === 1) segments[tokenTypeIds?.[at] ?? 0]?.add(inputIds[at] as number);
        }
        const [a = new Set(), b = new Set()] = segments;
        const shared = [...a].filter((id) => b.has(id)).reduce((sum, id) => sum + (rareness[id] ?? 0), 0);
        pairs.push({ overlap: shared / Math.sqrt(a.size + b.size), label: pairLabels?.[row] ?? 0 });
      }
    }
  }
  return pairs;
}

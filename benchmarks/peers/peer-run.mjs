/** What the scripts of the peers share: the shape of the small GPT, its tokens, and what they tell the benchmark. */
export function shapeOf([text, steps]) {
  const { config, batchSize, sequenceLength } = JSON.parse(text);
  return {
    vocabulary: config.vocab_size,
    width: config.n_embd,
    layers: config.n_layer,
    heads: config.n_head,
    batch: batchSize,
    length: sequenceLength,
    steps: Number(steps),
  };
}

const { vocabulary, batch, length } = shapeOf(process.argv.slice(2));
const idAt = (index) => (index * 7919 + 13) % vocabulary;

/** As in token-ids.ts. */
export const tokens = Array.from({ length: batch * length }, (_, index) => idAt(index));
export const nextTokens = tokens.map((_, index) => idAt(index + 1));

export function reportFirst() {
  process.stdout.write(`${JSON.stringify({ event: "first" })}\n`);
}

export function reportDone(value) {
  const { user, system } = process.cpuUsage();
  const peakMiB = Math.round(process.resourceUsage().maxRSS / 1024);
  const done = { event: "done", value, userMs: user / 1000, systemMs: system / 1000, peakMiB };
  process.stdout.write(`${JSON.stringify(done)}\n`);
}

/**
 * Teaches a model what people want of a music player, and the words that matter for it, both at once:
 *
 *     npx tsx examples/understand-requests.ts MODEL FOLDER "put on some jazz"
 *
 * MODEL is any encoder, such as the one that examples/find-passages.ts names; FOLDER is where the result goes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "cloze";
import { finetune } from "cloze/training";

const [model, folder, ...requests] = process.argv.slice(2);
if (model === undefined || folder === undefined || requests.length === 0) {
  console.error('usage: npx tsx examples/understand-requests.ts MODEL FOLDER "A request"…');
  process.exit(2);
}
mkdirSync(folder, { recursive: true });

const slots: Readonly<Record<string, readonly string[]>> = {
  genre: ["jazz", "rock", "folk", "techno", "soul", "opera"],
  artist: ["Nina Simone", "Bach", "the Beatles", "Miles Davis", "Bob Dylan"],
  time: ["tonight", "at seven", "tomorrow morning", "at noon"],
};
const phrases: readonly (readonly [intent: string, phrase: string])[] = [
  ["play", "play some {genre}"],
  ["play", "i want to hear {artist}"],
  ["play", "put on {genre} by {artist}"],
  ["wake", "wake me {time} with {genre}"],
  ["wake", "set an alarm {time}"],
  ["stop", "please stop the music"],
  ["stop", "no more {genre} now"],
];
const examples = Array.from({ length: 280 }, (_, index) => {
  const [intent, phrase] = phrases[index % phrases.length] as (typeof phrases)[number];
  const words = phrase.split(" ").flatMap((word): [word: string, label: string][] => {
    const slot = /^\{(\w+)\}$/.exec(word)?.[1];
    if (slot === undefined) return [[word, "O"]];
    const values = slots[slot] ?? [];
    const chosen = values[Math.floor(index / phrases.length) % values.length] ?? "";
    return chosen.split(" ").map((part, at) => [part, `${at === 0 ? "B" : "I"}-${slot}`]);
  });
  return { tokens: words.map(([word]) => word), labels: words.map(([, label]) => label), intent };
});
const train = join(folder, "requests.jsonl");
writeFileSync(train, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
const output = join(folder, "model");
const settings = { task: "token-classification" as const, model, train, output, epochs: 6, sequenceLength: 32 };
const { evaluation } = await finetune(settings, { overwrite: true });
console.log("on held-out requests:", evaluation?.metrics);

const understand = await pipeline("token-classification", output);
for (const request of requests) {
  const { intent, entities } = await understand(request, { intent: true, aggregationStrategy: "first" });
  const filled = entities.map(({ entityGroup, start, end }) => `${entityGroup}: ${request.slice(start, end)}`);
  console.log(`${request}\n  ${intent.label} ${intent.score.toFixed(2)}  ${filled.join(", ")}`);
}
await understand.release();

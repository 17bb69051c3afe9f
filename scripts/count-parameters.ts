/**
 * Counts the parameters of every preset of every architecture, tied ones once:
 *
 *     npx tsx --conditions=@cloze/source scripts/count-parameters.ts
 *
 * The base class is counted, without the heads; of BERT with the pooler. No value is drawn, so this is instant.
 */
import { classFor, loadArchitecture, modelTypes } from "../src/models/index.ts";

for (const modelType of modelTypes) {
  const architecture = await loadArchitecture(modelType);
  const ModelClass = classFor(architecture, "base");
  for (const [preset, settings] of Object.entries(architecture.presets)) {
    const model = new ModelClass(architecture.configuration.create(settings));
    const parameters = new Set([...model.namedParameters()].map(([, parameter]) => parameter));
    const total = [...parameters].reduce((sum, { size }) => sum + size, 0);
    console.log(`${modelType} ${preset}`.padEnd(16) + total.toLocaleString("en-US").padStart(14));
  }
}

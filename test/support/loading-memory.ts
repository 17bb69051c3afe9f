/** Loads a model folder, calls it and prints by how much the process grew at most, as JSON. Arguments: the folder. */
import { AutoConfig, AutoModel } from "../../src/models/index.ts";

/** The peak of resident memory in MiB. */
const peakMebibytes = (): number => process.resourceUsage().maxRSS / 1024;

const [folder = ""] = process.argv.slice(2);
// The engine and the code are there before anything is loaded.
const sizes = { hiddenSize: 64, numHiddenLayers: 1, numAttentionHeads: 1, intermediateSize: 64, vocabSize: 50 };
await (await AutoModel.fromConfig(await AutoConfig.forModel("bert", sizes)))({ inputIds: [[1, 2]] });
const before = peakMebibytes();
const model = await AutoModel.fromPretrained(folder, { threads: 1 });
const loaded = peakMebibytes();
const length = 16;
const inputIds = [Array.from({ length }, (_, index) => index)];
await model({ inputIds });
const { compiledBytes } = await model.memory();
const called = peakMebibytes();
const parameters = model.store.parameters.reduce((total, { size }) => total + size, 0);
const mebibytes = (bytes: number): number => bytes / 2 ** 20;
process.stdout.write(
  JSON.stringify({
    valuesMiB: mebibytes(4 * parameters),
    loadingMiB: loaded - before,
    callingMiB: called - before,
    packedMiB: mebibytes(compiledBytes ?? 0),
  }),
);
process.exit(0);

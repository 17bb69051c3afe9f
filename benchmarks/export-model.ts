/** Exports the encoder of a case's model for transformers.js. Arguments: the model's folder, the folder to make. */
import { exportModel } from "../src/export/index.ts";

const [folder = "", output = ""] = process.argv.slice(2);
await exportModel(folder, output, { task: "feature-extraction", types: ["fp32"] });
process.exit(0);

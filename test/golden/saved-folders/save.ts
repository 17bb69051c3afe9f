/**
 * Saves every reference folder again, with what our own model computes beside it, for `check.py` to open in Python.
 *
 *     node --conditions=@cloze/source --import tsx test/golden/saved-folders/save.ts REFERENCES OUTPUT
 *
 * REFERENCES is a folder of reference folders, such as test/golden/models. Each is loaded by the class that it names,
 * given other tokens for half of its vocabulary or none (`resized`), and saved in float32, float16 and bfloat16.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findClass } from "../../../src/models/index.ts";
import {
  camelCase,
  namesUnder,
  readModelReference,
  referenceInput,
} from "../../../src/verification/model-reference.ts";

const [references = "", output = ""] = process.argv.slice(2);
const types = ["float32", "float16", "bfloat16"] as const;

for (const name of readdirSync(references)) {
  const folder = join(references, name);
  let className: string;
  try {
    className = JSON.parse(readFileSync(join(folder, "reference.json"), "utf8")).class;
  } catch {
    continue;
  }
  const found = await findClass(className);
  if (found === undefined) continue;
  const modelClass = found.modelClass as unknown as {
    fromPretrained(
      folder: string,
      options: object,
    ): Promise<{
      (inputs: object): Promise<Record<string, { dims: number[]; data: Float32Array } | undefined>>;
      config: { vocabSize: number };
      resizeTokenEmbeddings(count: number): void;
      savePretrained(folder: string, options: object): Promise<void>;
    }>;
  };
  const reference = await readModelReference(folder);
  const inputs: Record<string, unknown> = {};
  for (const input of namesUnder(reference, "input.")) {
    // A cache is not handed over as tensors in Python.
    if (!input.includes(".")) inputs[camelCase(input)] = await referenceInput(reference, `input.${input}`);
  }
  const hasCache = namesUnder(reference, "input.").some((input) => input.includes("."));
  if (hasCache) delete inputs.attentionMask;
  for (const variant of [...types, "resized"] as const) {
    const target = join(output, `${name}-${variant}`);
    const loaded = await modelClass.fromPretrained(folder, { threads: 1, onWarning: () => {} });
    if (variant === "resized") loaded.resizeTokenEmbeddings(loaded.config.vocabSize + 5);
    await loaded.savePretrained(target, { dtype: variant === "resized" ? "float32" : variant });
    const saved = await modelClass.fromPretrained(target, { threads: 1, strict: true });
    await saved.savePretrained(join(target, "again"), { dtype: variant === "resized" ? "float32" : variant });
    for (const file of ["config.json", "model.safetensors"]) {
      const isSame = readFileSync(join(target, file)).equals(readFileSync(join(target, "again", file)));
      if (!isSame) throw new Error(`${target}: ${file} changes when it is saved again`);
    }
    const outputs = await saved(inputs);
    const expected = Object.fromEntries(
      Object.entries(outputs).flatMap(([key, value]) =>
        value?.data instanceof Float32Array ? [[key, { dims: value.dims, data: Array.from(value.data) }]] : [],
      ),
    );
    const given = Object.entries(inputs).map(([key, value]) => {
      const { dims, data, type } = value as { dims: number[]; data: ArrayLike<number | bigint>; type: string };
      return [key, { dims, data: Array.from(data, Number), type }] as const;
    });
    mkdirSync(target, { recursive: true });
    const text = JSON.stringify({ class: className, inputs: Object.fromEntries(given), outputs: expected });
    writeFileSync(join(target, "expected.json"), text);
  }
  process.stdout.write(`${name}\n`);
}
process.exit(0);

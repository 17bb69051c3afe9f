/**
 * Downloads one model from the imitated hub by Python's huggingface_hub and by Cloze, into caches of their own, and has
 * each read what the other left, offline. Writes `python-cache.json` for the tests.
 *
 *     CLOZE_PYTHON=python NODE_OPTIONS=--conditions=@cloze/source npx tsx test/golden/hub/compare-caches.ts
 *
 * Needs huggingface_hub 2.4.0 and transformers 5.23.0.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { AutoModelForMaskedLM, AutoTokenizer } from "../../../src/index.ts";
import { ImitatedHub } from "../../support/imitated-hub.ts";

const name = "owner/name";
const here = import.meta.dirname;
const model = join(here, "../pipelines/bert");
const pooling = { "modules.json": "[]", "1_Pooling/config.json": '{"pooling_mode_mean_tokens": true}' };
const files = {
  ...Object.fromEntries(readdirSync(model).map((file) => [file, readFileSync(join(model, file))])),
  ...pooling,
};

/** `HF_HUB_DISABLE_SHARED_BLOBS` and Xet play no part: the imitated hub names no Xet hash. */
function python(script: string, variables: Record<string, string>): Promise<string> {
  const child = spawn(process.env.CLOZE_PYTHON ?? "python3", ["-c", script], {
    env: { ...process.env, ...variables },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    child.on("close", (code) => (code === 0 ? resolve(output) : reject(new Error(`python ended with ${code}`))));
  });
}

/** The part of a cache that is of the model; a lock or a mark that a file does not exist is not. */
function listing(home: string) {
  const found = { files: {} as Record<string, string>, links: {} as Record<string, string> };
  const root = join(home, "hub");
  const below = readdirSync(root, { recursive: true, withFileTypes: true });
  for (const entry of below) {
    const path = join(entry.parentPath, entry.name);
    const shown = relative(root, path);
    if (entry.isDirectory() || !shown.startsWith("models--") || shown.includes(".no_exist")) continue;
    if (entry.isSymbolicLink()) found.links[shown] = readlinkSync(path);
    else found.files[shown] = readFileSync(path, "latin1");
  }
  const sorted = (record: Record<string, string>) => Object.fromEntries(Object.entries(record).sort());
  return { files: sorted(found.files), links: sorted(found.links) };
}

const [pythonHome, ownHome] = ["python", "own"].map((who) => mkdtempSync(join(tmpdir(), `cloze-${who}-`))) as [
  string,
  string,
];
const hub = await ImitatedHub.start({ [name]: { files, large: ["model.safetensors"] } });
try {
  const names = JSON.stringify(Object.keys(files));
  await python(`from huggingface_hub import hf_hub_download\nfor f in ${names}: hf_hub_download("${name}", f)`, {
    HF_ENDPOINT: hub.endpoint,
    HF_HOME: pythonHome,
  });
  Object.assign(process.env, { HF_ENDPOINT: hub.endpoint, HF_HOME: ownHome });
  const { pipeline } = await import("../../../src/index.ts");
  await pipeline("fill-mask", name);
  const [theirs, ours] = [listing(pythonHome), listing(ownHome)];
  if (JSON.stringify(theirs) !== JSON.stringify(ours)) {
    throw new Error(`the caches differ:\n${JSON.stringify(theirs, null, 1)}\n${JSON.stringify(ours, null, 1)}`);
  }
  console.log(
    `both caches hold the same ${Object.keys(ours.files).length} files and ${Object.keys(ours.links).length} links`,
  );

  const script = `
from transformers import AutoModelForMaskedLM, AutoTokenizer
tokens = AutoTokenizer.from_pretrained("${name}")
print(AutoModelForMaskedLM.from_pretrained("${name}").num_parameters(), len(tokens))`;
  const seen = await python(script, { HF_HOME: ownHome, HF_HUB_OFFLINE: "1" });
  console.log(`Python, offline, reads what Cloze left: ${seen.trim()} parameters and tokens`);

  Object.assign(process.env, { HF_HOME: pythonHome, HF_HUB_OFFLINE: "1" });
  const loaded = await AutoModelForMaskedLM.fromPretrained(name, { onWarning() {} });
  const count = [...loaded.parameters.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  console.log(`Cloze, offline, reads what Python left: ${count} ${(await AutoTokenizer.fromPretrained(name)).length}`);

  // The weights' bytes are not what the test is about.
  for (const [path, content] of Object.entries(theirs.files))
    if (content.length > 10_000) theirs.files[path] = "weights";
  writeFileSync(join(here, "python-cache.json"), `${JSON.stringify(theirs, undefined, 2)}\n`);
} finally {
  hub.stop();
  for (const home of [pythonHome, ownHome]) rmSync(home, { recursive: true });
}

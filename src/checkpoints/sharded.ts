/** Weights in several safetensors files, tied together by `model.safetensors.index.json`. */
import { platform } from "#platform";
import { CheckpointError } from "../errors.ts";
import { parseObject } from "./json-document.ts";
import { duplicateKey, shown } from "./json-text.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import type { TensorInfo } from "./safetensors-header.ts";
import { tensorNamed, type Weights } from "./weights.ts";

/** Only a file beside the index: an index from elsewhere must not lead out of its folder. */
const plainFileName = /^[^/\\:\0]+\.safetensors$/;

/** Tensor → name of the file beside the index that holds it. */
function parseIndex(json: string, file: string): Map<string, string> {
  const hint = "The index is damaged: copy or download it again.";
  const weightMap = parseObject(json, file).get("weight_map");
  const twice = duplicateKey(json);
  if (twice !== undefined) {
    throw new CheckpointError(`${file} holds ${twice} twice.`, {
      file,
      field: twice,
      expected: "each name once",
      hint,
    });
  }
  if (typeof weightMap !== "object" || weightMap === null || Array.isArray(weightMap)) {
    throw new CheckpointError(`${file} does not say which file holds which tensor.`, {
      file,
      field: "weight_map",
      expected: "an object from tensors to files",
      received: shown(weightMap),
      hint,
    });
  }
  for (const [name, shard] of Object.entries(weightMap)) {
    if (typeof shard === "string" && plainFileName.test(shard)) continue;
    throw new CheckpointError(`${file}: ${name} is said to be in a file that cannot be beside it.`, {
      file,
      field: name,
      expected: "the name of a .safetensors file in the same folder",
      received: shown(shard),
      hint,
    });
  }
  return new Map(Object.entries(weightMap));
}

/** The files that an index names, each once. Throws a CheckpointError for an index that is broken or leads elsewhere. */
export function shardNames(json: string, file: string): string[] {
  return [...new Set(parseIndex(json, file).values())];
}

/** Opens an index and all the files that it names. */
export async function openShardedSafetensors(indexFile: string): Promise<Weights> {
  const places = parseIndex(await platform.readText(indexFile, "checkpoint"), indexFile);
  const folder = platform.folderName(indexFile);
  const shards = new Map<string, SafetensorsFile>();
  for (const name of new Set(places.values())) shards.set(name, await openSafetensors(platform.join(folder, name)));

  const tensors = new Map<string, TensorInfo>();
  const shardOf = new Map<string, SafetensorsFile>();
  for (const [name, place] of places) {
    const shard = shards.get(place)!;
    tensors.set(name, tensorNamed(shard.tensors, name, shard.file));
    shardOf.set(name, shard);
  }
  return {
    file: indexFile,
    tensors,
    read: async (name) => tensorNamed(shardOf, name, indexFile).read(name),
    readFloat32: async (name, into) => tensorNamed(shardOf, name, indexFile).readFloat32(name, into),
    keepOpen() {
      const kept = new Map([...shards.values()].map((shard) => [shard, shard.keepOpen?.()]));
      return (name) => kept.get(tensorNamed(shardOf, name, indexFile))?.(name);
    },
  };
}

/** Published weight and configuration formats, and the hub that has them: bytes in, named arrays out. Knows no model. */
export {
  type Config,
  ConfigDefinition,
  type ConfigOf,
  type ConfigValues,
  defineConfig,
} from "./config.ts";
export * from "./fields.ts";
export {
  type Checkpoint,
  type CheckpointContents,
  openCheckpoint,
  openWeights,
  saveCheckpoint,
  type TextFile,
} from "./folder.ts";
export {
  type DownloadProgress,
  type HubOptions,
  hubIdOf,
  hubOptionNames,
  hubOptionsOf,
  isPlace,
  publishedFolder,
  type WantedPart,
  watchDownloads,
} from "./hub/index.ts";
export {
  createDocument,
  type DocumentOf,
  documentText,
  type ExtraMembers,
  type Fields,
  type ParseOptions,
  parseDocument,
  type ValuesOf,
} from "./json-document.ts";
export {
  describeMatch,
  type KeyMapOptions,
  type KeyMatch,
  matchKeys,
  publishedRenames,
  requireAll,
  requireFit,
  type ShapeMismatch,
  type WantedTensor,
} from "./key-map.ts";
export {
  encodeSafetensors,
  type NamedTensor,
  openSafetensors,
  type SafetensorsFile,
  type SafetensorsOptions,
  writeSafetensors,
} from "./safetensors.ts";
export type { TensorInfo, TensorType } from "./safetensors-header.ts";
export type { TensorData, Weights } from "./weights.ts";

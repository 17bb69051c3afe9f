/** Published models by their ids, downloaded into the cache that Python shares. */
export { isPlace } from "./hub-id.ts";
export { hubIdOf, publishedFolder } from "./published-folder.ts";
export { type DownloadProgress, type HubOptions, hubOptionNames, hubOptionsOf, watchDownloads } from "./settings.ts";
export type { WantedPart } from "./wanted-files.ts";

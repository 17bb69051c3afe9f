/** A page's program as one script. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

/** `name` is a file of this folder. With `sources` Cloze is taken from `src/`, without it as the package's users have it. */
export async function bundlePage(name: string, { sources = true } = {}): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    ...(sources && { conditions: ["@cloze/source"] }),
    logLevel: "error",
  });
  return outputFiles[0]?.text ?? "";
}

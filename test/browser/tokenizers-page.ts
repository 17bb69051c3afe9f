/** The page's script: tokenizers from files that the test hands over. */
import { AutoTokenizer, type TokenizerCallOptions } from "../../src/tokenizers/index.ts";

export interface TokenizerRequest {
  /** Files by name; bytes as base64 under names that end in `.model`. */
  readonly files: Readonly<Record<string, string>>;
  readonly padToken?: string | undefined;
  readonly calls: readonly (readonly [text: string | readonly string[], options: TokenizerCallOptions])[];
}

/** What became of each call as JSON, with the decoded text; for one that was refused the kind of the error. */
export async function runTokenizer({ files, padToken, calls }: TokenizerRequest): Promise<string[]> {
  const tokenizer = await AutoTokenizer.fromPretrained("page", {
    padToken,
    readFile: async (name) => {
      const file = files[name];
      return file !== undefined && name.endsWith(".model") ? bytesOf(file) : file;
    },
  });
  return calls.map(([text, options]) => {
    try {
      const encoded = tokenizer(text as string, { ...options, returnTensors: false });
      return JSON.stringify({ encoded, decoded: tokenizer.decode(encoded.inputIds) });
    } catch (error) {
      return String(Object(error).kind ?? error);
    }
  });
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

declare global {
  var runTokenizerInPage: ((request: TokenizerRequest) => Promise<string[]>) | undefined;
}

globalThis.runTokenizerInPage = runTokenizer;

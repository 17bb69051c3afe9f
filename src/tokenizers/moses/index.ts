/** XLM's tokenizer: Moses rules for words, and byte-pair encoding. */
import { BpeDecoder } from "../decoders/index.ts";
import { templatePostProcessor } from "../post-processors/index.ts";
import { TokenizerPipeline } from "../tokenizer-pipeline.ts";
import { MosesPreTokenizer } from "./moses-pre-tokenizer.ts";
import type { XlmBpeModel } from "./xlm-bpe.ts";

/** XLM: `<s> A </s>`, `<s> A </s> B </s>`; English until another language is asked for. */
export function xlmPipeline(
  model: XlmBpeModel,
  lowercaseAndRemoveAccents: boolean,
  { bos, sep }: { readonly bos: string; readonly sep: string },
): TokenizerPipeline {
  const idOf = (token: string): number => model.vocabulary.require(token, "which stands around texts");
  return new TokenizerPipeline({
    preTokenizer: new MosesPreTokenizer({ language: "en", lowercaseAndRemoveAccents }),
    model,
    postProcessor: templatePostProcessor(`${bos}:0 $A:0 ${sep}:0`, `${bos}:0 $A:0 ${sep}:0 $B:1 ${sep}:1`, idOf),
    decoder: new BpeDecoder("</w>"),
  });
}

export { readXlmFiles } from "./xlm-bpe.ts";

/** The program of a thread of `TokenizingPool`: encodes blocks of texts, one after the other. */
import { platform } from "#platform";
import { readTokenizerJson } from "./tokenizer-json.ts";
import { type BlockOfIds, type BlockOfTexts, encodeBlock } from "./tokenizing-pool.ts";

const port = platform.workerPort();
if (port) {
  const pipeline = readTokenizerJson(port.data as string);
  port.listen((message) => {
    const { block, texts } = message as BlockOfTexts;
    const encoded: BlockOfIds = { block, ...encodeBlock(pipeline, texts) };
    port.post(encoded, [encoded.ids.buffer, encoded.ends.buffer]);
  });
}

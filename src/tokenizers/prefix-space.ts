import { RobertaPostProcessor, SequencePostProcessor } from "./post-processors/index.ts";
import type { PostProcessor } from "./post-processors/post-processor.ts";
import { ByteLevelPreTokenizer, type PreTokenizer, SequencePreTokenizer } from "./pre-tokenizers/index.ts";
import type { TokenizerPipeline } from "./tokenizer-pipeline.ts";

/**
 * The pipeline with a space put before texts that begin without one, or not. Only byte-level pipelines have the choice;
 * others come back as they are.
 */
export function withPrefixSpace(pipeline: TokenizerPipeline, addPrefixSpace: boolean): TokenizerPipeline {
  const { preTokenizer, postProcessor } = pipeline;
  return pipeline.with({
    preTokenizer: preTokenizer && respacedPreTokenizer(preTokenizer, addPrefixSpace),
    postProcessor: postProcessor && respacedPostProcessor(postProcessor, addPrefixSpace),
  });
}

function respacedPreTokenizer(part: PreTokenizer, addPrefixSpace: boolean): PreTokenizer {
  if (part instanceof ByteLevelPreTokenizer) return new ByteLevelPreTokenizer({ ...part.options, addPrefixSpace });
  if (!(part instanceof SequencePreTokenizer)) return part;
  return new SequencePreTokenizer(part.preTokenizers.map((inner) => respacedPreTokenizer(inner, addPrefixSpace)));
}

function respacedPostProcessor(part: PostProcessor, addPrefixSpace: boolean): PostProcessor {
  if (part instanceof RobertaPostProcessor) {
    return new RobertaPostProcessor(part.sep, part.cls, { trimOffsets: part.trimOffsets, addPrefixSpace });
  }
  if (!(part instanceof SequencePostProcessor)) return part;
  return new SequencePostProcessor(part.processors.map((inner) => respacedPostProcessor(inner, addPrefixSpace)));
}

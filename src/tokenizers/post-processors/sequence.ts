import type { Encoding } from "../encoding.ts";
import type { PostProcessor } from "./post-processor.ts";

/** Several post-processors, one after the other. */
export class SequencePostProcessor implements PostProcessor {
  readonly processors: readonly PostProcessor[];

  constructor(processors: readonly PostProcessor[]) {
    this.processors = processors;
  }

  addedTokens(isPair: boolean): number {
    return this.processors.reduce((sum, processor) => sum + processor.addedTokens(isPair), 0);
  }

  process(encodings: Encoding[], addSpecialTokens: boolean): Encoding[] {
    return this.processors.reduce((current, processor) => processor.process(current, addSpecialTokens), encodings);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Sequence", processors: this.processors.map((processor) => processor.toJSON()) };
  }
}

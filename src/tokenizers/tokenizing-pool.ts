/**
 * Threads that tokenize a corpus together. Blocks of texts go to whichever thread has the least to do; what comes back is
 * what one thread would have given, whatever their number.
 */
import { platform } from "#platform";
import type { WorkerThread } from "../platform/platform.ts";
import { writeTokenizerJson } from "./tokenizer-json.ts";
import type { TokenizerPipeline } from "./tokenizer-pipeline.ts";

/** A message to a thread. */
export interface BlockOfTexts {
  readonly block: number;
  readonly texts: readonly string[];
}

/** The ids of several texts: those of text i end at `ends[i]`, where those of the next begin. */
export interface EncodedBlock {
  readonly ids: Int32Array<ArrayBuffer>;
  readonly ends: Int32Array<ArrayBuffer>;
}

/** A thread's answer. */
export interface BlockOfIds extends EncodedBlock {
  readonly block: number;
}

interface Member {
  readonly thread: WorkerThread;
  /** Blocks that it has not given back. */
  readonly blocks: Map<
    number,
    { readonly texts: readonly string[]; readonly resolve: (ids: Int32Array[] | Promise<Int32Array[]>) => void }
  >;
}

/** Encodes texts into one block, which can be moved from thread to thread. */
export function encodeBlock(pipeline: TokenizerPipeline, texts: readonly string[]): EncodedBlock {
  const each = texts.map((text) => pipeline.encodeIds(text));
  const ends = new Int32Array(each.length);
  const ids = new Int32Array(each.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  each.forEach((values, index) => {
    ids.set(values, end);
    end += values.length;
    ends[index] = end;
  });
  return { ids, ends };
}

export class TokenizingPool {
  readonly #pipeline: TokenizerPipeline;
  #members: Member[];
  #blocks = 0;

  private constructor(pipeline: TokenizerPipeline, members: Member[]) {
    this.#pipeline = pipeline;
    this.#members = members;
    for (const member of members) this.#listen(member);
  }

  /** Starts threads that tokenize as `pipeline` does; undefined where there are none to be had. */
  static start(pipeline: TokenizerPipeline, threads: number): TokenizingPool | undefined {
    const members: Member[] = [];
    for (let index = 0; index < threads; index++) {
      const thread = platform.startWorker("#tokenizing-worker", writeTokenizerJson(pipeline));
      if (thread) members.push({ thread, blocks: new Map() });
    }
    return members.length > 0 ? new TokenizingPool(pipeline, members) : undefined;
  }

  get threads(): number {
    return this.#members.length;
  }

  /** The ids of each text, without special tokens. If a thread fails, its texts are encoded here. */
  encode(texts: readonly string[]): Promise<Int32Array[]> {
    const member = this.#members.toSorted((a, b) => a.blocks.size - b.blocks.size)[0];
    if (!member) return this.#encodeHere(texts);
    const block = this.#blocks++;
    return new Promise((resolve) => {
      member.blocks.set(block, { texts, resolve });
      const message: BlockOfTexts = { block, texts };
      member.thread.post(message);
    });
  }

  /** Ends the threads; what they have not given back is given up. */
  async close(): Promise<void> {
    const members = this.#members.splice(0);
    for (const { blocks } of members) blocks.clear();
    await Promise.all(members.map(({ thread }) => thread.terminate()));
  }

  // Rejects where the text cannot be encoded.
  async #encodeHere(texts: readonly string[]): Promise<Int32Array[]> {
    return texts.map((text) => this.#pipeline.encodeIds(text));
  }

  #listen(member: Member): void {
    const { thread, blocks } = member;
    thread.listen(
      (message) => {
        const { block, ids, ends } = message as BlockOfIds;
        blocks.get(block)?.resolve(Array.from(ends, (end, index) => ids.subarray(ends[index - 1] ?? 0, end)));
        blocks.delete(block);
      },
      () => {
        this.#members = this.#members.filter((other) => other !== member);
        for (const { texts, resolve } of blocks.values()) resolve(this.#encodeHere(texts));
        blocks.clear();
      },
    );
  }
}

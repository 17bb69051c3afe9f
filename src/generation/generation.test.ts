/** Decoding over a model that is a table: what follows a token depends on the last one alone. */
import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import { generateTokens } from "./generate.ts";
import type { GenerationOptions } from "./generation-settings.ts";
import { readGenerationConfig } from "./index.ts";
import type { NextTokenLogits, NextTokenModel, Prompts } from "./next-token-model.ts";

/** Probabilities of the next token by the last one; 3 ends a text. */
const table: readonly (readonly number[])[] = [
  [0.1, 0.6, 0.3, 0],
  [0.4, 0.1, 0.1, 0.4],
  [0.05, 0.05, 0, 0.9],
  [0.25, 0.25, 0.25, 0.25],
];

class TableModel implements NextTokenModel {
  readonly maximumLength = 12;
  rows: number[][] = [];
  /** How many rows each call read. */
  readonly read: number[] = [];

  async begin({ ids }: Prompts): Promise<NextTokenLogits> {
    this.rows = ids.map((row) => [...row]);
    return this.#logits();
  }

  async step(tokens: readonly number[], parents: readonly number[]): Promise<NextTokenLogits> {
    this.rows = parents.map((parent, row) => [...(this.rows[parent] as number[]), tokens[row] as number]);
    return this.#logits();
  }

  #logits(): NextTokenLogits {
    this.read.push(this.rows.length);
    const data = this.rows.flatMap((row) => (table[row.at(-1) as number] as number[]).map(Math.log));
    return { data: Float32Array.from(data), rows: this.rows.length };
  }
}

const end = { eosTokenId: 3 } as const;
const prompts = (...ids: number[][]): Prompts => ({ ids, padding: ids.map(() => 0) });
const run = (ids: number[][], options: GenerationOptions, model = new TableModel()) =>
  generateTokens(model, prompts(...ids), { ...end, ...options });

describe("token by token", () => {
  it("takes the best, the first of equals, until the end or the limit", async () => {
    // After 1 both 0 and the end have 0.4.
    expect((await run([[0]], { maxNewTokens: 4 })).sequences).toEqual([[0, 1, 0, 1, 0]]);
    expect((await run([[2]], {})).sequences).toEqual([[2, 3]]);
    expect((await run([[0]], {})).sequences[0]?.length).toBe(12);
    expect((await run([[0, 1]], { maxLength: 5 })).sequences).toEqual([[0, 1, 0, 1, 0]]);
  });

  it("pads rows that end early, and computes them no more", async () => {
    const model = new TableModel();
    const { sequences } = await run([[0], [2]], { maxNewTokens: 3, padTokenId: 0 }, model);
    expect(sequences).toEqual([
      [0, 1, 0, 1],
      [2, 3, 0, 0],
    ]);
    expect(model.read).toEqual([2, 1, 1]);
  });

  it("tells each token as it comes, and ends when asked", async () => {
    const told: [number, number][] = [];
    const stop = new AbortController();
    const onToken = (token: number, row: number): void => {
      told.push([row, token]);
      if (told.length === 3) stop.abort();
    };
    const { sequences } = await run([[0]], { maxNewTokens: 9, onToken, signal: stop.signal });
    expect(sequences).toEqual([[0, 1, 0, 1]]);
    expect(told).toEqual([
      [0, 1],
      [0, 0],
      [0, 1],
    ]);
  });

  it("draws by probability, each row from a stream of its own", async () => {
    const draw = async (seed: number, ids: number[][]) =>
      (await run(ids, { doSample: true, topK: 0, maxNewTokens: 1, random: new Random(seed) })).sequences.map(
        (s) => s[1],
      );
    const counts = [0, 0, 0, 0];
    for (const token of await draw(
      1,
      Array.from({ length: 4000 }, () => [0]),
    ))
      counts[token as number]! += 1;
    for (const [token, probability] of table[0]!.entries()) {
      expect(Math.abs(counts[token]! / 4000 - probability)).toBeLessThan(0.03);
    }
    expect(await draw(2, [[0], [1]])).toEqual((await draw(2, [[0], [1], [2]])).slice(0, 2));
  });

  it("gives several drawn continuations of a prompt", async () => {
    const options = { doSample: true, numReturnSequences: 3, maxNewTokens: 5, random: new Random(1) };
    const { sequences } = await run([[0], [1]], options);
    expect(sequences.map((row) => row[0])).toEqual([0, 0, 0, 1, 1, 1]);
  });
});

/** Every continuation with its score, by trying all. */
function all(first: number, limit: number, lengthPenalty: number): { ids: number[]; score: number }[] {
  const found: { ids: number[]; score: number }[] = [];
  const go = (ids: number[], sum: number): void => {
    const generated = ids.length - 1;
    if (generated > 0 && (ids.at(-1) === 3 || generated === limit)) {
      found.push({ ids, score: sum / generated ** lengthPenalty });
      return;
    }
    for (const [token, p] of (table[ids.at(-1) as number] as number[]).entries()) {
      if (p > 0) go([...ids, token], sum + Math.log(p));
    }
  };
  go([first], 0);
  return found.sort((a, b) => b.score - a.score);
}

describe("beams", () => {
  it.each([0, 0.6, 1, 2])("with enough of them find the best of all, length penalty %d", async (lengthPenalty) => {
    const options = {
      numBeams: 64,
      maxNewTokens: 4,
      lengthPenalty,
      numReturnSequences: 3,
      earlyStopping: "never",
    } as const;
    const { sequences, scores } = await run([[0]], options);
    const best = all(0, 4, lengthPenalty).slice(0, 3);
    expect(scores?.length).toBe(3);
    for (const [rank, { score }] of best.entries()) expect(scores?.[rank]).toBeCloseTo(score, 5);
    expect(sequences[0]?.slice(0, best[0]?.ids.length)).toEqual(best[0]?.ids);
  });

  it("find what the best token misses", async () => {
    // 0 → 1 → 3 has 0.24, 0 → 2 → 3 has 0.27.
    expect((await run([[0]], { maxNewTokens: 2 })).sequences).toEqual([[0, 1, 0]]);
    expect((await run([[0]], { maxNewTokens: 2, numBeams: 2 })).sequences).toEqual([[0, 2, 3]]);
  });

  it("do not depend on the rows beside them", async () => {
    const options = { numBeams: 3, maxNewTokens: 5 };
    const alone = await run([[0]], options);
    const beside = await run([[0], [2]], options);
    expect(beside.scores?.[0]).toBe(alone.scores?.[0]);
  });

  it("can be drawn", async () => {
    const options = { numBeams: 2, doSample: true, maxNewTokens: 4 };
    const draw = async (seed: number) => (await run([[0]], { ...options, random: new Random(seed) })).sequences;
    expect(await draw(5)).toEqual(await draw(5));
    const seen = new Set<string>();
    for (let seed = 0; seed < 20; seed++) seen.add(String((await draw(seed))[0]));
    expect(seen.size).toBeGreaterThan(2);
  });
});

// What these choose is checked against the reference by test/golden/models/gpt2-GPT2LMHeadModel-searches.
describe("diverse beams", () => {
  it("say different things, the more so the greater the penalty", async () => {
    const options = { numBeams: 3, numBeamGroups: 3, numReturnSequences: 3, maxNewTokens: 3 };
    const first = async (diversityPenalty: number) => {
      const { sequences } = await run([[0]], { ...options, diversityPenalty });
      return new Set(sequences.map((ids) => ids[1])).size;
    };
    expect(await first(0.01)).toBe(1);
    expect(await first(1)).toBe(2);
    expect(await first(5)).toBe(3);
  });
});

describe("constrained beams", () => {
  it("say what is required, in any order", async () => {
    const options = {
      numBeams: 4,
      maxNewTokens: 6,
      forceWordsIds: [
        [2, 0],
        [
          [1, 1],
          [0, 0],
        ],
      ],
    };
    for (const first of [0, 1]) {
      const text = (await run([[first]], options)).sequences[0]?.join("") ?? "";
      expect(text).toContain("20");
      expect(text).toMatch(/11|00/);
    }
  });
});

describe("contrastive search", () => {
  it("needs hidden states", async () => {
    const failure = run([[0]], { penaltyAlpha: 0.5, topK: 2 });
    await expect(failure).rejects.toMatchObject({ kind: "configuration", field: "penaltyAlpha" });
  });

  it("of a folder's settings gives way to drawing and to beams", async () => {
    const own = { penaltyAlpha: 0.5, topK: 2, maxNewTokens: 2 };
    const generate = (options: GenerationOptions) => generateTokens(new TableModel(), prompts([0]), options, own);
    expect((await generate({ numBeams: 2 })).sequences).toEqual([[0, 2, 3]]);
    expect((await generate({ doSample: true })).sequences[0]).toHaveLength(3);
  });
});

describe("settings", () => {
  it.each([
    [{ numBeams: 3, numBeamGroups: 2, diversityPenalty: 1 }, "numBeamGroups"],
    [{ numBeams: 4, numBeamGroups: 2 }, "diversityPenalty"],
    [{ numBeams: 4, numBeamGroups: 2, diversityPenalty: 1, doSample: true }, "doSample"],
    [{ forceWordsIds: [[1]] }, "numBeams"],
    [{ numBeams: 2, forceWordsIds: [] }, "forceWordsIds"],
    [{ numBeams: 2, forceWordsIds: [[1], []] }, "forceWordsIds"],
    [{ numBeams: 2, forceWordsIds: [[[1], [-1]]] }, "forceWordsIds"],
    [{ numBeams: 2, numBeamGroups: 2, diversityPenalty: 1, forceWordsIds: [[1]] }, "numBeamGroups"],
    [{ numBeams: 2, penaltyAlpha: 0.5 }, "penaltyAlpha"],
    [{ doSample: true, penaltyAlpha: 0.5 }, "penaltyAlpha"],
    [{ penaltyAlpha: 2 }, "penaltyAlpha"],
    [{ numBeam: 2 }, "numBeam"],
    [{ temperature: 0 }, "temperature"],
    [{ topP: 1.5 }, "topP"],
    [{ maxNewTokens: 0 }, "maxNewTokens"],
    [{ maxLength: 1 }, "maxLength"],
    [{ numReturnSequences: 2 }, "numReturnSequences"],
    [{ numBeams: 2, numReturnSequences: 3 }, "numReturnSequences"],
    [{ topK: "five" }, "topK"],
  ])("refuses %j", async (options, field) => {
    await expect(run([[0]], options as never)).rejects.toMatchObject({ kind: "configuration", field });
  });

  it("refuses a prompt that fills the model, and one that is empty", async () => {
    await expect(run([Array.from({ length: 12 }, () => 0)], {})).rejects.toMatchObject({ kind: "shape" });
    await expect(run([[]], {})).rejects.toMatchObject({ kind: "data" });
  });

  it("come from generation_config.json, options first", async () => {
    const own = readGenerationConfig('{"max_new_tokens": 2, "eos_token_id": 3, "transformers_version": "5"}', "g.json");
    expect(own).toEqual({ maxNewTokens: 2, eosTokenId: 3 });
    const generate = (options: GenerationOptions) => generateTokens(new TableModel(), prompts([0]), options, own);
    expect((await generate({})).sequences).toEqual([[0, 1, 0]]);
    expect((await generate({ maxNewTokens: 1 })).sequences).toEqual([[0, 1]]);
    expect((await generate({ maxNewTokens: undefined } as never)).sequences).toEqual([[0, 1, 0]]);
  });

  it("forbid what they forbid", async () => {
    expect((await run([[2]], { minNewTokens: 2, maxNewTokens: 2 })).sequences).toEqual([[2, 0, 1]]);
    expect((await run([[0]], { noRepeatNgramSize: 1, maxNewTokens: 3 })).sequences).toEqual([[0, 1, 3]]);
    expect((await run([[0]], { badWordsIds: [[1]], maxNewTokens: 2 })).sequences).toEqual([[0, 2, 3]]);
    expect((await run([[0]], { forcedEosTokenId: 3, maxNewTokens: 2 })).sequences).toEqual([[0, 1, 3]]);
    expect((await run([[0]], { suppressTokens: [1, 2], maxNewTokens: 2 })).sequences).toEqual([[0, 0, 0]]);
  });
});

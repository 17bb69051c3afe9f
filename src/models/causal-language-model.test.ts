/** `generate`: what it takes and gives; what it chooses is checked by src/generation and src/verification. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GPT2LMHeadModel } from "./classes.ts";

const golden = fileURLToPath(new URL("../../test/golden/models/gpt2-GPT2LMHeadModel", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "cloze-generate-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let model: GPT2LMHeadModel;
beforeAll(async () => {
  model = await GPT2LMHeadModel.fromPretrained(golden, { threads: 1 });
});

const list = (ids: { tolist(): unknown }): number[][] =>
  (ids.tolist() as bigint[][]).map((row) => row.map((id) => Number(id)));

describe("generate", () => {
  it("gives prompts with what follows, the same for any padding on the left", async () => {
    const alone = await model.generate({ inputIds: [[5, 6, 7]] }, { maxNewTokens: 5 });
    expect(alone).toMatchObject({ type: "int64", dims: [1, 8] });
    const inputIds = [
      [0, 0, 5, 6, 7],
      [9, 8, 7, 6, 5],
    ];
    const attentionMask = [
      [0, 0, 1, 1, 1],
      [1, 1, 1, 1, 1],
    ];
    const padded = list(await model.generate({ inputIds, attentionMask }, { maxNewTokens: 5 }));
    expect(padded[0]?.slice(2)).toEqual(list(alone)[0]);
    // The padding token is padding where no mask says otherwise.
    const inferred = list(await model.generate({ inputIds }, { maxNewTokens: 5, padTokenId: 0 }));
    expect(inferred).toEqual(padded);
  });

  it("ends where the model has no more positions", async () => {
    const { dims } = await model.generate({ inputIds: [[5, 6]] }, { maxNewTokens: 100, eosTokenId: null });
    expect(dims).toEqual([1, 16]);
    const full = model.generate({ inputIds: [Array.from({ length: 16 }, () => 5)] });
    await expect(full).rejects.toMatchObject({ kind: "shape", field: "inputIds" });
  });

  it("gives the scores of beams when asked", async () => {
    const options = { numBeams: 3, numReturnSequences: 2, maxNewTokens: 4, returnDictInGenerate: true } as const;
    const { sequences, sequencesScores } = await model.generate(
      {
        inputIds: [
          [5, 6],
          [7, 8],
        ],
      },
      options,
    );
    expect(sequences.dims[0]).toBe(4);
    const scores = Array.from(sequencesScores?.data as Float32Array);
    expect(scores.length).toBe(4);
    expect(scores[0]).toBeGreaterThanOrEqual(scores[1] as number);
  });

  it("obeys the folder's generation_config.json, options first", async () => {
    const folder = join(scratch, "model");
    cpSync(golden, folder, { recursive: true });
    writeFileSync(join(folder, "generation_config.json"), '{"max_new_tokens": 2, "eos_token_id": null}');
    const own = await GPT2LMHeadModel.fromPretrained(folder, { threads: 1 });
    expect((await own.generate({ inputIds: [[5, 6]] })).dims).toEqual([1, 4]);
    expect((await own.generate({ inputIds: [[5, 6]] }, { maxNewTokens: 3 })).dims).toEqual([1, 5]);
  });

  it("reads back as far as the folder says, with its cache given up for that", async () => {
    const folder = join(scratch, "limited");
    const limited = await GPT2LMHeadModel.fromPretrained(golden, { threads: 1, config: { attentionWindows: [2, 3] } });
    await limited.savePretrained(folder);
    const again = await GPT2LMHeadModel.fromPretrained(folder, { threads: 1 });
    expect(again.config.attentionWindows).toEqual([2, 3]);
    const said = async (of: GPT2LMHeadModel, first: number[]) =>
      list(await of.generate({ inputIds: [[...first, 5, 6, 7, 8]] }, { maxNewTokens: 6, eosTokenId: null }))[0]?.slice(
        2,
      );
    expect(await said(again, [30, 31])).toEqual(await said(again, [9, 10]));
    expect(await said(model, [30, 31])).not.toEqual(await said(again, [30, 31]));
  });

  it.each([
    [{ inputIds: [5, 6] }, {}, { kind: "data", field: "inputIds" }],
    [{ inputIds: [[5, 6]], attentionMask: [[1, 0]] }, {}, { kind: "data", field: "attentionMask" }],
    [{ inputIds: [[5, 6]], attentionMask: [[0, 0]] }, {}, { kind: "data", field: "attentionMask" }],
    [{ inputIds: [[5, 50]] }, {}, { kind: "data", field: "inputIds" }],
    [{ inputIds: [[5]] }, { maxTokens: 3 }, { kind: "configuration", field: "maxTokens" }],
  ])("refuses %j with %j", async (inputs, options, expected) => {
    await expect(model.generate(inputs as never, options as never)).rejects.toMatchObject(expected);
  });
});

/** What callers see of results, checked by the compiler. */
import { expectTypeOf, it } from "vitest";
import type { Tensor } from "../tensor/index.ts";
import type {
  ChoiceScore,
  ClassScore,
  EntityGroup,
  ExtractedAnswer,
  FillMaskResult,
  GeneratedText,
  Pipelines,
  TokenEntity,
  WithStates,
  ZeroShotResult,
} from "./index.ts";

/** Never called. */
async function calls(run: Pipelines): Promise<void> {
  const classify = run["text-classification"];
  expectTypeOf(await classify("a")).toEqualTypeOf<ClassScore[]>();
  expectTypeOf(await classify({ text: "a", textPair: "b" }, { topK: 2 })).toEqualTypeOf<ClassScore[]>();
  expectTypeOf(await classify(["a"])).toEqualTypeOf<ClassScore[]>();
  expectTypeOf(await classify(["a"], { topK: null })).toEqualTypeOf<ClassScore[][]>();
  expectTypeOf(await classify("a", { outputAttentions: true })).toEqualTypeOf<WithStates<ClassScore[]>>();
  const tag = run["token-classification"];
  expectTypeOf(await tag("a")).toEqualTypeOf<TokenEntity[]>();
  expectTypeOf(await tag("a", { aggregationStrategy: "max" })).toEqualTypeOf<EntityGroup[]>();
  expectTypeOf(await tag(["a"], { aggregationStrategy: "none" })).toEqualTypeOf<TokenEntity[][]>();
  const answer = run["question-answering"];
  expectTypeOf(await answer("a", "b")).toEqualTypeOf<ExtractedAnswer>();
  expectTypeOf(await answer("a", "b", { topK: 3 })).toEqualTypeOf<ExtractedAnswer[]>();
  expectTypeOf(await answer([{ question: "a", context: "b" }])).toEqualTypeOf<ExtractedAnswer[]>();
  const extract = run["feature-extraction"];
  expectTypeOf(await extract("a")).toEqualTypeOf<Tensor>();
  expectTypeOf(await extract(["a"], { pooling: "mean" })).toEqualTypeOf<Tensor>();
  expectTypeOf(await extract(["a"], { outputHiddenStates: true })).toEqualTypeOf<WithStates<Tensor>[]>();
  expectTypeOf(await run["fill-mask"]("a")).toEqualTypeOf<FillMaskResult>();
  expectTypeOf(await run["multiple-choice"]("a", ["b"])).toEqualTypeOf<ChoiceScore[]>();
  expectTypeOf(await run["sentence-similarity"]("a", ["b"])).toEqualTypeOf<number[]>();
  expectTypeOf(await run["zero-shot-classification"](["a"], ["b"])).toEqualTypeOf<ZeroShotResult[]>();
  expectTypeOf(await run["text-generation"](["a"])).toEqualTypeOf<GeneratedText[][]>();
}

it("compiles", () => {
  expectTypeOf(calls).toBeFunction();
});

import { expect, it } from "vitest";
import { runOneSideOrTwo } from "./one-side-or-two.ts";
import { type ModelAnswers, targetLines, targetsOf } from "./one-side-or-two-report.ts";
import { goodShare, weatherProbabilities } from "./weather-corpus.ts";

const tiny = { bertSteps: 900, bertRows: 32, gptSteps: 250, pairSteps: 250 };

it("shows that BERT uses the right side and GPT cannot", async () => {
  const lines: string[] = [];
  let steps = 0;
  const screen = { line: (text: string) => lines.push(text), progress: () => steps++ };
  const result = await runOneSideOrTwo({ recipe: tiny, seed: 5 }, screen);
  if (result === undefined) throw new Error("the run was not stopped");
  const [bert, gpt] = result.models as [ModelAnswers, ModelAnswers];
  const { good: prior } = weatherProbabilities;

  expect(goodShare(bert.words.bad)).toBeLessThan(0.35);
  expect(goodShare(bert.words.good)).toBeGreaterThan(0.9);
  expect(Math.abs(goodShare(bert.words.neutral) - prior)).toBeLessThan(0.2);
  // Words of one weather are equally likely, however many tokens they have.
  for (const [one, two] of [[0, 1] as const, [2, 3] as const]) {
    expect(Math.abs((bert.words.neutral[one] ?? 0) - (bert.words.neutral[two] ?? 1))).toBeLessThan(0.15);
  }

  expect(gpt.words.good).toEqual(gpt.words.bad);
  expect(gpt.words.neutral).toEqual(gpt.words.bad);
  expect(Math.abs(goodShare(gpt.words.bad) - prior)).toBeLessThan(0.15);

  expect(result.nextSentence.following).toBeGreaterThan(0.6);
  expect(result.nextSentence.unrelated).toBeLessThan(0.3);
  expect(steps).toBe(tiny.bertSteps + tiny.gptSteps + tiny.pairSteps);
  const shown = lines.join("\n");
  for (const text of [
    "我们不得不取消户外运动",
    "我们放风筝",
    "我们吃面条",
    "鱼快被烤焦啦",
    "we fly kites",
    "70.0%",
    "1.2%",
  ]) {
    expect(shown).toContain(text);
  }
}, 60_000);

it("ends when it is told to", async () => {
  const controller = new AbortController();
  let steps = 0;
  const screen = {
    line: () => undefined,
    progress: () => {
      if (++steps === 20) controller.abort();
    },
  };
  expect(await runOneSideOrTwo({ recipe: tiny, signal: controller.signal }, screen)).toBeUndefined();
  expect(steps).toBeLessThan(25);
});

it("says which targets were missed", () => {
  const words = (good: number) => [good / 2, good / 2, (1 - good) / 2, (1 - good) / 2];
  const perfect: ModelAnswers[] = [
    { name: "BERT", reads: "both sides", words: { bad: words(0.04), good: words(0.96), neutral: words(0.66) } },
    { name: "GPT", reads: "the left side", words: { bad: words(0.7), good: words(0.7), neutral: words(0.74) } },
  ];
  expect(targetsOf(perfect).map(({ isMet }) => isMet)).toEqual([true, true, true]);
  const poor: ModelAnswers[] = [
    { name: "BERT", reads: "both sides", words: { bad: words(0.06), good: words(0.96), neutral: words(0.76) } },
    { name: "GPT", reads: "the left side", words: { bad: words(0.7), good: words(0.76), neutral: words(0.7) } },
  ];
  expect(targetsOf(poor).map(({ isMet }) => isMet)).toEqual([false, false, false]);
  expect(targetLines(targetsOf(poor)).every((line) => line.includes("missed"))).toBe(true);
});

import { describe, expect, it } from "vitest";
import { Random } from "../random.ts";
import {
  assertProbesAreNew,
  type EndingKind,
  endingKindProbability,
  generatePairDocuments,
  generateWeatherSentences,
  goodShare,
  isWithheld,
  pairProbe,
  trueWordProbabilities,
  weatherBeginnings,
  weatherEndings,
  weatherProbabilities,
  weatherProbe,
  weatherSentence,
  weatherWords,
} from "./weather-corpus.ts";

const sentences = generateWeatherSentences(40_000, new Random(3));
const documents = generatePairDocuments(4000, new Random(4));
const kinds = ["good", "bad", "neutral"] as const satisfies readonly EndingKind[];

/** Every sentence of the training text with its probability, from the drawing as the generator's file states it. */
function allSentences() {
  const all: { beginning: string; word: number; ending: string; probability: number }[] = [];
  for (const beginning of weatherBeginnings) {
    for (const [word, { weather }] of weatherWords.entries()) {
      const pWord = (weather === "good" ? 0.7 : 0.3) / 2;
      for (const kind of kinds) {
        const pKind = kind === "neutral" ? 0.5 : 0.5 * (kind === weather ? 0.995 : 0.005);
        const endings = weatherEndings[kind].filter((ending) => !isWithheld(beginning, ending));
        for (const ending of endings) {
          const probability = (pWord * pKind) / weatherBeginnings.length / endings.length;
          all.push({ beginning, word, ending, probability });
        }
      }
    }
  }
  return all;
}

/** P(word | the sentences that the condition picks) */
function wordsGiven(condition: (each: { beginning: string; ending: string }) => boolean): number[] {
  const sums = [0, 0, 0, 0];
  for (const each of allSentences()) if (condition(each)) sums[each.word] = (sums[each.word] ?? 0) + each.probability;
  const total = sums.reduce((sum, value) => sum + value, 0);
  return sums.map((sum) => sum / total);
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of expected.entries()) expect(actual[i]).toBeCloseTo(value, 12);
}

describe("the weather generator", () => {
  it("knows its own conditionals: the left side says nothing but the prior", () => {
    expectClose(trueWordProbabilities(), [0.35, 0.35, 0.15, 0.15]);
    for (const beginning of weatherBeginnings) {
      expectClose(
        trueWordProbabilities(),
        wordsGiven((each) => each.beginning === beginning),
      );
    }
  });

  it("knows its own conditionals: whole sentences, trained on or withheld", () => {
    const bad = (0.3 * 0.995) / (0.3 * 0.995 + 0.7 * 0.005);
    const good = (0.7 * 0.995) / (0.7 * 0.995 + 0.3 * 0.005);
    const { endings } = weatherProbe;
    expect(goodShare(trueWordProbabilities(endings.bad.text))).toBeCloseTo(1 - bad, 12);
    expect(goodShare(trueWordProbabilities(endings.good.text))).toBeCloseTo(good, 12);
    expect(goodShare(trueWordProbabilities(endings.neutral.text))).toBeCloseTo(0.7, 12);
    for (const kind of kinds) {
      for (const ending of weatherEndings[kind]) {
        for (const beginning of weatherBeginnings) {
          if (isWithheld(beginning, ending)) continue;
          const given = wordsGiven((each) => each.ending === ending && each.beginning === beginning);
          expectClose(trueWordProbabilities(ending), given);
        }
      }
    }
    expect(() => trueWordProbabilities("我们睡觉")).toThrow(/no sentence/);
  });

  it("draws what it says", () => {
    const prefix = weatherProbe.beginning.text;
    const shareOf = (part: readonly string[], test: (sentence: string) => boolean): number =>
      part.filter(test).length / part.length;
    const isGood = (sentence: string): boolean => /很(?:好|不错)，/.test(sentence);
    expect(shareOf(sentences, isGood)).toBeCloseTo(weatherProbabilities.good, 2);
    const today = sentences.filter((sentence) => sentence.startsWith(prefix));
    expect(today.length / sentences.length).toBeCloseTo(0.1, 1);
    expect(Math.abs(shareOf(today, isGood) - 0.7)).toBeLessThan(0.03);
    expect(shareOf(sentences.filter(isGood), (sentence) => sentence.includes("不错"))).toBeCloseTo(0.5, 1);
    const isNeutral = (sentence: string): boolean =>
      weatherEndings.neutral.some((ending) => sentence.endsWith(`，${ending}。`));
    expect(shareOf(sentences, isNeutral)).toBeCloseTo(endingKindProbability("neutral", "good"), 1);
    expect(Math.abs(shareOf(sentences.filter(isNeutral), isGood) - 0.7)).toBeLessThan(0.02);
    const informative = sentences.filter((sentence) => !isNeutral(sentence));
    const isRight = (sentence: string): boolean =>
      weatherEndings[isGood(sentence) ? "good" : "bad"].some((ending) => sentence.endsWith(`，${ending}。`));
    expect(Math.abs(shareOf(informative, isRight) - weatherProbabilities.agreement)).toBeLessThan(0.002);
  });

  it("never makes the probes, though every clause of them occurs", () => {
    expect(() => assertProbesAreNew(sentences, documents)).not.toThrow();
    const { beginning, endings } = weatherProbe;
    const withheld = Object.values(endings).flatMap(({ text }) =>
      weatherWords.map(({ word }) => weatherSentence(beginning.text, word, text)),
    );
    expect(withheld).toHaveLength(12);
    for (const sentence of withheld) expect(sentences).not.toContain(sentence);
    for (const { text } of [beginning, ...Object.values(endings)]) {
      expect(sentences.filter((sentence) => sentence.includes(text)).length).toBeGreaterThan(100);
    }
  });

  it("refuses text that gives a probe away or never shows a part of it", () => {
    const given = weatherSentence(weatherProbe.beginning.text, "差", weatherProbe.endings.bad.text);
    expect(() => assertProbesAreNew([...sentences, given], documents)).toThrow(given);
    const without = sentences.filter((sentence) => !sentence.includes(weatherProbe.endings.good.text));
    expect(() => assertProbesAreNew(without, documents)).toThrow(/does not occur/);
    const pair = [pairProbe.first.text, pairProbe.following.text];
    expect(() => assertProbesAreNew(sentences, [...documents, pair])).toThrow(pairProbe.first.text);
    const noFish = documents.filter((document) => !document.join("").includes("鱼"));
    expect(() => assertProbesAreNew(sentences, noFish)).toThrow(/鱼/);
  });

  it("makes documents of two sentences, a quarter of them about the weather", () => {
    for (const [first, second] of documents) expect(`${first}${second}`).toMatch(/^[^。]+。[^。]+。$/);
    const aboutWeather = documents.filter(([first]) => first.includes("天气"));
    expect(aboutWeather.length / documents.length).toBeCloseTo(0.25, 1);
    const cancelled = aboutWeather.filter(([, second]) => /取消了|推迟了/.test(second));
    for (const [first] of cancelled.slice(0, 50)) expect(first).not.toBe(pairProbe.first.text);
    const rightly = cancelled.filter(([first]) => /差|糟糕/.test(first));
    expect(rightly.length / cancelled.length).toBeGreaterThan(0.95);
  });

  it("is the same for the same seed", () => {
    expect(generateWeatherSentences(20, new Random(3))).toEqual(sentences.slice(0, 20));
    expect(generatePairDocuments(20, new Random(4))).toEqual(documents.slice(0, 20));
  });
});

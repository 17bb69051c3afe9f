/**
 * A made-up corpus whose probabilities are known: Chinese sentences about the weather.
 *
 * A sentence is made from the tables below in this order, every choice without a stated probability being uniform:
 *
 * 1. The beginning: a time, as in “今天天气很” (the weather today is very …).
 * 2. The weather: good with probability 0.7.
 * 3. The word for it: 好 or 不错 for good, 差 or 糟糕 for bad.
 * 4. The ending: somebody does something. With probability 0.5 it is neutral, what is done in any weather; otherwise it
 *    tells the weather, rightly with probability 0.995.
 *
 * So the left of the word tells nothing about it, and the right, unless it is neutral, nearly everything.
 *
 * Some pairs of a beginning and an ending are withheld: where one would come, another ending of the same list is drawn
 * instead. That changes neither what a beginning tells nor what an ending tells, as the weather has been chosen before.
 *
 * For next-sentence prediction there are documents of two sentences: a quarter of them about the weather and what comes
 * of it, the others about cooking, school and travel.
 */
import { DataError } from "../errors.ts";
import type { Random } from "../random.ts";

export type Weather = "good" | "bad";
export type EndingKind = Weather | "neutral";

/** Text of the corpus, and what it says. */
export interface GlossedText {
  readonly text: string;
  readonly gloss: string;
}

export const weatherWords = [
  { word: "好", weather: "good", gloss: "good" },
  { word: "不错", weather: "good", gloss: "not bad" },
  { word: "差", weather: "bad", gloss: "bad" },
  { word: "糟糕", weather: "bad", gloss: "awful" },
] as const satisfies readonly { readonly word: string; readonly weather: Weather; readonly gloss: string }[];

export const weatherProbabilities = {
  good: 0.7,
  neutralEnding: 0.5,
  /** That an ending which tells the weather tells it rightly. */
  agreement: 0.995,
} as const;

const times = ["今天", "昨天", "前天", "周一", "周末", "上午", "下午", "晚上", "上周", "春天"] as const;
const people = ["我们", "他们", "大家", "老师"] as const;
const actions: Readonly<Record<EndingKind, readonly string[]>> = {
  good: ["去爬山", "去野餐", "放风筝", "晒太阳"],
  bad: ["没爬山", "没野餐", "淋湿了", "不得不取消户外运动"],
  neutral: ["吃面条", "买水果", "学新歌", "看电影"],
};

/** The demo's blank: this beginning with one ending of each kind. None of these pairs is ever trained on. */
export const weatherProbe = {
  beginning: { text: "今天天气很", gloss: "the weather today is very …" },
  endings: {
    bad: { text: "我们不得不取消户外运动", gloss: "we had to cancel outdoor sports" },
    good: { text: "我们放风筝", gloss: "we fly kites" },
    neutral: { text: "我们吃面条", gloss: "we eat noodles" },
  },
} as const satisfies {
  readonly beginning: GlossedText;
  readonly endings: Readonly<Record<EndingKind, GlossedText>>;
};

/** No document holds the first sentence, so that no row of training has it beside either of the others. */
export const pairProbe = {
  first: { text: "今天天气很糟糕。", gloss: "the weather today is awful" },
  following: { text: "下午的体育课取消了。", gloss: "this afternoon's PE is cancelled" },
  unrelated: { text: "鱼快被烤焦啦。", gloss: "the fish is about to burn" },
} as const satisfies Readonly<Record<string, GlossedText>>;

/** A distribution over the four words, in the order of `weatherWords`. */
export type WordProbabilities = readonly number[];

export function weatherSentence(beginning: string, word: string, ending: string): string {
  return `${beginning}${word}，${ending}。`;
}

/** Each as likely as any other. */
export const weatherBeginnings: readonly string[] = times.map((time) => `${time}天气很`);

/** The lists that endings are drawn from; of one list, each is as likely as any other. */
export const weatherEndings: Readonly<Record<EndingKind, readonly string[]>> = {
  good: endingsOf(actions.good),
  bad: endingsOf(actions.bad),
  neutral: endingsOf(actions.neutral),
};

function endingsOf(list: readonly string[]): string[] {
  return people.flatMap((who) => list.map((action) => who + action));
}

export function isWithheld(beginning: string, ending: string): boolean {
  return beginning === weatherProbe.beginning.text && probeEndings.includes(ending);
}

const probeEndings: readonly string[] = Object.values(weatherProbe.endings).map(({ text }) => text);

/** P(list of the ending | weather) */
export function endingKindProbability(kind: EndingKind, weather: Weather): number {
  const { neutralEnding, agreement } = weatherProbabilities;
  if (kind === "neutral") return neutralEnding;
  return (1 - neutralEnding) * (kind === weather ? agreement : 1 - agreement);
}

/**
 * What the generator itself says about the word, by Bayes' rule from the tables: P(word | beginning) without an ending,
 * P(word | beginning, ending) with one. The beginning is any, as all tell the same.
 *
 * @throws DataError for an ending that it never makes.
 */
export function trueWordProbabilities(ending?: string): WordProbabilities {
  const joint = weatherWords.map(({ weather }) => {
    const prior = weather === "good" ? weatherProbabilities.good : 1 - weatherProbabilities.good;
    const perWord = prior / weatherWords.filter((each) => each.weather === weather).length;
    return ending === undefined ? perWord : perWord * endingProbability(ending, weather);
  });
  const total = joint.reduce((sum, value) => sum + value, 0);
  return joint.map((value) => value / total);
}

/** P(ending | weather) */
function endingProbability(ending: string, weather: Weather): number {
  for (const kind of ["good", "bad", "neutral"] as const) {
    const list = weatherEndings[kind];
    if (list.includes(ending)) return endingKindProbability(kind, weather) / list.length;
  }
  throw new DataError(`The generator makes no sentence that ends with ${ending}.`, { received: ending });
}

/** The probability of good weather in a distribution over the words. */
export function goodShare(probabilities: WordProbabilities): number {
  return weatherWords.reduce((sum, { weather }, i) => sum + (weather === "good" ? (probabilities[i] ?? 0) : 0), 0);
}

/** `count` sentences, none of them with a withheld pair. */
export function generateWeatherSentences(count: number, random: Random): string[] {
  return Array.from({ length: count }, () => {
    const beginning = pick(weatherBeginnings, random);
    const weather = drawWeather(random);
    return weatherSentence(beginning, drawWord(weather, random), drawEnding(beginning, weather, random));
  });
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random.integer(list.length)] as T;
}

function drawWeather(random: Random): Weather {
  return random.uniform() < weatherProbabilities.good ? "good" : "bad";
}

function drawWord(weather: Weather, random: Random): string {
  const words = weatherWords.filter((each) => each.weather === weather);
  return pick(words, random).word;
}

/** The weather, or seldom the other one. */
function drawReport(weather: Weather, random: Random): Weather {
  if (random.uniform() < weatherProbabilities.agreement) return weather;
  return weather === "good" ? "bad" : "good";
}

function drawEnding(beginning: string, weather: Weather, random: Random): string {
  const isNeutral = random.uniform() < weatherProbabilities.neutralEnding;
  const list = weatherEndings[isNeutral ? "neutral" : drawReport(weather, random)];
  for (;;) {
    const ending = pick(list, random);
    if (!isWithheld(beginning, ending)) return ending;
  }
}

const events = ["体育课", "运动会", "足球赛", "郊游"] as const;
const changes: Readonly<Record<Weather, readonly string[]>> = {
  good: ["照常进行", "提前开始了"],
  bad: ["取消了", "推迟了"],
};

/** Documents about other things: a first sentence (somebody does something) and a second that can follow any of them. */
const otherTopics = [
  {
    first: { before: "在厨房里", what: ["炒菜", "煎鱼", "烤肉", "做饭"], after: "" },
    subjects: ["鱼", "肉", "鸡翅", "土豆"],
    remarks: ["快被烤焦啦", "快糊了", "还没熟呢", "闻着真香"],
  },
  {
    first: { before: "在教室里", what: ["写作文", "背单词", "做数学题", "准备考试"], after: "" },
    subjects: ["题目", "课文", "这一章", "句子"],
    remarks: ["有点儿难", "很容易懂", "读了三遍", "还没学过"],
  },
  {
    first: { before: "要坐", what: ["火车", "飞机", "汽车", "船"], after: "去旅行" },
    subjects: ["车票", "行李", "酒店", "护照"],
    remarks: ["已经准备好了", "忘在桌上了", "还没有着落", "是叔叔给的"],
  },
] as const;

/** `count` documents of two sentences, none of them with the first sentence of `pairProbe`. */
export function generatePairDocuments(count: number, random: Random): [string, string][] {
  return Array.from({ length: count }, () => {
    const topic = otherTopics[random.integer(otherTopics.length + 1)];
    if (topic === undefined) return weatherDocument(random);
    const { first, subjects, remarks } = topic;
    const begins = `${pick(people, random)}${first.before}${pick<string>(first.what, random)}${first.after}。`;
    return [begins, `${pick<string>(subjects, random)}${pick<string>(remarks, random)}。`];
  });
}

function weatherDocument(random: Random): [string, string] {
  for (;;) {
    const weather = drawWeather(random);
    const first = `${pick(weatherBeginnings, random)}${drawWord(weather, random)}。`;
    const change = pick(changes[drawReport(weather, random)], random);
    const second = `${pick(times, random)}的${pick(events, random)}${change}。`;
    if (first !== pairProbe.first.text) return [first, second];
  }
}

/**
 * Refuses text that would give the answers away, or leave a part of them unknown: a withheld pair of clauses in any
 * sentence, a clause of theirs that occurs nowhere, the first sentence of `pairProbe`, a character of it that is new.
 *
 * @throws DataError
 */
export function assertProbesAreNew(sentences: readonly string[], documents: readonly (readonly string[])[]): void {
  const { beginning, endings } = weatherProbe;
  const distinct = [...new Set(sentences)];
  for (const { text } of Object.values(endings)) {
    const found = distinct.find((sentence) => sentence.includes(beginning.text) && sentence.includes(text));
    if (found !== undefined) throw leak(`The training text holds ${found}`);
  }
  const missing = [beginning.text, ...probeEndings].find((clause) => !distinct.some((each) => each.includes(clause)));
  if (missing !== undefined) throw leak(`The clause ${missing} does not occur in the training text.`);
  const pairText = new Set(documents.flat());
  const { first, following, unrelated } = pairProbe;
  if (pairText.has(first.text)) throw leak(`The training text holds ${first.text}`);
  const characters = new Set([...pairText].join(""));
  const unknown = [...first.text, ...following.text, ...unrelated.text].find((each) => !characters.has(each));
  if (unknown !== undefined) throw leak(`The character ${unknown} does not occur in the documents of two sentences.`);
}

function leak(message: string): DataError {
  return new DataError(message, { hint: "Draw the text by this file's generator, and enough of it." });
}

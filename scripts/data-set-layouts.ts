/** Published data sets whose files are neither tables nor columns: each layout's rows as Cloze's own JSON Lines fields. */
import { rouge } from "../src/metrics/rouge.ts";

/** A row as it is written out. */
export type Row = Readonly<Record<string, unknown>>;

/** The texts of a data set's files, in the order they were named. */
type Layout = (files: readonly string[]) => Row[];

const linesOf = (text: string): string[] => text.split(/\r?\n/).filter((line) => line.trim() !== "");

/** TREC questions (Li and Roth 2002): `DESC:manner How did …`; the coarse class. */
const trec: Layout = (files) =>
  files.flatMap(linesOf).map((line) => {
    const [, label, text] = /^(\w+):\S+\s+(.*\S)\s*$/.exec(line) ?? [];
    return { text, label };
  });

/** C3 (Sun et al. 2020): lists of [lines of a dialogue or text, questions, id]. */
const c3: Layout = (files) =>
  files.flatMap((text) =>
    (JSON.parse(text) as [string[], { question: string; choice: string[]; answer: string }[], string][]).flatMap(
      ([lines, questions]) =>
        questions.map(({ question, choice: choices, answer }) => ({
          context: lines.join("\n"),
          question,
          choices,
          label: choices.indexOf(answer),
        })),
    ),
  );

/**
 * SIGHAN 2013–2015 in the simplified form of later papers: SGML with the place and the correction of each mistake. A text
 * that is listed once for each of its mistakes is one row.
 */
const sighan: Layout = (files) => {
  const targets = new Map<string, string>();
  for (const text of files) {
    for (const [, sentence = ""] of text.matchAll(/<SENTENCE>([\s\S]*?)<\/SENTENCE>/g)) {
      const source = /<TEXT>([\s\S]*?)<\/TEXT>/.exec(sentence)?.[1]?.trim() ?? "";
      const target = [...source];
      const mistakes = sentence.matchAll(/<LOCATION>(\d+)<\/LOCATION>[\s\S]*?<CORRECTION>([\s\S]*?)<\/CORRECTION>/g);
      for (const [, place, correction = ""] of mistakes) {
        const at = Number(place) - 1;
        if (at >= 0 && at < target.length && [...correction.trim()].length === 1) target[at] = correction.trim();
      }
      targets.set(source, target.join(""));
    }
  }
  return [...targets].map(([source, target]) => ({ source, target }));
};

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const withoutEntities = (text: string): string =>
  text
    .replace(/&(\w+);/g, (whole, name: string) => entities[name] ?? whole)
    .replace(/\s+/g, " ")
    .trim();

/** RTE 1–3 (Dagan et al. 2006): pairs in XML, TRUE and FALSE or YES and NO. */
const rte: Layout = (files) =>
  files.flatMap((text) =>
    [...text.matchAll(/<pair\b([^>]*)>([\s\S]*?)<\/pair>/g)].map(([, attributes = "", pair = ""]) => {
      const verdict = /(?:value|entailment)="(\w+)"/.exec(attributes)?.[1];
      const part = (tag: string): string => new RegExp(`<${tag}>([\\s\\S]*?)</${tag}>`).exec(pair)?.[1] ?? "";
      return {
        text: withoutEntities(part("t")),
        textPair: withoutEntities(part("h")),
        label: /^(TRUE|YES)$/i.test(verdict ?? "") ? "entailment" : "not_entailment",
      };
    }),
  );

/** Two aligned texts, a line each: what is given, what it should become. */
const aligned: Layout = ([sources = "", targets = ""]) => {
  const given = sources.split(/\r?\n/);
  const wanted = targets.split(/\r?\n/);
  if (given.length !== wanted.length) throw new Error(`${given.length} lines beside ${wanted.length}`);
  return given
    .map((source, at) => ({ source: source.trim(), target: (wanted[at] ?? "").trim() }))
    .filter(({ source, target }) => source !== "" && target !== "");
};

/** A file a class, a text a line: the first file is class 0, the second class 1, … */
const classFiles: Layout = (files) =>
  files.flatMap((text, label) => linesOf(text).map((line) => ({ text: line.trim(), label })));

/** Sentences and, in a second file, the intent of each (ATIS, SNIPS). */
const slotIntents: Layout = ([sentences = "", intents = ""]) => {
  const labels = linesOf(intents);
  return linesOf(sentences).map((text, at) => ({ text: text.trim(), label: labels[at]?.trim() }));
};

/** Columns with a mark on every token that does not belong to it: `en:Sioux` (WikiANN) or `号0` (Weibo). */
function markedColumns(mark: RegExp): Layout {
  return (files) =>
    files.flatMap((text) =>
      text.split(/(?:\r?\n){2,}/).flatMap((sentence) => {
        const rows = linesOf(sentence).map((line) => line.split("\t"));
        if (rows.length === 0) return [];
        return [{ tokens: rows.map(([token = ""]) => token.replace(mark, "")), labels: rows.map((row) => row.at(-1)) }];
      }),
    );
}

/** Names in columns as stretches of the text that the tokens make with spaces between them. */
const spansOf =
  (columns: Layout): Layout =>
  (files) =>
    columns(files).map((row) => {
      const [tokens, labels] = [row.tokens as string[], row.labels as string[]];
      const entities: { start: number; end: number; label: string }[] = [];
      let start = 0;
      for (const [at, token] of tokens.entries()) {
        const [, mark, label = ""] = /^([BI])-(.+)$/.exec(labels[at] ?? "") ?? [];
        const before = labels[at - 1] ?? "O";
        const end = start + token.length;
        const last = entities.at(-1);
        if (mark === "I" && last !== undefined && before.endsWith(`-${label}`)) last.end = end;
        else if (mark !== undefined) entities.push({ start, end, label });
        start = end + 1;
      }
      return { text: tokens.join(" "), entities };
    });

/**
 * DialogSum (Chen et al. 2021): the turns of a dialogue, of which those are labelled that together say most of its summary,
 * found one by one: that which adds most to the sum of ROUGE-1 and ROUGE-2, until none adds anything (Nallapati et al. 2017,
 * https://arxiv.org/abs/1611.04230, §3.2).
 */
const dialogsum: Layout = (files) =>
  files.flatMap(linesOf).map((line) => {
    const { dialogue, summary } = JSON.parse(line) as { dialogue: string; summary: string };
    const sentences = linesOf(dialogue).map((turn) => turn.trim());
    return { sentences, labels: extractOf(sentences, summary) };
  });

/** 1 for each sentence of the extract, 0 for the others. */
function extractOf(sentences: readonly string[], summary: string): (0 | 1)[] {
  const types = ["rouge1", "rouge2"] as const;
  const chosen = new Set<number>();
  const scoreWith = (added: number): number => {
    const extract = sentences.filter((_, at) => chosen.has(at) || at === added);
    const { rouge1, rouge2 } = rouge(summary, extract.join("\n"), { types });
    return rouge1.f1 + rouge2.f1;
  };
  for (let best = 0; ; ) {
    const scores = sentences.map((_, at) => (chosen.has(at) ? 0 : scoreWith(at)));
    const highest = Math.max(...scores);
    if (highest <= best) return sentences.map((_, at) => (chosen.has(at) ? 1 : 0));
    best = highest;
    chosen.add(scores.indexOf(highest));
  }
}

export const layouts: Readonly<Record<string, Layout>> = {
  trec,
  c3,
  sighan,
  rte,
  aligned,
  classes: classFiles,
  "slot-intents": slotIntents,
  wikiann: markedColumns(/^[a-z-]+:/),
  "wikiann-spans": spansOf(markedColumns(/^[a-z-]+:/)),
  dialogsum,
  weibo: markedColumns(/\d$/),
};

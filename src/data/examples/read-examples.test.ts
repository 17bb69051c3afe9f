/** Rows come out as they stand, whatever the format; bad ones are named by file, line, field and what was expected. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import type { DataError } from "../../errors.ts";
import { exampleFields } from "./example-fields.ts";
import { type ExampleTask, loadExamples, type ReadExamplesOptions, readExamples } from "./index.ts";

const scratch = mkdtempSync(join(tmpdir(), "cloze-examples-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let files = 0;
function written(ending: string, content: string | Uint8Array): string {
  const file = join(scratch, `${files++}${ending}`);
  writeFileSync(file, content);
  return file;
}

type Options = ReadExamplesOptions & { skipBadRows?: boolean };

async function rows(ending: string, content: string | Uint8Array, task: ExampleTask, options: Options = {}) {
  return (await loadExamples(written(ending, content), task, options)).examples;
}

/** What a file is refused with, without the parts that hold its path. */
async function refusal(ending: string, content: string, task: ExampleTask, options: Options = {}) {
  const file = written(ending, content);
  const error = await loadExamples(file, task, options).then(
    () => undefined,
    (caught: DataError) => caught,
  );
  const { kind, message, field, expected, received, hint } = error ?? {};
  return { kind, message: message?.replace(file, "FILE"), field, expected, received, hint };
}

const lines = (...values: unknown[]): string => values.map((value) => JSON.stringify(value)).join("\n");

describe("formats", () => {
  const expected = [
    { text: "a, b", label: "1", line: 1 },
    { text: 'say "no"', textPair: "pair", label: "0", line: 2 },
  ];

  it("JSON Lines, with blank lines, packed or not", async () => {
    const content = `${lines({ text: "a, b", label: 1 })}\n\n${lines({ text: 'say "no"', text_pair: "pair", label: "0" })}\n`;
    const wanted = [expected[0], { ...expected[1], line: 3 }];
    expect(await rows(".jsonl", content, "text-classification")).toEqual(wanted);
    expect(await rows(".json", content, "text-classification")).toEqual(wanted);
    expect(await rows(".jsonl.gz", gzipSync(content), "text-classification")).toEqual(wanted);
  });

  it("a JSON list, and one under data", async () => {
    const list = [
      { text: "a, b", label: 1 },
      { text: 'say "no"', textPair: "pair", label: 0 },
    ];
    expect(await rows(".json", JSON.stringify(list, null, 1), "text-classification")).toEqual(expected);
    expect(await rows(".json", JSON.stringify({ data: list }), "text-classification")).toEqual(expected);
  });

  it("CSV with quoted cells over several lines, CRLF and a byte order mark", async () => {
    const content =
      '\uFEFFlabel,text,textPair\r\n1,"a, b",\r\n0,"say ""no""",pair\r\n2,"over\r\ntwo, lines",\r\n3,5" pipe,"x\n"\n';
    expect(await rows(".csv", content, "text-classification")).toEqual([
      { ...expected[0], line: 2 },
      { ...expected[1], line: 3 },
      { text: "over\ntwo, lines", label: "2", line: 4 },
      { text: '5" pipe', textPair: "x\n", label: "3", line: 6 },
    ]);
  });

  it("TSV without quoting, columns by name or number, another delimiter", async () => {
    const content = 'label\tsentence\tnote\n1\ta, b\t"\n0\tsay "no"\t\n';
    const wanted = [
      { text: "a, b", label: "1", line: 2 },
      { text: 'say "no"', label: "0", line: 3 },
    ];
    expect(await rows(".tsv", content, "text-classification", { columns: { text: "sentence" } })).toEqual(wanted);
    expect(await rows(".txt", content, "text-classification", { columns: { text: 1, label: "0" } })).toEqual(wanted);
    const headless = { columns: { text: "1", label: 0 }, header: false } as const;
    const body = content.slice(content.indexOf("\n") + 1);
    expect(await rows(".csv", content, "text-classification", { columns: { text: 1 }, delimiter: "\\t" })).toEqual(
      wanted,
    );
    expect(await rows(".tsv", body, "text-classification", headless)).toEqual([
      { ...wanted[0], line: 1 },
      { ...wanted[1], line: 2 },
    ]);
    const piped = body.replaceAll("\t", "|").replace('|"', "|").replaceAll('"no"', "no");
    expect((await rows(".csv", piped, "text-classification", { ...headless, delimiter: "|" }))[1]?.line).toBe(2);
  });

  it("columns with a token a line", async () => {
    const content = "-DOCSTART- -X- O O\n\n# id 7\nEU NNP B-NP B-ORG\n# # O O\n\n\nrejects VBZ B-VP O\n";
    const wanted = [
      { tokens: ["EU", "#"], labels: ["B-ORG", "O"], line: 4 },
      { tokens: ["rejects"], labels: ["O"], line: 8 },
    ];
    expect(await rows(".conll", content, "token-classification")).toEqual(wanted);
    const chunks = await rows(".train", content, "token-classification", { columns: { labels: 2 } });
    expect((chunks[0] as { labels?: unknown }).labels).toEqual(["B-NP", "O"]);
    const tabs = await rows(".txt", "a b\tB-X\n\u00A0\tO\n", "token-classification");
    expect(tabs).toEqual([{ tokens: ["a b", "\u00A0"], labels: ["B-X", "O"], line: 1 }]);
    const loaded = await loadExamples(written(".conll", "a O\nb\n\nc O\n"), "token-classification", {
      skipBadRows: true,
    });
    expect(loaded).toEqual({ examples: [{ tokens: ["c"], labels: ["O"], line: 4 }], skippedRows: 1 });
    expect(await refusal(".conll", "a\n", "token-classification")).toMatchObject({ expected: "at least 2 columns" });
    expect(await refusal(".conll", "a O\n", "token-classification", { columns: { labels: "ner" } })).toMatchObject({
      kind: "configuration",
      field: "labels",
    });
  });

  it("CoNLL-U without contractions and words that are understood", async () => {
    const cells = (...start: string[]) =>
      [...start, ...Array.from({ length: 10 - start.length }, () => "_")].join("\t");
    const content = [
      "# text = im Haus",
      cells("1-2", "im"),
      cells("1", "in", "in", "ADP", "APPR", "_", "3", "case"),
      cells("2", "dem", "der", "DET", "ART", "_", "3", "det"),
      cells("2.1", "alten"),
      cells("3", "Haus", "Haus", "NOUN", "NN", "_", "0", "root"),
      "",
    ].join("\n");
    expect(await rows(".conllu", content, "dependency-parsing")).toEqual([
      {
        tokens: ["in", "dem", "Haus"],
        heads: [3, 3, 0],
        relations: ["case", "det", "root"],
        partsOfSpeech: ["ADP", "DET", "NOUN"],
        line: 2,
      },
    ]);
    expect(await rows(".conllu", content, "token-classification", { columns: { labels: "XPOS" } })).toEqual([
      { tokens: ["in", "dem", "Haus"], labels: ["APPR", "ART", "NN"], line: 2 },
    ]);
    const headless = content.replace("\t0\troot", "\t_\troot");
    expect(await refusal(".conllu", headless, "dependency-parsing")).toMatchObject({ field: "line 2, heads.2" });
    expect(await refusal(".conllu", "1\ta\n", "dependency-parsing")).toMatchObject({
      expected: "10 columns between tabs",
    });
    const columns = { labels: "pos" };
    expect(await refusal(".conllu", content, "token-classification", { columns })).toMatchObject({ field: "labels" });
  });

  it("a folder of aligned words, slots and intents", async () => {
    const folder = mkdtempSync(join(scratch, "slots-"));
    const write = (name: string, content: string): void => writeFileSync(join(folder, name), content);
    write("seq.in", "fly to bonn \nhello\n");
    write("seq.out", "O O B-city\nO\n");
    const wanted = [
      { tokens: ["fly", "to", "bonn"], labels: ["O", "O", "B-city"], line: 1 },
      { tokens: ["hello"], labels: ["O"], line: 2 },
    ];
    expect((await loadExamples(folder, "token-classification")).examples).toEqual(wanted);
    write("label", "flight\ngreeting\n");
    expect((await loadExamples(folder, "token-classification")).examples).toEqual([
      { ...wanted[0], intent: "flight" },
      { ...wanted[1], intent: "greeting" },
    ]);
    write("label", "flight\n");
    await expect(loadExamples(folder, "token-classification")).rejects.toMatchObject({ received: "label ends before" });
    write("seq.out", "O O B-city\nO\nO\n");
    write("label", "flight\ngreeting\n");
    await expect(loadExamples(folder, "token-classification")).rejects.toMatchObject({ received: 'seq.out has "O"' });
  });

  it("the documents of SQuAD as questions with the texts that answer them", async () => {
    const qas = [{ id: "1", question: "Where?", answers: [] }];
    const file = written(".json", JSON.stringify({ data: [{ paragraphs: [{ context: "In Bonn.", qas }] }] }));
    const columns = { query: "question", positive: "context" };
    const { examples } = await loadExamples(file, "retrieval", { columns });
    expect(examples).toEqual([{ query: "Where?", positive: "In Bonn.", line: 1 }]);
    await expect(loadExamples(file, "retrieval")).rejects.toMatchObject({
      field: "data[0].paragraphs[0].qas[0], query",
      received: "the fields id, question, context, answers",
    });
  });

  it("the documents of SQuAD, with questions that have no answer", async () => {
    const context = "In Bonn.";
    const qas = [
      { id: "1", question: "Where?", answers: [{ text: "Bonn", answer_start: 3 }] },
      {
        id: "2",
        question: "Why?",
        is_impossible: true,
        answers: [],
        plausible_answers: [{ text: "In", answer_start: 0 }],
      },
      { id: "3", answers: [] },
    ];
    const document = JSON.stringify({ version: "v2.0", data: [{ title: "t", paragraphs: [{ context, qas }] }] });
    const loaded = await loadExamples(written(".json", document), "question-answering", { skipBadRows: true });
    expect(loaded).toEqual({
      examples: [
        { id: "1", question: "Where?", context, answers: [{ text: "Bonn", start: 3 }], line: 1 },
        { id: "2", question: "Why?", context, answers: [], line: 2 },
      ],
      skippedRows: 1,
    });
    expect(await refusal(".json", document, "question-answering")).toMatchObject({
      message: "data[0].paragraphs[0].qas[2] of FILE has no question.",
    });
  });

  const parquet = (name: string): string =>
    fileURLToPath(new URL(`../../../test/golden/examples/${name}.parquet`, import.meta.url));

  it("Parquet, over row groups, in three packings", async () => {
    const squad = (await loadExamples(parquet("squad-snappy"), "question-answering")).examples;
    expect(squad.map(({ id, answers, line }) => [id, answers, line])).toEqual([
      ["q0", [], 1],
      ...[1, 2, 3, 4].map((i) => [`q${i}`, [{ text: String(i), start: 17 }], i + 1]),
    ]);
    expect(squad[4]?.context).toBe("It is the number 4, no other. 北京 😀");
    const columns = { text: "sentence" };
    const classes = (await loadExamples(parquet("classes-zstd"), "text-classification", { columns })).examples;
    expect(classes.map(({ text, label }) => `${text}: ${label}`)).toEqual(
      [0, 1, 2, 3, 4, 5].map((i) => `text ${i}: ${i % 2}`),
    );
    const tags = await loadExamples(parquet("tags-gzip"), "token-classification", { columns: { labels: "ner_tags" } });
    expect(tags.examples).toEqual([
      { tokens: ["a", "b"], labels: ["0", "3"], line: 1 },
      { tokens: ["c"], labels: ["1"], line: 2 },
    ]);
    await expect(loadExamples(parquet("classes-zstd"), "text-classification")).rejects.toMatchObject({
      field: "text",
      received: 'the columns "sentence", "label", "unused"',
    });
    expect(await refusal(".parquet", "PAR1 not at all PAR1", "text-classification")).toMatchObject({
      message: "FILE cannot be read as Parquet.",
    });
  });

  it("a mapped name may lead into an object", async () => {
    const row = { question: { stem: "Which?", choices: { label: ["A", "B"], text: ["one", "two"] } }, answerKey: "B" };
    const columns = { question: "question.stem", choices: "question.choices.text", label: "answerKey" };
    expect(await rows(".jsonl", lines(row), "multiple-choice", { columns })).toEqual([
      { question: "Which?", choices: ["one", "two"], label: 1, line: 1 },
    ]);
  });
});

describe("tasks", () => {
  /** For each task a row, and the same row from the cells of a table. */
  const cases: { [Task in ExampleTask]: { row: object; cells?: Record<string, string>; wanted?: object } } = {
    "text-classification": {
      row: { text: "t", label: ["a", 2] },
      cells: { text: "t", label: '["a", 2]' },
      wanted: { text: "t", label: ["a", "2"] },
    },
    "relation-extraction": {
      row: { text: "Anna lives in Bonn", head: [0, 4], tail: [14, 18], label: "lives-in" },
      cells: { text: "Anna lives in Bonn", head: "[0, 4]", tail: "[14, 18]", label: "lives-in" },
    },
    "token-classification": {
      row: { tokens: ["a", "b"], labels: ["O", "B-X"], intent: "go" },
      cells: { tokens: "a b", labels: '["O", "B-X"]', intent: "go" },
    },
    "span-extraction": {
      row: { text: "in Bonn", entities: [{ start: 3, end: 7, label: "LOC" }] },
      cells: { text: "in Bonn", entities: '[{"start": 3, "end": 7, "label": "LOC"}]' },
    },
    "dependency-parsing": { row: { tokens: ["it", "works"], heads: [2, 0], relations: ["nsubj", "root"] } },
    "question-answering": {
      row: { id: "7", question: "Where?", context: "In Bonn.", answers: [{ text: "Bonn", start: 3 }] },
      cells: { id: "7", question: "Where?", context: "In Bonn.", answers: '{"text": ["Bonn"], "answer_start": [3]}' },
    },
    "extractive-summarization": { row: { sentences: ["One.", "Two."], labels: [0, 1] } },
    "multiple-choice": {
      row: { context: "c", question: "q", choices: ["x", "y"], label: 1 },
      cells: { context: "c", question: "q", choices: '["x", "y"]', label: "y" },
    },
    cloze: {
      row: { text: "a [MASK] and ___ .", answer: ["b", "c"], choices: ["b", "c", "d"] },
      cells: { text: "a [MASK] and ___ .", answer: '["b", "c"]', choices: '["b", "c", "d"]' },
    },
    "spelling-correction": { row: { source: "teh", target: "the" }, cells: { source: "teh", target: "the" } },
    retrieval: {
      row: { query: "q", positive: "p", negatives: ["n"] },
      cells: { query: "q", positive: "p", negatives: '["n"]' },
    },
    "text-ranking": { row: { query: "q", positive: "p" }, cells: { query: "q", positive: "p" } },
    "retrieval-corpus": { row: { id: 3, text: "t" }, cells: { id: "3", text: "t" }, wanted: { id: "3", text: "t" } },
    text2text: { row: { source: "a", target: "b" } },
    summarization: { row: { source: "a", target: "b" } },
    translation: { row: { source: "a", target: "b" } },
    "language-modeling": { row: { text: "t" } },
    chat: { row: { messages: [{ role: "user", content: "" }] } },
    preference: { row: { prompt: "p", chosen: "c", rejected: "r" } },
  };

  it.each(Object.keys(exampleFields) as ExampleTask[])("%s", async (task) => {
    const { row, cells, wanted = row } = cases[task];
    expect(await rows(".jsonl", lines({ ...row, unknown: 1 }), task)).toEqual([{ ...wanted, line: 1 }]);
    if (cells === undefined) return;
    const names = Object.keys(cells).join("\t");
    expect(await rows(".tsv", `${names}\n${Object.values(cells).join("\t")}\n`, task)).toEqual([
      { ...wanted, line: 2 },
    ]);
  });

  it("numbers for regression", async () => {
    const content = "text\tlabel\na\t2.5\nb\t3\n";
    const scores = await rows(".tsv", content, "text-classification", { problemType: "regression" });
    expect(scores.map((row) => (row as { label: unknown }).label)).toEqual([2.5, 3]);
    expect(await refusal(".jsonl", lines({ text: "a", label: 2.5 }), "text-classification")).toMatchObject({
      field: "line 1, label",
      received: "2.5",
    });
  });

  it("answers off by a little or counted in code points are found, others are refused", async () => {
    const context = "😀 In Bonn, near Cologne.";
    const answers = async (text: string, start: number) => {
      const [row] = await rows(
        ".jsonl",
        lines({ question: "q", context, answers: [{ text, start }] }),
        "question-answering",
      );
      return (row as unknown as { answers: { start: number }[] }).answers[0]?.start;
    };
    expect(await answers("Bonn", 6)).toBe(6);
    expect(await answers("Bonn", 5)).toBe(6);
    expect(await answers("Bonn", 7)).toBe(6);
    expect(await answers("elsewhere", -1)).toBe(-1);
    const wrong = lines({ question: "q", context, answers: [{ text: "Bonn", start: 14 }] });
    expect(await refusal(".jsonl", wrong, "question-answering")).toMatchObject({
      field: "line 1, answers.0",
      expected: '"Bonn" at character 14 of the context',
      received: "ar C",
    });
  });
});

describe("bad rows", () => {
  it("are named by file, line and field, with what was expected", async () => {
    const content = lines({ text: "a", label: 0 }, { text: "b", lable: 1 });
    expect(await refusal(".jsonl", content, "text-classification")).toEqual({
      kind: "data",
      message: "Line 2 of FILE has no label.",
      field: "line 2, label",
      expected: "a class: a text or an integer",
      received: "the fields text, lable",
      hint: 'If it is called otherwise: --column label=lable (columns: { label: "lable" }). Or leave such rows out with --skip-bad-rows.',
    });
    expect(await refusal(".tsv", "text\tlabel\na\t\n", "text-classification")).toMatchObject({
      message: "Line 2 of FILE has no label.",
      received: "nothing",
    });
    const unequal = lines({ tokens: ["a"], labels: [] });
    expect((await refusal(".jsonl", unequal, "token-classification")).message).toBe(
      "Line 1 of FILE cannot be used because of its labels.",
    );
  });

  const seven = { tokens: ["a", "b"], labels: ["O", "O"] };
  it.each<[string, ExampleTask, unknown, object]>([
    ["not JSON", "text-classification", undefined, { field: "line 1", expected: "a JSON object" }],
    ["empty text", "text-classification", { text: " ", label: 1 }, { field: "line 1, text", received: '" "' }],
    ["a class in a list", "text-classification", { text: "a", label: ["x", null] }, { expected: /class/ }],
    ["too few labels", "token-classification", { ...seven, labels: ["O"] }, { field: "line 1, labels", received: "1" }],
    ["no tokens", "token-classification", { tokens: [], labels: [] }, { expected: "at least one word" }],
    ["a head outside", "dependency-parsing", { tokens: ["a"], heads: [2], relations: ["root"] }, { received: "2" }],
    ["its own head", "dependency-parsing", { tokens: ["a"], heads: [1], relations: ["root"] }, { received: "1" }],
    [
      "no root",
      "dependency-parsing",
      { tokens: ["a", "b"], heads: [2, 1], relations: ["x", "y"] },
      { field: "line 1, heads", expected: "0 for one token at least, the root", received: "none" },
    ],
    [
      "a cycle beside the root",
      "dependency-parsing",
      { tokens: ["a", "b", "c", "d"], heads: [0, 3, 4, 3], relations: ["root", "x", "y", "z"] },
      { field: "line 1, heads", expected: "a tree, without cycles", received: "3 → 4 → 3" },
    ],
    [
      "an empty stretch",
      "relation-extraction",
      { text: "ab", head: [1, 1], tail: [0, 1], label: "x" },
      { received: "start 1, end 1" },
    ],
    [
      "past the text",
      "span-extraction",
      { text: "ab", entities: [{ start: 0, end: 3, label: "x" }] },
      { field: "line 1, entities.0" },
    ],
    ["a choice too far", "multiple-choice", { question: "q", choices: ["a", "b"], label: 2 }, { received: "2" }],
    [
      "one choice",
      "multiple-choice",
      { question: "q", choices: ["a"], label: 0 },
      { expected: "a list of at least two choices" },
    ],
    ["neither", "multiple-choice", { choices: ["a", "b"], label: 0 }, { expected: "a context, a question or both" }],
    ["no blank", "cloze", { text: "a b", answer: "c" }, { field: "line 1, text" }],
    ["a blank too many", "cloze", { text: "__ b __", answer: "c" }, { expected: "2 of them, one a blank" }],
    ["not a choice", "cloze", { text: "__ b", answer: "c", choices: ["d"] }, { received: "c" }],
    ["2 for 0 or 1", "extractive-summarization", { sentences: ["a"], labels: [2] }, { expected: "0 or 1" }],
  ])("%s", async (_name, task, row, wanted) => {
    const found = await refusal(".jsonl", row === undefined ? '{"text": ' : lines(row), task);
    for (const [key, value] of Object.entries(wanted)) {
      const told = found[key as keyof typeof found];
      if (value instanceof RegExp) expect(told).toMatch(value);
      else expect(told).toBe(value);
    }
  });

  it("can be left out, told and counted", async () => {
    const content = 'text,label\na,1\nb\n"c",2\n"d" e,3\nf,4\ng,"never\nclosed\n';
    const told: DataError[] = [];
    const file = written(".csv", content);
    const loaded = await loadExamples(file, "text-classification", {
      skipBadRows: true,
      onBadRow: (error) => told.push(error),
    });
    expect(loaded.examples.map(({ text }) => text)).toEqual(["a", "c", "f"]);
    expect(loaded.skippedRows).toBe(3);
    expect(told.map(({ field, expected }) => [field, expected])).toEqual([
      ["line 3", "2 cells, as in the first row"],
      ["line 5", "cells that are quoted whole or not at all"],
      ["line 7", "a quotation mark that closes the one here"],
    ]);
  });

  it("an error when no row is left, or none was there", async () => {
    expect(await refusal(".jsonl", "\n", "text-classification")).toMatchObject({ message: "FILE holds no rows." });
    const found = await refusal(".jsonl", lines({ a: 1 }, { a: 2 }), "text-classification", { skipBadRows: true });
    expect(found.message).toMatch(/^No row of FILE can be used\. Line 1 of .* has no text\.$/);
  });
});

describe("requests that do not fit", () => {
  it("a column that is not there, with the columns that are", async () => {
    const found = await refusal(".csv", "sentence,label\na,1\n", "text-classification");
    expect(found).toMatchObject({ message: "FILE has no column text.", field: "text" });
    expect(found.received).toBe('the columns "sentence", "label"');
    expect(found.hint).toMatch(/--column text=NAME .*--no-header/);
    const near = await refusal(".csv", "txt,label\na,1\n", "text-classification", { columns: { text: "text_" } });
    expect(near.message).toBe("FILE has no column text_.");
    const headless = await refusal(".csv", "a,1\n", "text-classification", { header: false, columns: { text: 0 } });
    expect(headless).toMatchObject({ message: "Nothing says which column of FILE is label.", expected: /2 columns/ });
  });

  it.each<[string, Options, object]>([
    ["an option", { colums: {} } as Options, { hint: "Did you mean columns?" }],
    ["a field", { columns: { lable: "x" } }, { hint: "Did you mean label?" }],
    ["a format", { format: "xlsx" as never }, { field: "format" }],
    ["a delimiter", { delimiter: "::" }, { field: "delimiter" }],
  ])("%s that is not known", async (_name, options, wanted) => {
    expect(await refusal(".csv", "text,label\na,1\n", "text-classification", options)).toMatchObject({
      kind: "configuration",
      ...wanted,
    });
  });

  it("files that are missing or whose names say nothing", async () => {
    await expect(readExamples(join(scratch, "none.csv"), "cloze").next()).rejects.toMatchObject({ kind: "data" });
    expect(await refusal(".xyz", "a", "text-classification")).toMatchObject({ kind: "data", field: "format" });
    const forced = { format: "tsv" } as const;
    expect(await rows(".xyz", "text\tlabel\na\t1\n", "text-classification", forced)).toHaveLength(1);
  });
});

/**
 * Rows from the documents of SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016, 2018), in which CMRC 2018, DRCD and XQuAD are
 * written too: `data[].paragraphs[]` with `context` and `qas[]`. Offsets there count code points.
 */
import { type ExampleRecords, type RecordRequest, shown } from "./example-record.ts";

type Json = Readonly<Record<string, unknown>>;

export function isSquadDocument(document: unknown): document is Json {
  const [first] = list((document as Json | null)?.data);
  return Array.isArray((first as Json | null | undefined)?.paragraphs);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export async function* squadRecords(document: Json, { columns }: RecordRequest): ExampleRecords {
  let line = 0;
  const renamed = Object.entries(columns);
  for (const [article, entry] of list(document.data).entries()) {
    for (const [paragraph, { context, qas }] of list((entry as Json)?.paragraphs)
      .map(Object)
      .entries()) {
      for (const [number, question] of list(qas).entries()) {
        line++;
        const at = { line, place: `data[${article}].paragraphs[${paragraph}].qas[${number}]` };
        if (typeof question !== "object" || question === null) {
          yield { ...at, expected: "a question", received: shown(question) };
          continue;
        }
        const { id, question: asked, answers, is_impossible: impossible } = question as Json;
        const values: Json = { id, question: asked, context, answers: impossible === true ? [] : answers };
        // For other tasks, such as retrieval: the question as query, the context as what answers it.
        const others = renamed.map(([field, column]) => [field, values[String(column)]]);
        yield { ...at, values: { ...values, ...Object.fromEntries(others) }, names: Object.keys(values) };
      }
    }
  }
}

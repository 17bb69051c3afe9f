/**
 * Spans in labels of tokens: what B-, I-, E- and S- mean in each way of writing them.
 *
 * Schemes: IOB1 and IOB2 (Ramshaw and Marcus 1995; Tjong Kim Sang and Veenstra 1999), IOE1 and IOE2, IOBES (also called
 * BIOES) and BILOU (Ratinov and Roth 2009).
 */
import { DataError } from "../errors.ts";

/** Tokens [start, end) of one type. */
export interface LabelledSpan {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

export const spanSchemes = ["IOB1", "IOB2", "IOE1", "IOE2", "IOBES", "BILOU"] as const;
export type SpanScheme = (typeof spanSchemes)[number];

interface Tag {
  /** The letter before the dash. */
  readonly mark: string;
  readonly type: string;
}

const outside: Tag = { mark: "O", type: "_" };

/** The spans of a sentence by conlleval's rules, which make the best of labels that break their scheme. */
export function lenientSpans(labels: readonly string[]): LabelledSpan[] {
  const spans: LabelledSpan[] = [];
  let previous: Tag = { mark: "O", type: "" };
  let start = 0;
  for (const [at, label] of [...labels, "O"].entries()) {
    const rest = label.slice(1);
    const tag = { mark: label.charAt(0), type: rest.slice(rest.indexOf("-") + 1) || "_" };
    if (endsBefore(previous, tag)) spans.push({ type: previous.type, start, end: at });
    if (beginsAt(previous, tag)) start = at;
    previous = tag;
  }
  return spans;
}

function endsBefore(previous: Tag, tag: Tag): boolean {
  if (previous.mark === "E" || previous.mark === "S") return true;
  if ((previous.mark === "B" || previous.mark === "I") && "BSO".includes(tag.mark)) return true;
  return isInside(previous) && previous.type !== tag.type;
}

function beginsAt(previous: Tag, tag: Tag): boolean {
  if (tag.mark === "B" || tag.mark === "S") return true;
  if ("ESO".includes(previous.mark) && (tag.mark === "I" || tag.mark === "E")) return true;
  return isInside(tag) && previous.type !== tag.type;
}

function isInside({ mark }: Tag): boolean {
  return mark !== "O" && mark !== ".";
}

/** The mark before, the mark here, and whether the types must be the same, different, or do not matter. */
type Pattern = readonly [before: string, here: string, types?: "same" | "different"];

interface SchemeRules {
  readonly marks: string;
  readonly begins: readonly Pattern[];
  readonly continues: readonly Pattern[];
  /** Must hold at the end of what was begun, or it is no span. */
  readonly ends: readonly Pattern[];
}

const any = "IOBESUL";
const insideAfterBegin: readonly Pattern[] = [
  ["B", "I", "same"],
  ["I", "I", "same"],
];

const rules: Record<SpanScheme, SchemeRules> = {
  IOB1: {
    marks: "IOB",
    begins: [
      ["OB", "I"],
      ["I", "I", "different"],
      ["IB", "B", "same"],
    ],
    continues: insideAfterBegin,
    ends: [
      ["I", "I", "different"],
      ["I", "OB"],
      ["B", "O"],
      ["B", "I", "different"],
      ["B", "B", "same"],
    ],
  },
  IOB2: {
    marks: "IOB",
    begins: [[any, "B"]],
    continues: insideAfterBegin,
    ends: [
      ["IB", "OB"],
      ["IB", "I", "different"],
    ],
  },
  IOE1: {
    marks: "IOE",
    begins: [
      ["OE", "I"],
      ["I", "I", "different"],
      ["E", "E", "same"],
    ],
    continues: [["I", "IE", "same"]],
    ends: [
      ["I", "IE", "different"],
      ["I", "O"],
      ["E", "IE", "same"],
    ],
  },
  IOE2: {
    marks: "IOE",
    begins: [
      ["OE", "IE"],
      ["I", "IE", "different"],
    ],
    continues: [["I", "IE", "same"]],
    ends: [["E", any]],
  },
  IOBES: {
    marks: "IOBES",
    begins: [[any, "BS"]],
    continues: [["BI", "IE", "same"]],
    ends: [["SE", any]],
  },
  BILOU: {
    marks: "BILOU",
    begins: [[any, "BU"]],
    continues: [["BI", "IL", "same"]],
    ends: [["UL", any]],
  },
};

function holds(patterns: readonly Pattern[], previous: Tag, tag: Tag): boolean {
  return patterns.some(([before, here, types]) => {
    if (!before.includes(previous.mark) || !here.includes(tag.mark)) return false;
    return types === undefined || (types === "same") === (previous.type === tag.type);
  });
}

/**
 * The spans of a sentence that are written exactly as the scheme says; what is not is no span.
 *
 * @throws DataError for a label with a mark that the scheme does not have.
 */
export function strictSpans(labels: readonly string[], scheme: SpanScheme): LabelledSpan[] {
  const { marks, begins, continues, ends } = rules[scheme];
  const tags = [...labels.map((label) => strictTag(label, marks, scheme)), outside];
  const spans: LabelledSpan[] = [];
  let previous = outside;
  for (let at = 0; at < tags.length; ) {
    const tag = tags[at] as Tag;
    let end = at + 1;
    if (holds(begins, previous, tag)) {
      while (end < labels.length && holds(continues, tags[end - 1] as Tag, tags[end] as Tag)) end++;
      if (holds(ends, tags[end - 1] as Tag, tags[end] ?? outside)) spans.push({ type: tag.type, start: at, end });
    }
    previous = tags[end - 1] as Tag;
    at = end;
  }
  return spans;
}

function strictTag(label: string, marks: string, scheme: SpanScheme): Tag {
  const mark = label.charAt(0);
  if (mark === "" || !marks.includes(mark)) {
    throw new DataError(`${label} is no label of the scheme ${scheme}.`, {
      field: "labels",
      expected: [...marks].map((one) => (one === "O" ? "O" : `${one}-…`)).join(", "),
      received: label,
      hint: "Name the scheme that the labels are written in, or leave it out for conlleval's lenient reading.",
    });
  }
  return { mark, type: label.slice(1).replace(/^-+|-+$/g, "") || "_" };
}

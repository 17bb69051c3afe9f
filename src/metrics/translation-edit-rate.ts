/**
 * TER: how many edits, shifts of a stretch of words among them, turn a hypothesis into its reference, as sacrebleu and
 * Tercom count them.
 *
 * Paper: Snover et al. 2006, "A Study of Translation Edit Rate with Targeted Human Annotation".
 */
import { cutWestern } from "./bleu-tokenizers.ts";
import { type Edit, ReferenceDistance } from "./reference-distance.ts";
import { type ReferenceLists, referencesOf } from "./translation-references.ts";
import { splitWords } from "./words.ts";

export interface TranslationEditRateOptions {
  /** Cuts punctuation from words, and undoes the entities of SGML. */
  readonly normalized?: boolean | undefined;
  readonly noPunct?: boolean | undefined;
  /** Has `normalized` and `noPunct` reach Chinese and Japanese characters. */
  readonly asianSupport?: boolean | undefined;
  readonly caseSensitive?: boolean | undefined;
}

export interface TranslationEditRate {
  /** Edits over words of the references, in percent; it can exceed 100. */
  readonly score: number;
  readonly edits: number;
  /** Words; of several references their mean. */
  readonly referenceLength: number;
}

/** The rate of all hypotheses together; `references` holds one list for each translator. */
export function translationEditRate(
  hypotheses: readonly string[],
  references: ReferenceLists,
  options: TranslationEditRateOptions = {},
): TranslationEditRate {
  let [edits, referenceLength] = [0, 0];
  for (const [at, own] of referencesOf(hypotheses, references).entries()) {
    const given = tercomWords(hypotheses[at] ?? "", options);
    const wanted = own.map((text) => tercomWords(text, options));
    edits += Math.min(...wanted.map((words) => editsBetween(given, words)));
    referenceLength += wanted.reduce((sum, words) => sum + words.length, 0) / wanted.length;
  }
  const rate = referenceLength > 0 ? edits / referenceLength : Number(edits > 0);
  return { score: 100 * rate, edits, referenceLength };
}

const ASIAN_PUNCTUATION = /[\u3001\u3002\u3008-\u3011\u3014-\u301f\uff61-\uff65\u30fb]/g;
const FULL_WIDTH_PUNCTUATION = /[\uff0e\uff0c\uff1f\uff1a\uff1b\uff01\uff02\uff08\uff09]/g;
const ASIAN_CHARACTERS =
  /[\u4e00-\u9fff\u3400-\u4dbf\u31c0-\u31ef\u2e80-\u2eff\u3200-\u3f22\uf900-\ufaff\ufe30-\ufe4f]/g;

/** The words as Tercom's normalizer leaves them. */
function tercomWords(text: string, options: TranslationEditRateOptions): string[] {
  const { normalized = false, noPunct = false, asianSupport = false, caseSensitive = false } = options;
  let words = text.trimEnd();
  if (!caseSensitive) words = words.toLowerCase();
  if (normalized) {
    words = normalizedWestern(words);
    if (asianSupport) {
      for (const characters of [ASIAN_CHARACTERS, ASIAN_PUNCTUATION, FULL_WIDTH_PUNCTUATION]) {
        words = words.replace(characters, " $& ");
      }
    }
  }
  if (noPunct) {
    words = words.replace(/[.,?:;!"()]/g, "");
    if (asianSupport) words = words.replace(ASIAN_PUNCTUATION, "").replace(FULL_WIDTH_PUNCTUATION, "");
  }
  return splitWords(words);
}

function normalizedWestern(text: string): string {
  const plain = text
    .replaceAll("\n-", "")
    .replaceAll("\n", " ")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">");
  return cutWestern(` ${plain} `.replace(/'s /g, " 's "));
}

/** Tercom's limits, and how many shifts are tried for a sentence. */
const MAX_SHIFT_WORDS = 10;
const MAX_SHIFT_DISTANCE = 50;
const MAX_CANDIDATES = 1000;

/** Shifts as long as one brings the words nearer, and then the edits that are left. */
function editsBetween(given: readonly string[], wanted: readonly string[]): number {
  if (wanted.length === 0) return given.length;
  const distance = new ReferenceDistance(wanted);
  let [words, shifts, tried] = [given, 0, 0];
  for (;;) {
    const { best, candidates } = bestShift(words, wanted, distance, tried);
    tried = candidates;
    if (tried >= MAX_CANDIDATES || best === undefined || best.gain <= 0) break;
    shifts++;
    words = best.words;
  }
  return shifts + distance.of(words).cost;
}

interface Shift {
  /** By how much the distance falls. */
  readonly gain: number;
  readonly length: number;
  readonly from: number;
  readonly to: number;
  readonly words: readonly string[];
}

/** The shift that gains most; of equal ones the longest, then the first, then the one that goes least far. */
function bestShift(
  words: readonly string[],
  wanted: readonly string[],
  distance: ReferenceDistance,
  triedBefore: number,
): { readonly best: Shift | undefined; readonly candidates: number } {
  const { cost, edits } = distance.of(words);
  const { aligned, wrongGiven, wrongWanted } = alignment(edits);
  let best: Shift | undefined;
  let candidates = triedBefore;
  for (const { from, at, length } of commonStretches(words, wanted)) {
    const isWrong = wrongGiven.slice(from, from + length).includes(true);
    const isMissing = wrongWanted.slice(at, at + length).includes(true);
    const target = aligned[at] as number;
    if (!isWrong || !isMissing || (from <= target && target < from + length)) continue;
    let previous = -1;
    for (let offset = -1; offset < length; offset++) {
      const before = at + offset === -1 ? -1 : aligned[at + offset];
      if (before === undefined) break;
      const to = before + 1;
      if (to === previous) continue;
      previous = to;
      const shifted = moved(words, from, length, to);
      const shift = { gain: cost - distance.of(shifted).cost, length, from, to, words: shifted };
      candidates++;
      if (best === undefined || isBetter(shift, best)) best = shift;
    }
    if (candidates >= MAX_CANDIDATES) break;
  }
  return { best, candidates };
}

function isBetter(a: Shift, b: Shift): boolean {
  return (a.gain - b.gain || a.length - b.length || b.from - a.from || b.to - a.to) > 0;
}

/** Stretches of up to ten words that both hold, at places not too far apart; every beginning of a longer one is one too. */
function* commonStretches(words: readonly string[], wanted: readonly string[]) {
  for (let from = 0; from < words.length; from++) {
    const last = Math.min(wanted.length - 1, from + MAX_SHIFT_DISTANCE);
    for (let at = Math.max(0, from - MAX_SHIFT_DISTANCE); at <= last; at++) {
      const longest = Math.min(MAX_SHIFT_WORDS, words.length - from, wanted.length - at);
      for (let length = 1; length <= longest && words[from + length - 1] === wanted[at + length - 1]; length++) {
        yield { from, at, length };
      }
    }
  }
}

/** The words with `length` of them from `from` on put where the word `to` stood. */
function moved(words: readonly string[], from: number, length: number, to: number): string[] {
  const stretch = words.slice(from, from + length);
  const rest = [...words.slice(0, from), ...words.slice(from + length)];
  const place = to < from ? to : to > from + length ? to - length : to;
  return [...rest.slice(0, place), ...stretch, ...rest.slice(place)];
}

interface Alignment {
  /** For each word of the reference the word of the hypothesis that it stands beside, or after. */
  readonly aligned: readonly number[];
  readonly wrongGiven: readonly boolean[];
  readonly wrongWanted: readonly boolean[];
}

function alignment(edits: readonly Edit[]): Alignment {
  const aligned: number[] = [];
  const wrongGiven: boolean[] = [];
  const wrongWanted: boolean[] = [];
  for (const edit of edits) {
    const wrong = edit !== "same";
    if (edit !== "insertion") wrongGiven.push(wrong);
    if (edit === "deletion") continue;
    wrongWanted.push(wrong);
    aligned.push(wrongGiven.length - 1);
  }
  return { aligned, wrongGiven, wrongWanted };
}

/**
 * Sentence boundaries in English and Chinese text by rules.
 *
 * The rules are our own, and not `Intl.Segmenter`'s, for two reasons: its answers follow the Unicode data of the engine
 * that runs it, so that a corpus would change with a Node version; and it ends sentences after "Mr." and inside quotes.
 *
 * A sentence ends
 * - after 。！？ and any closing marks behind them, unless a comma or the like goes on from there;
 * - after . ! ? … and any closing marks behind them, if white space follows and what comes next can begin a sentence
 *   (not a lower-case letter); but not after an abbreviation ("Mr.", "No. 5", "J. Smith"), unless the next word is one
 *   that often begins sentences ("the U.S. The").
 */

/** White-space separated titles and the like that never end a sentence. */
const NEVER_FINAL = new Set(
  `mr mrs ms mx dr drs prof profs rev hon st ste mt ft gen col maj capt cmdr cpt lt sgt cpl pvt adm sen sens rep reps gov pres supt atty brig pfc jas chas wm geo thos messrs
   mme mlle sr. fr br dept univ assn bros vs v eg ie e.g i.e cf viz approx ca esp incl resp`.split(/\s+/),
);

/** Abbreviations that do not end a sentence before a number. */
const BEFORE_NUMBERS = new Set(
  `no nos vol vols fig figs eq eqs eqn ref refs sec sect ch chap p pp par para art op pl ed jan feb mar apr jun jul aug sep sept oct
   nov dec tel ext rm stat`.split(/\s+/),
);

/** Abbreviations that end a sentence only before a word that often begins one. */
const SOMETIMES_FINAL = new Set(
  `jr sr inc ltd corp co cos llc plc bros etc al ave blvd rd hwy sq bldg mfg intl natl govt ph.d m.d b.a m.a b.s m.s
   esq mo wk yr hr min lb lbs oz in cm mm km kg mi sq vol est ed eds trans rev repr jan feb mar apr aug sept oct nov dec
   mon tue tues wed thu thur thurs fri sat sun ala ariz ark calif colo conn del fla ga ill ind kan ky la md mass mich
   minn miss mont neb nev okla ore pa tenn tex va vt wash wis wyo`.split(/\s+/),
);

const SENTENCE_STARTERS = new Set(
  `a after all also although an and another any as at because before both but by despite during each even every
   following for from he her here his how however i if in indeed instead it its just later many meanwhile more
   moreover most much my nevertheless no nor not now of on once one only or other others our out over perhaps she since
   so some still such than that the their then there these they this those though three through thus to today two under
   until upon we what when where whether which while who why with without yes yet you your`.split(/\s+/),
);

const CJK_TERMINATOR = /[。！？｡]/u;
const TERMINATORS = /[.!?。！？｡…]+/gu;
const CLOSING = /["'”’»›)\]}」』）】》〉〗]/u;
const GOES_ON = /[，、；：,;:—～~]/u;
const OPENING = /["'“‘«‹([{「『（【《〈〖¿¡-]/u;
const LOWER_CASE = /\p{Ll}/u;
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;
const SPACE = /\s/u;

/** The sentences of a text, in order, trimmed; together they hold everything but white space between them. */
export function splitSentences(text: string): string[] {
  const sentences: string[] = [];
  let start = 0;
  TERMINATORS.lastIndex = 0;
  for (let match = TERMINATORS.exec(text); match !== null; match = TERMINATORS.exec(text)) {
    const end = pastClosing(text, match.index + match[0].length);
    if (!isBoundary(text, start, match.index, match[0], end)) continue;
    pushTrimmed(sentences, text.slice(start, end));
    start = end;
    TERMINATORS.lastIndex = end;
  }
  pushTrimmed(sentences, text.slice(start));
  return sentences;
}

function pushTrimmed(sentences: string[], sentence: string): void {
  const trimmed = sentence.trim();
  if (trimmed !== "") sentences.push(trimmed);
}

function pastClosing(text: string, from: number): number {
  let at = from;
  while (at < text.length && CLOSING.test(text[at] as string)) at++;
  return at;
}

/** Whether a sentence that began at `start` ends before `end`; the terminators stand at `at`. */
function isBoundary(text: string, start: number, at: number, terminators: string, end: number): boolean {
  if (end >= text.length) return true;
  const next = text[end] as string;
  if (CJK_TERMINATOR.test(terminators)) return !GOES_ON.test(next);
  if (!SPACE.test(next)) {
    // "OK!" may stand inside Chinese text without a space behind it; a full stop or an ellipsis does not end there.
    return CJK.test(next) && !/^[.…]+$/.test(terminators);
  }
  const following = firstAfterSpace(text, end);
  if (following === undefined) return true;
  if (LOWER_CASE.test(following) || GOES_ON.test(following)) return false;
  if (terminators === "." && end === at + 1) return !isAbbreviation(text, start, at, end);
  // Quoted questions and exclamations, and ellipses: "Really?" he asked; well … Maybe.
  return true;
}

function firstAfterSpace(text: string, from: number): string | undefined {
  let at = from;
  while (at < text.length && (SPACE.test(text[at] as string) || OPENING.test(text[at] as string))) at++;
  return at < text.length ? String.fromCodePoint(text.codePointAt(at) as number) : undefined;
}

/** Whether the full stop at `at` belongs to the word before it and does not end the sentence. */
function isAbbreviation(text: string, start: number, at: number, end: number): boolean {
  const word = wordBefore(text, start, at);
  if (word === "") return false;
  const lower = word.toLowerCase();
  if (NEVER_FINAL.has(lower)) return true;
  const rest = text.slice(end, end + 40).trimStart();
  if (BEFORE_NUMBERS.has(lower) && /^\(?[\dIVX]/.test(rest)) return true;
  // A numbered item: "3. The third".
  if (/^\d{1,3}$/.test(word) && text.slice(start, at).trim() === word) return true;
  const isInitial = /^\p{Lu}$/u.test(word);
  const isAcronym = /^(?:\p{L}\.)+\p{L}$/u.test(word);
  if (!isInitial && !isAcronym && !SOMETIMES_FINAL.has(lower)) return false;
  const nextWord = /^["'“‘([]*(\p{L}+)/u.exec(rest)?.[1];
  if (nextWord === undefined) return isInitial || /^\d/.test(rest);
  const beginsSentences = /^\p{Lu}/u.test(nextWord) && SENTENCE_STARTERS.has(nextWord.toLowerCase());
  // "I" and "A" are words; "J. A. Smith" is two initials.
  if (isInitial && word !== "I") return !(beginsSentences && nextWord.length > 1);
  return !beginsSentences;
}

/** The letters, digits and inner full stops before `at`, without opening marks. */
function wordBefore(text: string, start: number, at: number): string {
  let from = at;
  while (from > start && /[\p{L}\p{N}.&]/u.test(text[from - 1] as string)) from--;
  return text.slice(from, at);
}

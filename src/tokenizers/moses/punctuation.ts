/**
 * The Moses scripts' normalization of punctuation (`replace-unicode-punctuation`, `normalize-punctuation`,
 * `remove-non-printing-char`), https://www.statmt.org/moses, in the order in which XLM applies them.
 */
import { type AlignedText, AlignedTextBuilder } from "../aligned-text.ts";
import { applyRules, type Rule, rewriteText, rule } from "../rewritten-text.ts";
import { DIGIT, OTHER, SPACE } from "./character-classes.ts";

/** Full-width and Chinese punctuation, each with its ASCII counterpart. */
const COUNTERPARTS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ "，": ",", "、": ",", "”": '"', "“": '"', "∶": ":", "：": ":", "？": "?", "《": '"', "》": '"', "）": ")" },
    ...{ "！": "!", "（": "(", "；": ";", "」": '"', "「": '"', "～": "~", "’": "'", "…": "...", "━": "-", "〈": "<" },
    ...{ "〉": ">", "【": "[", "】": "]", "％": "%", "０": "0", "１": "1", "２": "2", "３": "3", "４": "4", "５": "5" },
    ...{ "６": "6", "７": "7", "８": "8", "９": "9", "。": ". ", "．": ". " },
  }),
);
const WITH_COUNTERPART = new RegExp(`[。．][${SPACE}]*|[${[...COUNTERPARTS.keys()].join("")}]`, "dgu");

/** The rules for all languages, without those for characters that have a counterpart above. */
const COMMON: readonly Rule[] = [
  ...[rule("\\r"), rule("\\(", " ("), rule("\\)", ") "), rule(" +", " ")],
  ...[rule("(\\)) ([.!:?;,])", 1, 2), rule("(\\() ", 1), rule(" (\\))", 1), rule(`([${DIGIT}]) %`, 1, "%")],
  ...[rule(" :", ":"), rule(" ;", ";"), rule("`", "'"), rule("''", ' " '), rule("„", '"')],
  ...[rule("–", "-"), rule("—", " - "), rule(" +", " "), rule("´", "'"), rule("([a-zA-Z])‘([a-zA-Z])", 1, "'", 2)],
  ...[rule("‘", "'"), rule("‚", "'"), rule("''", '"')],
  ...[rule("\\xa0«\\xa0", '"'), rule("«\\xa0", '"'), rule("«", '"')],
  ...[rule("\\xa0»\\xa0", '"'), rule("\\xa0»", '"'), rule("»", '"')],
  ...[rule("\\xa0%", "%"), rule("(nº)\\xa0", 1, " "), rule("\\xa0:", ":"), rule("\\xa0(ºC)", " ", 1)],
  ...[rule("\\xa0(cm)", " ", 1), rule("\\xa0\\?", "?"), rule("\\xa0!", "!"), rule("\\xa0;", ";")],
  ...[rule(",\\xa0", ", "), rule(" +", " ")],
];
const ENGLISH_QUOTES = rule('"([,.]+)', 1, '"');
const COMMA_BEFORE_QUOTE = rule(',"', '",');
const NUMBER_WITH_COMMA = rule(`([${DIGIT}])\\xa0([${DIGIT}])`, 1, ",", 2);
const NUMBER_WITH_POINT = rule(`([${DIGIT}])\\xa0([${DIGIT}])`, 1, ".", 2);
const EDGES = rule(`^[${SPACE}]+|(?<![${SPACE}])[${SPACE}]+$`);
const IS_SPACE = new RegExp(`[${SPACE}]`, "u");
const UNPRINTABLE = rule(`[${OTHER}]+`);

/** Unifies quotation marks, dashes, spaces around punctuation and the like, and deletes control characters. */
export function normalizePunctuation(source: AlignedText, language: string): AlignedText {
  let text = rewriteText(source, WITH_COUNTERPART, (match) => [COUNTERPARTS.get(match[0][0]!)!]);
  text = applyRules(text, COMMON);
  if (language === "en") text = applyRules(text, [ENGLISH_QUOTES]);
  else if (["de", "es", "fr"].includes(language)) text = pointAfterQuote(applyRules(text, [COMMA_BEFORE_QUOTE]));
  const hasComma = ["de", "es", "cz", "cs", "fr"].includes(language);
  return applyRules(text, [hasComma ? NUMBER_WITH_COMMA : NUMBER_WITH_POINT, EDGES, UNPRINTABLE]);
}

/** `."` becomes `".`, but for the end of the text. By hand, as the rule's expression takes quadratic time for many points. */
function pointAfterQuote(source: AlignedText): AlignedText {
  const { text } = source;
  const builder = new AlignedTextBuilder(source);
  let done = 0;
  for (let quote = text.indexOf('"'); quote >= 0; quote = text.indexOf('"', Math.max(quote + 1, done))) {
    let points = quote;
    while (points > done && text[points - 1] === ".") points--;
    let next = quote + 1;
    if (points === quote || next === text.length || text[next] === "<") continue;
    while (next < text.length && IS_SPACE.test(text[next]!)) next++;
    builder.copy(done, points);
    builder.copy(quote, quote + 1);
    builder.copy(points, quote);
    builder.copy(quote + 1, next);
    done = next;
    // What the rule looks at after the spaces is used up, too.
    if (next < text.length && text[next] !== "<") {
      const end = next + (text.codePointAt(next)! > 0xffff ? 2 : 1);
      builder.copy(next, end);
      done = end;
    }
  }
  builder.copy(done, text.length);
  return done === 0 ? source : builder.finish();
}

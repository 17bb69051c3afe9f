/**
 * Tokens that are found in the text before anything else happens to it: special ones, and words that users add.
 */
import { TokenizerError } from "../errors.ts";
import { AlignedText } from "./aligned-text.ts";
import { fieldError, isCount, type JsonFields } from "./json-fields.ts";
import { ROOT, TokenTrie } from "./models/token-trie.ts";
import type { Normalizer } from "./normalizers/normalizer.ts";
import { escapeForPattern } from "./patterns.ts";

export interface AddedToken {
  readonly content: string;
  /** Matches only between characters that are not of a word. */
  readonly singleWord: boolean;
  /** Takes the white space before it along. */
  readonly lstrip: boolean;
  /** Takes the white space after it along. */
  readonly rstrip: boolean;
  /** Looked for in the normalized text instead of the original one. */
  readonly normalized: boolean;
  /** Left out by `decode` with `skipSpecialTokens`. */
  readonly special: boolean;
}

export interface AddedTokenWithId extends AddedToken {
  readonly id: number;
}

/** A special token as they usually are: matched in the original text, without the spaces around it. */
export function specialToken(content: string, options: Partial<Omit<AddedToken, "content">> = {}): AddedToken {
  return { content, singleWord: false, lstrip: false, rstrip: false, normalized: false, special: true, ...options };
}

/** Longer than any added token, and more of them than any model has: bounds against hostile files. */
const LONGEST_TOKEN = 1024;
const MOST_ADDED_TOKENS = 1 << 16;
const MOST_ADDED_CHARACTERS = 1 << 21;

/** Called for each part of a text: an added token with its id, or, without an id, text between them. */
export type PartReceiver = (part: AlignedText, id: number | undefined) => void;

interface Matcher {
  readonly pattern: RegExp | ManyTokens;
  readonly tokens: ReadonlyMap<string, AddedTokenWithId>;
}

export class AddedVocabulary {
  readonly #byId = new Map<number, AddedTokenWithId>();
  /** Ids by content, and by what the normalizer makes of it. */
  readonly #ids: ReadonlyMap<string, number>;
  readonly #contents = new Map<string, number>();
  /** What the normalizer makes of contents, where that is something else. */
  readonly #surfaces = new Map<number, string>();
  /** Finds the tokens in original texts and in normalized ones; made for the first text. */
  readonly #original = new LazyMatcher(() => this.#entries(false));
  readonly #normalized = new LazyMatcher(() => this.#entries(true));

  constructor(tokens: Iterable<AddedTokenWithId>, normalizer?: Normalizer) {
    for (const token of tokens) this.#byId.set(token.id, token);
    for (const { id, content, normalized } of this.#byId.values()) {
      const surface = (normalized && normalizer?.normalize(new AlignedText(content, false)).text) || content;
      if (surface !== content) this.#surfaces.set(id, surface);
      this.#contents.set(content, id);
    }
    this.#ids = this.#surfaces.size === 0 ? this.#contents : this.#idsOfSurfaces();
  }

  /** All added tokens in the order of their ids. */
  tokens(): AddedTokenWithId[] {
    return [...this.#byId.values()].sort((a, b) => a.id - b.id);
  }

  get(id: number): AddedTokenWithId | undefined {
    return this.#byId.get(id);
  }

  /** Whether a token, as it is decoded, is the text of a special one: so the reference asks, which keeps what normalization changed. */
  isSpecialText(token: string): boolean {
    const id = this.#contents.get(token);
    return id !== undefined && (this.#byId.get(id)?.special ?? false);
  }

  /** The token as it stands in a normalized text; this is also what the reference decodes it to. */
  surfaceOf(id: number): string | undefined {
    return this.#surfaces.get(id) ?? this.#byId.get(id)?.content;
  }

  idOf(token: string): number | undefined {
    return this.#ids.get(token);
  }

  /** Parts the original text at the tokens that are looked for there. */
  splitOriginal(text: AlignedText, receive: PartReceiver): void {
    if (text.text !== "") splitAt(text, this.#original.get(), receive);
  }

  /** Parts a normalized text at the tokens that are looked for there. */
  splitNormalized(text: AlignedText, receive: PartReceiver): void {
    if (text.text !== "") splitAt(text, this.#normalized.get(), receive);
  }

  #idsOfSurfaces(): Map<string, number> {
    const ids = new Map<string, number>();
    for (const { id, content } of this.#byId.values()) ids.set(this.surfaceOf(id)!, id).set(content, id);
    return ids;
  }

  #entries(normalized: boolean): (readonly [surface: string, token: AddedTokenWithId])[] {
    return this.tokens().flatMap((token) =>
      token.normalized === normalized ? [[this.surfaceOf(token.id)!, token] as const] : [],
    );
  }
}

class LazyMatcher {
  readonly #entries: () => (readonly [surface: string, token: AddedTokenWithId])[];
  #matcher: Matcher | undefined;
  #isMade = false;

  constructor(entries: () => (readonly [surface: string, token: AddedTokenWithId])[]) {
    this.#entries = entries;
  }

  /** Undefined if there is nothing to find. */
  get(): Matcher | undefined {
    if (!this.#isMade) this.#matcher = matcherOf(this.#entries());
    this.#isMade = true;
    return this.#matcher;
  }
}

/** Reads `added_tokens` of tokenizer.json. */
export function readAddedTokens(fields: JsonFields): AddedTokenWithId[] {
  const seen = new Map<number, string>();
  let characters = 0;
  return fields.objects(
    "added_tokens",
    (entry) => {
      const id = entry.count("id");
      const token = { id, ...readAddedToken(entry, true) };
      if (seen.has(id)) throw entry.error("id", `an id of its own (${id} is that of ${JSON.stringify(seen.get(id))})`);
      seen.set(id, token.content);
      characters += token.content.length;
      if (characters > MOST_ADDED_CHARACTERS) {
        throw entry.error("content", `tokens of together at most ${MOST_ADDED_CHARACTERS} characters`, "more");
      }
      return token;
    },
    MOST_ADDED_TOKENS,
    [],
  );
}

/** Reads an added token's fields, as tokenizer.json and tokenizer_config.json both write them. */
export function readAddedToken(entry: JsonFields, special: boolean): AddedToken {
  const content = entry.string("content");
  if (content === "") throw entry.error("content", "a text that is not empty");
  if (content.length > LONGEST_TOKEN) throw entry.error("content", `a text of at most ${LONGEST_TOKEN} characters`);
  return {
    content,
    singleWord: entry.boolean("single_word", false),
    lstrip: entry.boolean("lstrip", false),
    rstrip: entry.boolean("rstrip", false),
    normalized: entry.boolean("normalized", !special),
    special: entry.boolean("special", special),
  };
}

/** Reads `added_tokens.json`, where tokens that were added to an old tokenizer stand with their ids. */
export function readAddedTokenIds(value: JsonFields): AddedTokenWithId[] {
  const tokens: AddedTokenWithId[] = [];
  requireFewTokens(value);
  value.forEach((content, id) => {
    if (!isCount(id)) throw fieldError(value.file, JSON.stringify(content), "an id", id);
    if (content === "" || content.length > LONGEST_TOKEN) {
      throw fieldError(value.file, String(id), `a token of 1 to ${LONGEST_TOKEN} characters`, content);
    }
    tokens.push({ id, ...specialToken(content, { special: false, normalized: true }) });
  });
  return tokens;
}

/** Refuses an object of more entries than any model has added tokens. */
export function requireFewTokens(value: JsonFields): void {
  if (value.size <= MOST_ADDED_TOKENS) return;
  const field = value.path || "(the whole file)";
  throw fieldError(value.file, field, `at most ${MOST_ADDED_TOKENS} added tokens`, value.size);
}

export function addedTokenToJSON(token: AddedTokenWithId): Record<string, unknown> {
  return { id: token.id, ...addedTokenFieldsToJSON(token) };
}

export function addedTokenFieldsToJSON(token: AddedToken): Record<string, unknown> {
  return {
    content: token.content,
    single_word: token.singleWord,
    lstrip: token.lstrip,
    rstrip: token.rstrip,
    normalized: token.normalized,
    special: token.special,
  };
}

function matcherOf(entries: readonly (readonly [surface: string, token: AddedTokenWithId])[]): Matcher | undefined {
  if (entries.length === 0) return undefined;
  // Of tokens that normalization makes the same the first is found.
  const tokens = new Map([...entries].reverse());
  if (tokens.size > MOST_ALTERNATIVES) return { pattern: new ManyTokens([...tokens.keys()]), tokens };
  // The first alternative that fits wins, so the longer ones stand first: leftmost, then longest.
  const alternatives = [...tokens.keys()].sort((a, b) => b.length - a.length).map(escapeForPattern);
  return { pattern: new RegExp(alternatives.join("|"), "gu"), tokens };
}

/** A regular expression of more alternatives takes long to build, and tries them all at each place. */
const MOST_ALTERNATIVES = 1000;

/** Finds the leftmost, then longest of many tokens; used like a regular expression. */
class ManyTokens {
  lastIndex = 0;
  readonly #trie: TokenTrie;

  constructor(tokens: readonly string[]) {
    this.#trie = new TokenTrie(tokens);
  }

  exec(text: string): { readonly 0: string; readonly index: number } | null {
    for (let index = this.lastIndex; index < text.length; index++) {
      const end = this.#longestAt(text, index);
      if (end === index) continue;
      this.lastIndex = end;
      return { 0: text.slice(index, end), index };
    }
    this.lastIndex = 0;
    return null;
  }

  #longestAt(text: string, start: number): number {
    let longest = start;
    let node = ROOT;
    for (let at = start; at < text.length; ) {
      node = this.#trie.child(node, text.charCodeAt(at++));
      if (node === 0) break;
      if (this.#trie.tokenAt(node) >= 0) longest = at;
    }
    return longest;
  }
}

function splitAt(source: AlignedText, matcher: Matcher | undefined, receive: PartReceiver): void {
  if (!matcher) {
    receive(source, undefined);
    return;
  }
  const { text } = source;
  const { pattern, tokens } = matcher;
  pattern.lastIndex = 0;
  let done = 0;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const token = tokens.get(match[0]);
    if (!token) throw new TokenizerError(`The added token ${JSON.stringify(match[0])} has no id.`);
    let start = match.index;
    let end = start + match[0].length;
    if (token.singleWord && (endsInWord(text, start) || beginsWithWord(text, end))) continue;
    if (token.lstrip) start = Math.max(spacesBefore(text, start), done);
    if (token.rstrip) end = spacesAfter(text, end);
    if (done < start) receive(source.slice(done, start), undefined);
    receive(source.slice(start, end), token.id);
    done = end;
  }
  if (done < text.length) receive(source.slice(done, text.length), undefined);
}

const WORD_AT_END = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u;
const WORD_AT_START = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u;
const SPACE = /\p{White_Space}/u;

function endsInWord(text: string, end: number): boolean {
  return end > 0 && WORD_AT_END.test(text.slice(Math.max(0, end - 2), end));
}

function beginsWithWord(text: string, start: number): boolean {
  return start < text.length && WORD_AT_START.test(text.slice(start, start + 2));
}

// All white space lies in the basic plane, so single units can be tested.
function spacesBefore(text: string, end: number): number {
  let start = end;
  while (start > 0 && SPACE.test(text[start - 1]!)) start--;
  return start;
}

function spacesAfter(text: string, start: number): number {
  let end = start;
  while (end < text.length && SPACE.test(text[end]!)) end++;
  return end;
}

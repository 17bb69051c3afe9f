/**
 * SentencePiece's normalization maps: a table of replacements, compiled into a double-array trie.
 *
 * Kudo and Richardson 2018, https://arxiv.org/abs/1808.06226, §3.2; the trie is Aoe's double array (1989) as packed by
 * the Darts-clone library, over UTF-8 bytes. A map begins with the trie's size in bytes (little-endian 32 bits), then
 * come its units, then the replacements, each ended by a zero byte.
 */
import { TokenizerError } from "../../errors.ts";
import { type AlignedText, AlignedTextBuilder, transformText } from "../aligned-text.ts";
import { unitsOf } from "../character-properties.ts";
import type { JsonFields } from "../json-fields.ts";
import type { Normalizer } from "./normalizer.ts";

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Longer graphemes are looked up character by character. */
const LONGEST_GRAPHEME_BYTES = 5;
/** Published maps have none of more than 33 bytes. */
const LONGEST_REPLACEMENT_BYTES = 1024;

/** How the map is applied where several of its keys begin at a place. */
type Matching = "grapheme" | "longest";

export class PrecompiledNormalizer implements Normalizer {
  readonly isLocal = true;
  readonly #map: Uint8Array;
  readonly #units: Uint32Array;
  readonly #replacements: Uint8Array;
  readonly #matching: Matching;
  readonly #graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });
  #keepsPrintableAscii: boolean | undefined;
  /** What `#lookUp` found before. */
  readonly #found = new Map<string, string | undefined>();

  private constructor(map: Uint8Array, trieBytes: number, matching: Matching) {
    this.#map = map;
    const view = new DataView(map.buffer, map.byteOffset + 4, trieBytes);
    this.#units = Uint32Array.from({ length: trieBytes / 4 }, (_, index) => view.getUint32(index * 4, true));
    this.#replacements = map.subarray(4 + trieBytes);
    this.#matching = matching;
  }

  static fromJSON(fields: JsonFields): PrecompiledNormalizer {
    const text = fields.string("precompiled_charsmap");
    const map = decodeBase64(text);
    const made = map && PrecompiledNormalizer.fromBytes(map, "grapheme");
    if (made) return made;
    throw fields.error("precompiled_charsmap", "a normalization map of SentencePiece in base64");
  }

  /**
   * From the map of a SentencePiece model; undefined if it is none. Matching "longest" is SentencePiece's own; "grapheme"
   * is how converted tokenizers apply it.
   */
  static fromBytes(map: Uint8Array, matching: Matching): PrecompiledNormalizer | undefined {
    const trieBytes = map.length >= 4 ? new DataView(map.buffer, map.byteOffset).getUint32(0, true) : -1;
    const isMap = trieBytes >= 0 && trieBytes % 4 === 0 && 4 + trieBytes <= map.length;
    return isMap ? new PrecompiledNormalizer(map, trieBytes, matching) : undefined;
  }

  normalize(source: AlignedText): AlignedText {
    return this.#matching === "longest" ? this.#normalizeLongest(source) : this.#normalizeGraphemes(source);
  }

  toJSON(): Record<string, unknown> {
    return { type: "Precompiled", precompiled_charsmap: encodeBase64(this.#map) };
  }

  #normalizeGraphemes(source: AlignedText): AlignedText {
    if (PRINTABLE_ASCII.test(source.text) && this.#keepsAscii()) return source;
    const changes: { character: string; change: number }[] = [];
    for (const { segment } of this.#graphemes.segment(source.text)) {
      const whole = utf8LengthOf(segment) <= LONGEST_GRAPHEME_BYTES ? this.#replacementOf(segment) : undefined;
      if (whole !== undefined) {
        addReplacement(changes, segment, whole);
        continue;
      }
      for (const character of segment) {
        addReplacement(changes, character, this.#replacementOf(character) ?? character);
      }
    }
    return transformText(source, changes);
  }

  #normalizeLongest(source: AlignedText): AlignedText {
    const bytes = new TextEncoder().encode(source.text);
    const builder = new AlignedTextBuilder(source);
    let byte = 0;
    for (let at = 0; at < source.text.length; ) {
      const match = this.#longestKey(bytes, byte);
      const stop = byte + (match?.length ?? 1);
      let next = at;
      // A key may end within a character only in a broken map: the character is then its whole.
      while (next === at || byte < stop) {
        const codePoint = source.text.codePointAt(next)!;
        next += unitsOf(codePoint);
        byte += utf8Length(codePoint);
      }
      if (match === undefined) builder.copy(at, next);
      else if (match.replacement !== "") builder.append(match.replacement, at, next);
      at = next;
    }
    return builder.finish();
  }

  #longestKey(bytes: Uint8Array, start: number): { length: number; replacement: string } | undefined {
    const units = this.#units;
    let node = offsetOf(units[0] ?? 0);
    let length = 0;
    let value = 0;
    for (let at = start; at < bytes.length; at++) {
      node ^= bytes[at]!;
      const unit = units[node];
      if (unit === undefined || labelOf(unit) !== bytes[at]) break;
      node ^= offsetOf(unit);
      if (!hasLeaf(unit)) continue;
      length = at + 1 - start;
      value = leafValueOf(units[node] ?? 0);
    }
    return length === 0 ? undefined : { length, replacement: this.#replacementAt(value) };
  }

  /** Whether no printable ASCII character, which are graphemes each by itself, is replaced: so it is in published maps. */
  #keepsAscii(): boolean {
    this.#keepsPrintableAscii ??= Array.from({ length: 0x7f - 0x20 }, (_, index) =>
      this.#replacementOf(String.fromCharCode(0x20 + index)),
    ).every((replacement) => replacement === undefined);
    return this.#keepsPrintableAscii;
  }

  #replacementOf(text: string): string | undefined {
    if (this.#found.has(text)) return this.#found.get(text);
    const replacement = this.#lookUp(new TextEncoder().encode(text));
    this.#found.set(text, replacement);
    return replacement;
  }

  /** The replacement of the shortest beginning of the text that has one, as in the reference. */
  #lookUp(bytes: Uint8Array): string | undefined {
    const units = this.#units;
    let node = offsetOf(units[0] ?? 0);
    for (const byte of bytes) {
      node ^= byte;
      const unit = units[node];
      if (unit === undefined || labelOf(unit) !== byte) return undefined;
      node ^= offsetOf(unit);
      if (hasLeaf(unit)) return this.#replacementAt(leafValueOf(units[node] ?? 0));
    }
    return undefined;
  }

  #replacementAt(start: number): string {
    const end = this.#replacements.subarray(start, start + LONGEST_REPLACEMENT_BYTES).indexOf(0);
    if (end >= 0)
      return new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.#replacements.subarray(start, start + end));
    throw new TokenizerError("The normalization map has a replacement without end.", {
      field: "precompiled_charsmap",
      expected: `replacements of fewer than ${LONGEST_REPLACEMENT_BYTES} bytes`,
      received: `none that ends after byte ${start}`,
      hint: "The file is damaged: take it anew from where it came from.",
    });
  }
}

// The fields of a unit of the double array.
const hasLeaf = (unit: number): boolean => ((unit >>> 8) & 1) === 1;
const leafValueOf = (unit: number): number => unit & 0x7fffffff;
const labelOf = (unit: number): number => (unit & 0x800000ff) >>> 0;
const offsetOf = (unit: number): number => ((unit >>> 10) << ((unit & 0x200) >>> 6)) >>> 0;

/**
 * Characters replace characters as far as both go; more of them are added, and what is left over is swallowed by the last
 * character so far. Where there is none yet it is forgotten, which shifts all offsets of the text; so does the reference.
 */
function addReplacement(changes: { character: string; change: number }[], text: string, replacement: string): void {
  const characters = Array.from(replacement);
  const surplus = characters.length - Array.from(text).length;
  characters.forEach((character, index) => {
    changes.push({ character, change: surplus > 0 && index >= characters.length - surplus ? 1 : 0 });
  });
  const last = changes.at(-1);
  if (surplus < 0 && last) last.change += surplus;
}

function utf8LengthOf(text: string): number {
  let length = 0;
  for (const character of text) length += utf8Length(character.codePointAt(0)!);
  return length;
}

function utf8Length(codePoint: number): number {
  return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
    return bytes;
  } catch {
    return undefined;
  }
}

function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

import { type AlignedText, type CharacterChange, transformText } from "../aligned-text.ts";
import { COMPATIBILITY_DECOMPOSED, characterProperties, DECOMPOSED } from "../character-properties.ts";
import type { Normalizer } from "./normalizer.ts";

export type UnicodeForm = "NFC" | "NFD" | "NFKC" | "NFKD";

const ASCII = /^[\0-\x7f]*$/;
/** What may join the character before it: marks, and the vowels and final consonants of Hangul. */
const JOINING = /^[\p{M}\u1161-\u1175\u11a8-\u11c2]/u;

/** Kinds of code points: joins the one before it; changes otherwise; does neither. */
const JOINS = 1;
const CHANGES = 2;
const PLAIN = 4;

/** The normalization forms of Unicode. Offsets follow the reference: a composed character stands for its base alone. */
export class UnicodeFormNormalizer implements Normalizer {
  readonly isLocal = true;
  readonly form: UnicodeForm;
  readonly #decomposedForm: "NFD" | "NFKD";
  readonly #changedBit: number;
  /** What is known of each code point; a megabyte, made at the first text that needs it. */
  #kinds: Uint8Array | undefined;
  /** What becomes of characters that stand alone, which are nearly all. */
  readonly #changesOfOne = new Map<string, readonly CharacterChange[]>();

  constructor(form: UnicodeForm) {
    this.form = form;
    this.#decomposedForm = form.startsWith("NFK") ? "NFKD" : "NFD";
    this.#changedBit = form.startsWith("NFK") ? COMPATIBILITY_DECOMPOSED : DECOMPOSED;
  }

  normalize(source: AlignedText): AlignedText {
    if (ASCII.test(source.text) || this.#isPlain(source.text)) return source;
    const characters = Array.from(source.text);
    const changes: CharacterChange[] = [];
    for (let index = 0; index < characters.length; ) {
      let next = index + 1;
      while (next < characters.length && this.#kindOf(characters[next]!.codePointAt(0)!) & JOINS) next++;
      const isAlone = next === index + 1;
      const segment = isAlone
        ? this.#changesOf(characters[index]!)
        : this.#normalizeSegment(characters.slice(index, next));
      for (const change of segment) changes.push(change);
      index = next;
    }
    return transformText(source, changes);
  }

  /** Whether nothing at all changes, in text of the basic plane, where each unit is a character. */
  #isPlain(text: string): boolean {
    for (let at = 0; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if ((unit & 0xf800) === 0xd800 || this.#kindOf(unit) !== PLAIN) return false;
    }
    return true;
  }

  #kindOf(codePoint: number): number {
    this.#kinds ??= new Uint8Array(0x110000);
    let kind = this.#kinds[codePoint]!;
    if (kind === 0) {
      const isChanged = characterProperties()[codePoint]! & this.#changedBit;
      const joins = JOINING.test(this.#decompose(String.fromCodePoint(codePoint)));
      kind = joins ? JOINS : isChanged ? CHANGES : PLAIN;
      this.#kinds[codePoint] = kind;
    }
    return kind;
  }

  #changesOf(character: string): readonly CharacterChange[] {
    let changes = this.#changesOfOne.get(character);
    if (!changes) {
      changes = this.#normalizeSegment([character]);
      this.#changesOfOne.set(character, changes);
    }
    return changes;
  }

  toJSON(): Record<string, unknown> {
    return { type: this.form };
  }

  /** A single character's decomposition, by the reference's tables: the engine's may be younger. */
  #decompose(character: string): string {
    const isChanged = characterProperties()[character.codePointAt(0)!]! & this.#changedBit;
    return isChanged ? character.normalize(this.#decomposedForm) : character;
  }

  /** A base character with what joins it: nothing before or after it can matter. */
  #normalizeSegment(segment: readonly string[]): CharacterChange[] {
    const unordered = segment.flatMap((character) =>
      Array.from(this.#decompose(character), (part, index) => ({ character: part, change: index === 0 ? 0 : 1 })),
    );
    if (segment.length === 1 && unordered.length === 1 && unordered[0]!.character === segment[0]) return unordered;
    // Where the engine knows more than the reference, its order and composition are not asked for.
    if (segment.some((character) => character.normalize(this.#decomposedForm) !== this.#decompose(character))) {
      return unordered;
    }
    const whole = segment.join("");
    const decomposed = take(unordered, Array.from(whole.normalize(this.#decomposedForm)));
    if (this.form === this.#decomposedForm) return decomposed;
    return Array.from(whole.normalize(this.form), (character) => {
      const parts = take(decomposed, Array.from(character.normalize("NFD")));
      return { character, change: parts.reduce((sum, part) => sum + part.change, 1 - parts.length) };
    });
  }
}

/** Takes the first entry for each character out of the list. */
function take(list: CharacterChange[], characters: readonly string[]): CharacterChange[] {
  return characters.map((character) => {
    const index = list.findIndex((entry) => entry.character === character);
    return index < 0 ? { character, change: 0 } : list.splice(index, 1)[0]!;
  });
}

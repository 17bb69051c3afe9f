/** Special tokens by a template: `[CLS] A [SEP]` for one text, `[CLS] A [SEP] B [SEP]` for two. */
import { Encoding } from "../encoding.ts";
import { isCount, type JsonFields } from "../json-fields.ts";
import type { PostProcessor } from "./post-processor.ts";

/** A place in a template: the first or second text, or special tokens by their name. */
export type TemplatePiece =
  | { readonly sequence: "A" | "B"; readonly typeId: number }
  | { readonly special: string; readonly typeId: number };

/** The tokens that a template's special name stands for; nearly always one, of the same name. */
export interface TemplateSpecial {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
}

/** More than any template adds: a bound against hostile files. */
const MOST_TOKENS = 4096;

export class TemplatePostProcessor implements PostProcessor {
  readonly single: readonly TemplatePiece[];
  readonly pair: readonly TemplatePiece[];
  readonly specials: ReadonlyMap<string, TemplateSpecial>;

  constructor(
    single: readonly TemplatePiece[],
    pair: readonly TemplatePiece[],
    specials: ReadonlyMap<string, TemplateSpecial>,
  ) {
    this.single = single;
    this.pair = pair;
    this.specials = specials;
  }

  static fromJSON(fields: JsonFields): TemplatePostProcessor {
    const table = fields.object("special_tokens");
    const specials = new Map(table.keys().map((name) => [name, readSpecial(table.object(name))]));
    const read = (name: string): TemplatePiece[] => fields.objects(name, (piece) => readPiece(piece, specials));
    const made = new TemplatePostProcessor(read("single"), read("pair"), specials);
    if (made.addedTokens(false) + made.addedTokens(true) <= MOST_TOKENS) return made;
    throw fields.error("special_tokens", `templates that add at most ${MOST_TOKENS} tokens`);
  }

  addedTokens(isPair: boolean): number {
    const pieces = isPair ? this.pair : this.single;
    return pieces.reduce((sum, piece) => sum + ("special" in piece ? this.#special(piece.special).ids.length : 0), 0);
  }

  process(encodings: Encoding[], addSpecialTokens: boolean): Encoding[] {
    const pieces = encodings.length > 1 ? this.pair : this.single;
    return pieces.flatMap((piece) => {
      if ("special" in piece) return addSpecialTokens ? [this.#encode(piece.special, piece.typeId)] : [];
      const encoding = encodings[piece.sequence === "A" ? 0 : 1];
      encoding?.setTypeId(piece.typeId);
      return encoding ? [encoding] : [];
    });
  }

  toJSON(): Record<string, unknown> {
    const specials = [...this.specials].map(([id, { ids, tokens }]) => [id, { id, ids, tokens }]);
    return {
      type: "TemplateProcessing",
      single: this.single.map(pieceToJSON),
      pair: this.pair.map(pieceToJSON),
      special_tokens: Object.fromEntries(specials),
    };
  }

  #special(name: string): TemplateSpecial {
    return this.specials.get(name) ?? { ids: [], tokens: [] };
  }

  #encode(name: string, typeId: number): Encoding {
    const { ids, tokens } = this.#special(name);
    return Encoding.special(ids.map((id, index) => ({ id, token: tokens[index]!, typeId })));
  }
}

/**
 * The template in the reference's short notation, such as `"[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1"`; type 0 where none is
 * given. Ids of the special tokens come from `idOf`.
 */
export function templatePostProcessor(
  single: string,
  pair: string,
  idOf: (token: string) => number,
): TemplatePostProcessor {
  const specials = new Map<string, TemplateSpecial>();
  const parse = (template: string): TemplatePiece[] =>
    template.split(" ").map((piece) => {
      const match = /^(.+?)(?::(\d+))?$/.exec(piece)!;
      const name = match[1]!;
      const typeId = Number(match[2] ?? 0);
      if (name === "$A" || name === "$B") return { sequence: name === "$A" ? "A" : "B", typeId };
      specials.set(name, { ids: [idOf(name)], tokens: [name] });
      return { special: name, typeId };
    });
  return new TemplatePostProcessor(parse(single), parse(pair), specials);
}

function readSpecial(fields: JsonFields): TemplateSpecial {
  const ids = fields.array("ids");
  const tokens = fields.array("tokens");
  if (!ids.every(isCount)) throw fields.error("ids", "an array of ids");
  if (!tokens.every((token) => typeof token === "string")) throw fields.error("tokens", "an array of tokens");
  if (ids.length !== tokens.length) throw fields.error("tokens", `as many tokens as ids, ${ids.length}`);
  return { ids, tokens };
}

function readPiece(fields: JsonFields, specials: ReadonlyMap<string, TemplateSpecial>): TemplatePiece {
  if (fields.has("Sequence")) {
    const sequence = fields.object("Sequence");
    return { sequence: sequence.choice("id", ["A", "B"]), typeId: sequence.count("type_id", 0) };
  }
  const special = fields.object("SpecialToken");
  const name = special.string("id");
  if (!specials.has(name)) throw special.error("id", `one of ${[...specials.keys()].join(", ")}`);
  return { special: name, typeId: special.count("type_id", 0) };
}

function pieceToJSON(piece: TemplatePiece): Record<string, unknown> {
  return "special" in piece
    ? { SpecialToken: { id: piece.special, type_id: piece.typeId } }
    : { Sequence: { id: piece.sequence, type_id: piece.typeId } };
}

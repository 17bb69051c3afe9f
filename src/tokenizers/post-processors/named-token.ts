import { isCount, type JsonFields } from "../json-fields.ts";

/** A special token as old post-processors write it: `["[SEP]", 102]`. */
export interface NamedToken {
  readonly token: string;
  readonly id: number;
}

export function readNamedToken(fields: JsonFields, name: string): NamedToken {
  const [token, id] = fields.array(name);
  if (typeof token !== "string" || !isCount(id)) throw fields.error(name, 'a token and its id, such as ["[SEP]", 102]');
  return { token, id };
}

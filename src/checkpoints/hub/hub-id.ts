/** Names of published models, as the hub has them, and names that never are ones. */
import { ConfigurationError } from "../../errors.ts";

export interface HubId {
  /** `owner/name`, or a bare name. */
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

/** Names that always mean a place: of this machine, or an address. */
const placePattern = /^[./~\\]|^[A-Za-z]:[\\/]|^[a-z][a-z0-9+.-]*:\/\//;

const part = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?";
const idPattern = new RegExp(`^(${part}(?:/${part})?)(?:@(.+))?$`);

const longestName = 96;

/** Git's rules, as far as a path could be made of what they forbid. */
const revisionPattern = /^(?!\/)(?!.*\/\/)(?!.*\.\.)[\w./+-]+(?<![./])$/;

/** A full commit, which always means the same files. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

/** Whether a name means a place whatever is there. */
export function isPlace(source: string): boolean {
  return placePattern.test(source);
}

/**
 * `owner/name`, `name`, either with `@revision`; undefined for what cannot be an id.
 *
 * @param revision goes before the one in the name.
 * @throws ConfigurationError for a revision that git would not take.
 */
export function parseHubId(source: string, revision?: string): HubId | undefined {
  const found = isPlace(source) ? null : idPattern.exec(source);
  const name = found?.[1];
  if (name === undefined || name.length > longestName || /--|\.\./.test(name)) return undefined;
  const wanted = revision ?? found?.[2] ?? "main";
  if (revisionPattern.test(wanted)) return { name, revision: wanted };
  throw new ConfigurationError(`${wanted} is not a revision.`, {
    field: "revision",
    expected: "a branch, a tag or a commit",
    received: wanted,
    hint: "Leave it out for the newest version.",
  });
}

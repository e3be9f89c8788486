import type { ArtifactSettings, ExportRequest } from '../inputs/inputs.ts';
import { compactInstant, parseInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';

/**
 * Returns the name of an export, of its folder and its files: `<vendor>-<org>-<from>-<to>`, without the organisation where
 * none is given. The name has letters, digits, `.`, `_` and `-` alone, so that it fits a file system, an artifact and a
 * path in Git.
 */
export const exportName = (vendorId: string, org: string, { from, to }: Window): string =>
  [sourceName(vendorId, org), compactInstant(from), compactInstant(to)].join('-');

/** Returns the source of a regular expression that matches the names of all exports of an organisation. */
export const exportNamePattern = (vendorId: string, org: string): string =>
  [sourceName(vendorId, org).replaceAll('.', '\\.'), INSTANT_IN_NAME, INSTANT_IN_NAME].join('-');

/** `kosli-acme`; the vendor alone where no organisation is given. */
const sourceName = (vendorId: string, org: string): string =>
  [vendorId, orgName(org)].filter((part) => part !== '').join('-');

/** Writes an organisation as a part of a name: `gh/acme` → `gh-acme`. */
export const orgName = (org: string): string => org.replaceAll(/[^A-Za-z0-9._-]+/g, '-');

/** Matches the instants in names, as `compactInstant` writes them. */
export const INSTANT_IN_NAME = String.raw`\d{8}T\d{6}(?:\.\d{3})?Z`;

/** Reads the end of the window from an export's name, or from an instant in a path; null where there is none. */
export function endInName(name: string): number | null {
  const [, date, hour, minute, rest] = /(?:^|-)(\d{8})T(\d\d)(\d\d)(\d\d(?:\.\d{3})?Z)$/.exec(name) ?? [];
  if (date === undefined) return null;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return parseInstant(`${day}T${hour}:${minute}:${rest}`);
}

/**
 * Returns the name that all artifacts of one scope share, so that the last one can be found by it.
 * @param given the input `artifact-name`; null where it was left out
 * @param scope as `scopeOf` gives it
 */
export const chainName = (given: string | null, vendorId: string, org: string, scope: string): string =>
  `${given ?? sourceName(vendorId, org)}-${scope.slice(0, 8)}`;

/** Returns an artifact's default name: the export's, with the run's attempt, since a run cannot replace an artifact. */
export const artifactName = (name: string, runAttempt: string): string =>
  runAttempt === '' ? name : `${name}-attempt-${runAttempt}`;

/** How an artifact is named. */
export interface ArtifactNaming {
  readonly name: string;
  /** null: the name as it is. Else `<name>` for 1, `<name>-2` for 2 and so on; where that is taken, the next free one. */
  readonly number: number | null;
}

/**
 * Returns how the artifact of an export is named. Exports that are found by their artifacts share the name of their chain;
 * others have the name that the workflow gives, or one of their own.
 * @param number 1 for the first export of the run
 * @param found whether the next run looks for the artifact
 */
export function artifactNaming(
  { vendor, org, scope, windowRequest }: ExportRequest,
  { name }: Pick<ArtifactSettings, 'name'>,
  own: { readonly name: string; readonly runAttempt: string },
  number: number,
  found: boolean,
): ArtifactNaming {
  if (found) return { name: chainName(name, vendor.id, org, scope), number };
  if (name === null) return { name: artifactName(own.name, own.runAttempt), number: null };
  return { name, number: windowRequest.continuation === null ? null : number };
}

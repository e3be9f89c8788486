import { compactInstant, parseInstant } from '../time/instant.ts';
import type { Window } from '../time/window.ts';

/**
 * The export's name, that of its folder and files: `<vendor>-<org>-<from>-<to>`, without the organisation where none is
 * given. Letters, digits, `.`, `_` and `-` alone, so that it fits a file system, an artifact and a path in Git.
 */
export function exportName(vendorId: string, org: string, { from, to }: Window): string {
  return [vendorId, orgName(org), compactInstant(from), compactInstant(to)].filter((part) => part !== '').join('-');
}

/** The organisation in a name of files: `gh/acme` → `gh-acme`. */
export const orgName = (org: string): string => org.replaceAll(/[^A-Za-z0-9._-]+/g, '-');

/** Matches the instants in names, as `compactInstant` writes them. */
export const INSTANT_IN_NAME = String.raw`\d{8}T\d{6}(?:\.\d{3})?Z`;

/** The end of the window that an export's name, or an instant in a path, says; null where it says none. */
export function endInName(name: string): number | null {
  const [, date, hour, minute, rest] = /(?:^|-)(\d{8})T(\d\d)(\d\d)(\d\d(?:\.\d{3})?Z)$/.exec(name) ?? [];
  if (date === undefined) return null;
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return parseInstant(`${day}T${hour}:${minute}:${rest}`);
}

/**
 * The name of all artifacts of one scope that go on from each other, so that the last one can be found by it.
 * @param given the input `artifact-name`; null where it was left out
 * @param scope as `scopeOf` gives it
 */
export function chainName(given: string | null, vendorId: string, org: string, scope: string): string {
  const name = given ?? [vendorId, orgName(org)].filter((part) => part !== '').join('-');
  return `${name}-${scope.slice(0, 8)}`;
}

/** The artifact's default name: the export's, with the run's attempt, since an artifact of a run cannot be replaced. */
export function artifactName(name: string, runAttempt: string): string {
  return runAttempt === '' ? name : `${name}-attempt-${runAttempt}`;
}

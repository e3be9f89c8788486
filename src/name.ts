import type { Window } from './types.ts';
import { compactInstant } from './window.ts';

/**
 * The export's name, that of its folder and files: `<vendor>-<org>-<from>-<to>`, without the organisation where none is
 * given. Letters, digits, `.`, `_` and `-` alone, so that it fits a file system, an artifact and a path in Git.
 */
export function exportName(vendorId: string, org: string, { from, to }: Window): string {
  const scope = org.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return [vendorId, scope, compactInstant(from), compactInstant(to)].filter((part) => part !== '').join('-');
}

/** The artifact's default name: the export's, with the run's attempt, since an artifact of a run cannot be replaced. */
export function artifactName(name: string, runAttempt: string): string {
  return runAttempt === '' ? name : `${name}-attempt-${runAttempt}`;
}

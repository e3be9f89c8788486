import { ExportError } from '../../base/errors.ts';
import { type JsonObject, requireNumber, requireString } from '../../json/values.ts';

/** An entry of a tree; `path` from that tree on. */
export interface Entry {
  readonly path: string;
  readonly kind: 'blob' | 'tree' | 'commit';
  readonly sha: string;
  /** Of a blob, in bytes; 0 elsewhere. */
  readonly bytes: number;
}

/** Reads what the API says of an entry. Throws `protocol` or `destination`. */
export function readEntry(entry: JsonObject, where: string): Entry {
  const kind = requireString(entry, 'type', where);
  if (kind !== 'blob' && kind !== 'tree' && kind !== 'commit') throw unexpected(`an entry that is a ${kind}`);
  const bytes = kind === 'blob' ? requireNumber(entry, 'size', where) : 0;
  return { path: requireString(entry, 'path', where), kind, sha: objectName(entry['sha']), bytes };
}

/** What is in each folder, by the name of its tree, from a listing of all that is below one. */
export function byFolder(tree: string, all: readonly Entry[]): Map<string, readonly Entry[]> {
  const folders = new Map([['', { sha: tree, inside: [] as Entry[] }]]);
  for (const { path, kind, sha } of all) if (kind === 'tree') folders.set(path, { sha, inside: [] });
  for (const entry of all) {
    const slash = entry.path.lastIndexOf('/');
    folders.get(entry.path.slice(0, Math.max(0, slash)))?.inside.push({ ...entry, path: entry.path.slice(slash + 1) });
  }
  return new Map([...folders.values()].map(({ sha, inside }) => [sha, inside]));
}

/** The name of an object, SHA-1 or SHA-256, in hex. Throws `destination`. */
export function objectName(value: unknown): string {
  if (typeof value === 'string' && /^(?:[\da-f]{40}|[\da-f]{64})$/.test(value)) return value;
  throw unexpected('an object without a name');
}

/** The error for what GitHub's document does not allow. */
export const unexpected = (what: string): ExportError =>
  new ExportError('destination', `GitHub answered ${what}, which its document does not allow.`, {
    next: 'Run the job again; if it stays, report it with the version of the exporter.',
  });

import { ExportError } from '../../base/errors.ts';
import { type JsonObject, requireNumber, requireString } from '../../json/values.ts';

/** An entry of a Git tree; `path` starts at that tree. */
export interface TreeEntry {
  readonly path: string;
  readonly kind: 'blob' | 'tree' | 'commit';
  readonly sha: string;
  /** The size of a blob in bytes; 0 for other kinds. */
  readonly bytes: number;
}

/** Reads an entry of the API's JSON. Throws `protocol` or `destination` where it does not follow GitHub's document. */
export function readEntry(entry: JsonObject, where: string): TreeEntry {
  const kind = requireString(entry, 'type', where);
  if (kind !== 'blob' && kind !== 'tree' && kind !== 'commit')
    throw unexpectedAnswerError(`an entry that is a ${kind}`);
  const bytes = kind === 'blob' ? requireNumber(entry, 'size', where) : 0;
  return { path: requireString(entry, 'path', where), kind, sha: objectName(entry['sha']), bytes };
}

/** Splits the recursive listing of a tree into the entries of each folder, by the name of the folder's tree. */
export function byFolder(tree: string, all: readonly TreeEntry[]): Map<string, readonly TreeEntry[]> {
  const folders = new Map([['', { sha: tree, inside: [] as TreeEntry[] }]]);
  for (const { path, kind, sha } of all) if (kind === 'tree') folders.set(path, { sha, inside: [] });
  for (const entry of all) {
    const slash = entry.path.lastIndexOf('/');
    folders.get(entry.path.slice(0, Math.max(0, slash)))?.inside.push({ ...entry, path: entry.path.slice(slash + 1) });
  }
  return new Map([...folders.values()].map(({ sha, inside }) => [sha, inside]));
}

/** Returns a value that is the name of a Git object, SHA-1 or SHA-256 in hex. Throws `destination` for any other. */
export function objectName(value: unknown): string {
  if (typeof value === 'string' && /^(?:[\da-f]{40}|[\da-f]{64})$/.test(value)) return value;
  throw unexpectedAnswerError('an object without a name');
}

/** Returns the error for an answer that GitHub's document does not allow. */
export const unexpectedAnswerError = (what: string): ExportError =>
  new ExportError('destination', `GitHub answered ${what}, which its document does not allow.`, {
    next: 'Run the job again; if it stays, report it with the version of the exporter.',
  });

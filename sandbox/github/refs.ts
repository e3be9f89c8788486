/** The branches of one bare repository. They are read from disk each time, since a push may have moved them. */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { isBranchName } from './names.ts';

export interface Refs {
  /** The commit that a branch points to; null where there is no such branch. */
  readonly read: (branch: string) => string | null;
  /** Makes or moves a branch. Throws while git itself holds the branch's lock. */
  readonly write: (branch: string, oid: string) => void;
  readonly list: () => string[];
}

export function openRefs(gitDir: string): Refs {
  const heads = join(gitDir, 'refs', 'heads');
  const packedFile = join(gitDir, 'packed-refs');

  /** Lines of `<oid> refs/heads/<branch>`, among others. */
  function packed(): Map<string, string> {
    if (!existsSync(packedFile)) return new Map();
    const lines = readFileSync(packedFile, 'utf8').matchAll(/^([0-9a-f]{40}) refs\/heads\/(.+)$/gm);
    return new Map(Array.from(lines, ([, oid = '', branch = '']) => [branch, oid]));
  }

  function read(branch: string): string | null {
    if (!isBranchName(branch)) return null;
    try {
      return readFileSync(join(heads, branch), 'latin1').trim();
    } catch {
      return packed().get(branch) ?? null;
    }
  }

  /** The lock is git's own protocol, so that a push at the same time finds either the old value or the new one. */
  function write(branch: string, oid: string): void {
    const file = join(heads, branch);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(`${file}.lock`, `${oid}\n`, { flag: 'wx' });
    renameSync(`${file}.lock`, file);
  }

  function list(): string[] {
    const loose = readdirSync(heads, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.lock'))
      .map((entry) => relative(heads, join(entry.parentPath, entry.name)));
    return [...new Set([...loose, ...packed().keys()])].sort();
  }

  return { read, write, list };
}

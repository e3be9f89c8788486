/** Git's objects in one bare repository: written loose, as git writes them, and read back from wherever git keeps them. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync, inflateSync } from 'node:zlib';

export type ObjectType = 'blob' | 'tree' | 'commit' | 'tag';

export interface GitObject {
  readonly type: ObjectType;
  readonly body: Buffer;
}

/** A process for each object would cost milliseconds; a file costs microseconds, and git does not see the difference. */
export interface Objects {
  /** Stores an object and gives its id. */
  readonly write: (type: ObjectType, body: Buffer) => string;
  /** Null where the repository has no such object. */
  readonly read: (oid: string) => GitObject | null;
  /** Null where the repository has no such object of this type. */
  readonly body: (oid: string, type: ObjectType) => Buffer | null;
  /** Bytes by id, without reading what git can tell; an object that is not there is left out. */
  readonly sizes: (oids: readonly string[]) => ReadonlyMap<string, number>;
}

/** Objects never change, so that what is in memory is never stale; beyond this many bytes it is forgotten and read again. */
const CACHE_BYTES = 64 * 1024 * 1024;

export function openObjects(gitDir: string): Objects {
  const cache = new Map<string, GitObject>();
  const knownSizes = new Map<string, number>();
  let cachedBytes = 0;

  function remember(oid: string, object: GitObject): void {
    knownSizes.set(oid, object.body.length);
    if (object.body.length > CACHE_BYTES / 8) return;
    cachedBytes += object.body.length;
    if (cachedBytes > CACHE_BYTES) {
      cache.clear();
      cachedBytes = object.body.length;
    }
    cache.set(oid, object);
  }

  function write(type: ObjectType, body: Buffer): string {
    const header = Buffer.from(`${type} ${body.length}\0`);
    const oid = createHash('sha1').update(header).update(body).digest('hex');
    if (cache.has(oid)) return oid;
    const folder = join(gitDir, 'objects', oid.slice(0, 2));
    writeOnce(folder, oid.slice(2), packed(Buffer.concat([header, body])));
    remember(oid, { type, body });
    return oid;
  }

  function read(oid: string): GitObject | null {
    const cached = cache.get(oid);
    if (cached) return cached;
    const object = readLoose(gitDir, oid) ?? readThroughGit(gitDir, oid);
    if (object) remember(oid, object);
    return object;
  }

  function sizes(oids: readonly string[]): ReadonlyMap<string, number> {
    const missing = oids.filter((oid) => !knownSizes.has(oid));
    if (missing.length > 0) {
      for (const line of catFile(gitDir, '--batch-check', missing).toString('latin1').split('\n')) {
        const [oid = '', , size] = line.split(' ');
        if (size !== undefined) knownSizes.set(oid, Number(size));
      }
    }
    return new Map(oids.flatMap((oid) => entryOf(oid, knownSizes.get(oid))));
  }

  function body(oid: string, type: ObjectType): Buffer | null {
    const object = read(oid);
    return object?.type === type ? object.body : null;
  }

  return { write, read, body, sizes };
}

const entryOf = (oid: string, size: number | undefined): [string, number][] =>
  size === undefined ? [] : [[oid, size]];

/** One chunk of output that fits: the default of 16 KiB for each small object is mostly work for the garbage collector. */
const packed = (bytes: Buffer): Buffer =>
  deflateSync(bytes, { level: 1, chunkSize: Math.min(bytes.length + 64, 64 * 1024) });

/** Objects are written once: git makes them read-only, and leaves one that is there alone. */
function writeOnce(folder: string, name: string, bytes: Buffer): void {
  try {
    writeFileSync(join(folder, name), bytes, { flag: 'wx', mode: 0o444 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (code !== 'ENOENT') throw error;
    mkdirSync(folder, { recursive: true });
    writeOnce(folder, name, bytes);
  }
}

function readLoose(gitDir: string, oid: string): GitObject | null {
  let file: Buffer;
  try {
    file = readFileSync(join(gitDir, 'objects', oid.slice(0, 2), oid.slice(2)));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const bytes = inflateSync(file);
  const end = bytes.indexOf(0);
  return { type: bytes.toString('latin1', 0, bytes.indexOf(0x20)) as ObjectType, body: bytes.subarray(end + 1) };
}

/** Packs and alternates are git's own affair. It answers `<oid> blob 12\n<12 bytes>\n`, or `<oid> missing\n`. */
function readThroughGit(gitDir: string, oid: string): GitObject | null {
  const answer = catFile(gitDir, '--batch', [oid]);
  const end = answer.indexOf(0x0a);
  const [, type, size] = answer.toString('latin1', 0, end).split(' ');
  if (size === undefined) return null;
  return { type: type as ObjectType, body: answer.subarray(end + 1, end + 1 + Number(size)) };
}

const catFile = (gitDir: string, batch: '--batch' | '--batch-check', oids: readonly string[]): Buffer =>
  execFileSync('git', ['--git-dir', gitDir, 'cat-file', batch], {
    input: `${oids.join('\n')}\n`,
    maxBuffer: Number.POSITIVE_INFINITY,
  });

/** Git's trees: read, searched, and rewritten along the paths that change. */

import { readable } from './names.ts';
import type { Objects } from './objects.ts';

export interface TreeEntry {
  /** Mode of the entry: `100644`, `100755`, `120000`, `40000`, `160000`. */
  readonly mode: string;
  /** A byte string (latin1), see `names.ts`. */
  readonly name: string;
  readonly oid: string;
}

export interface Edit {
  /** From `splitPath`. */
  readonly path: readonly string[];
  /** New content; null removes the file. Mode null: the mode of the file that is there, else 100644. */
  readonly leaf: { readonly mode: string | null; readonly oid: string } | null;
}

/** An edit that does not fit the tree: of a file that is not there, or across a path that is something else. */
export class EditError extends Error {
  readonly kind: 'missing' | 'conflict';
  constructor(kind: 'missing' | 'conflict', path: readonly string[]) {
    super(`${kind}: ${readable(path.join('/'))}`);
    this.kind = kind;
  }
}

export interface Trees {
  /** Throws where there is no such tree. */
  readonly read: (oid: string) => readonly TreeEntry[];
  /** Gives the id of the tree with all edits made; `root` null is an empty one. Throws EditError. */
  readonly edit: (root: string | null, edits: readonly Edit[]) => string;
  /** Null where nothing has that path. */
  readonly find: (root: string, path: readonly string[]) => TreeEntry | null;
  /** Everything below, folders before what is in them, with its path as a byte string. */
  readonly walk: (root: string) => Generator<TreeEntry & { readonly path: string }>;
}

export const TREE = '40000';
const SUBMODULE = '160000';

export const typeOf = (mode: string): 'blob' | 'tree' | 'commit' => {
  if (mode === TREE) return 'tree';
  return mode === SUBMODULE ? 'commit' : 'blob';
};

export function openTrees(objects: Objects): Trees {
  /** Forgotten with the object itself. */
  const parsed = new WeakMap<Buffer, readonly TreeEntry[]>();

  function read(oid: string): readonly TreeEntry[] {
    const body = objects.body(oid, 'tree');
    if (!body) throw new Error(`${oid} is not a tree`);
    const entries = parsed.get(body) ?? parseTree(body);
    parsed.set(body, entries);
    return entries;
  }

  function write(entries: readonly TreeEntry[]): string {
    const sorted = [...entries].sort(gitOrder);
    const body = formatTree(sorted);
    parsed.set(body, sorted);
    return objects.write('tree', body);
  }

  function edit(root: string | null, edits: readonly Edit[], depth = 0): string {
    const entries = new Map((root === null ? [] : read(root)).map((entry) => [entry.name, entry]));
    for (const [name, inside] of Map.groupBy(edits, ({ path }) => path[depth] ?? '')) {
      const there = entries.get(name);
      const entry = inside.some(({ path }) => path.length === depth + 1)
        ? leafOf(name, there, inside)
        : folderOf(name, there, inside, depth);
      if (entry) entries.set(name, entry);
      else entries.delete(name);
    }
    return write([...entries.values()]);
  }

  /** A folder with nothing left in it goes: git does not keep empty ones. */
  function folderOf(name: string, there: TreeEntry | undefined, inside: readonly Edit[], depth: number) {
    if (there && there.mode !== TREE) throw new EditError('conflict', inside[0]?.path ?? []);
    const oid = edit(there?.oid ?? null, inside, depth + 1);
    return read(oid).length === 0 ? null : { name, mode: TREE, oid };
  }

  function find(root: string, path: readonly string[]): TreeEntry | null {
    const [name, ...rest] = path;
    const entry = read(root).find((one) => one.name === name) ?? null;
    if (rest.length === 0 || !entry) return entry;
    return entry.mode === TREE ? find(entry.oid, rest) : null;
  }

  function* walk(root: string, prefix = ''): Generator<TreeEntry & { readonly path: string }> {
    for (const entry of read(root)) {
      const path = prefix + entry.name;
      yield { ...entry, path };
      if (entry.mode === TREE) yield* walk(entry.oid, `${path}/`);
    }
  }

  return { read, edit, find, walk };
}

/** Returns the entry as its path's own edit makes it; null removes the entry. A second edit at or below the path contradicts the first. */
function leafOf(name: string, there: TreeEntry | undefined, [edit, other]: readonly Edit[]): TreeEntry | null {
  const { path = [], leaf = null } = edit ?? {};
  if (other) throw new EditError('conflict', path);
  if (leaf === null) {
    if (!there || there.mode === TREE) throw new EditError('missing', path);
    return null;
  }
  const mode = leaf.mode ?? (there?.mode === '100755' ? there.mode : '100644');
  if (there && (there.mode === TREE) !== (mode === TREE)) throw new EditError('conflict', path);
  return { name, mode, oid: leaf.oid };
}

/** A folder sorts as if its name ended in a slash: `a.txt` before the folder `a`, the file `a` before both. */
function gitOrder(one: TreeEntry, other: TreeEntry): number {
  const a = one.mode === TREE ? `${one.name}/` : one.name;
  const b = other.mode === TREE ? `${other.name}/` : other.name;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** Each entry is `100644 name\0` and the twenty bytes of its id. */
const formatTree = (entries: readonly TreeEntry[]): Buffer =>
  Buffer.concat(
    entries.flatMap(({ mode, name, oid }) => [Buffer.from(`${mode} ${name}\0`, 'latin1'), Buffer.from(oid, 'hex')]),
  );

function parseTree(body: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(0x20, at);
    const end = body.indexOf(0, space);
    entries.push({
      mode: body.toString('latin1', at, space),
      name: body.toString('latin1', space + 1, end),
      oid: body.toString('hex', end + 1, end + 21),
    });
    at = end + 21;
  }
  return entries;
}

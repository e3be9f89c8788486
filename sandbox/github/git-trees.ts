/** The endpoints of trees: `/git/trees`. */

import { json, Refusal, type SandboxResponse } from '../server.ts';
import type { Call } from './call.ts';
import { readBody, readFields } from './fields.ts';
import { readable, splitPath } from './names.ts';
import type { Repository } from './repository.ts';
import { type Edit, EditError, TREE, type TreeEntry, typeOf } from './trees.ts';

/** A commit, also by its branch's name, gives its tree under the commit's own id: `sha` is then not the tree's. */
export function getTree({ repository, name, query, url, limits }: Call): SandboxResponse {
  const sha = /^[0-9a-f]{40}$/.test(name) ? name : repository.refs.read(name);
  const tree = sha === null ? null : treeOf(repository, sha);
  if (sha === null || tree === null) throw new Refusal(404, 'Not Found');
  const { trees } = repository;
  if (!query.has('recursive')) return json(200, treeJson(repository, { sha, listed: ofRoot(trees.read(tree)), url }));
  const listed = take(trees.walk(tree), limits.treeEntries + 1);
  const truncated = listed.length > limits.treeEntries;
  return json(200, treeJson(repository, { sha, listed: listed.slice(0, limits.treeEntries), url, truncated }));
}

const treeOf = ({ readCommit, objects }: Repository, sha: string): string | null =>
  readCommit(sha)?.tree ?? (objects.body(sha, 'tree') ? sha : null);

type Listed = TreeEntry & { readonly path: string };

const ofRoot = (entries: readonly TreeEntry[]): Listed[] => entries.map((entry) => ({ ...entry, path: entry.name }));

function take(entries: Iterable<Listed>, most: number): Listed[] {
  const taken: Listed[] = [];
  for (const entry of entries) if (taken.push(entry) === most) break;
  return taken;
}

interface Listing {
  readonly sha: string;
  readonly listed: readonly Listed[];
  readonly url: string;
  readonly truncated?: boolean;
}

function treeJson({ objects }: Repository, { sha, listed, url, truncated = false }: Listing) {
  const sizes = objects.sizes(listed.filter(({ mode }) => typeOf(mode) === 'blob').map(({ oid }) => oid));
  const tree = listed.map((entry) => entryJson(entry, sizes.get(entry.oid), url));
  return { sha, url: `${url}/git/trees/${sha}`, tree, truncated };
}

function entryJson({ path, mode, oid }: Listed, size: number | undefined, url: string) {
  const type = typeOf(mode);
  const common = { path: readable(path), mode: mode.padStart(6, '0'), type, sha: oid };
  if (type === 'commit') return common;
  return { ...common, ...(size === undefined ? {} : { size }), url: `${url}/git/${type}s/${oid}` };
}

export function createTree({ repository, body, url }: Call): SandboxResponse {
  const fields = readBody(body, { 'base_tree?': 'string', tree: 'array' });
  const base = fields.base_tree === undefined ? null : treeOf(repository, fields.base_tree);
  if (fields.base_tree !== undefined && base === null) throw new Refusal(422, 'base_tree is not a valid tree oid');
  if (fields.tree.length === 0) throw new Refusal(422, 'Invalid tree info');
  try {
    const tree = repository.trees.edit(
      base,
      fields.tree.map((entry) => readEdit(repository, entry)),
    );
    return json(201, treeJson(repository, { sha: tree, listed: ofRoot(repository.trees.read(tree)), url }));
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    throw new Refusal(422, error.kind === 'missing' ? 'GitRPC::BadObjectState' : MALFORMED_PATH);
  }
}

const MALFORMED_PATH = 'tree.path contains a malformed path component';
const TREE_MODES = ['100644', '100755', '120000', '040000'];

function readEdit(repository: Repository, entry: unknown): Edit {
  const fields = readFields(entry, {
    path: 'string',
    mode: 'string',
    'type?': 'string',
    'sha?': 'string or null',
    'content?': 'string',
  });
  if (!TREE_MODES.includes(fields.mode)) throw new Refusal(422, 'Must supply a valid tree.mode');
  const mode = fields.mode.replace(/^0/, '');
  if (fields.type !== undefined && fields.type !== typeOf(mode))
    throw new Refusal(422, 'Must supply a valid tree.type');
  const path = splitPath(fields.path);
  if (!path) throw new Refusal(422, MALFORMED_PATH);
  if (
    (fields.sha === undefined) === (fields.content === undefined) ||
    (mode === TREE && fields.content !== undefined)
  ) {
    throw new Refusal(
      422,
      'Must supply either tree.sha or tree.content. Request will be rejected if both are present.',
    );
  }
  if (fields.sha === null) return { path, leaf: null };
  const oid = fields.sha ?? repository.objects.write('blob', Buffer.from(fields.content ?? ''));
  if (!/^[0-9a-f]{40}$/.test(oid) || !repository.objects.body(oid, mode === TREE ? 'tree' : 'blob')) {
    throw new Refusal(422, `tree.sha ${oid} is not a valid ${typeOf(mode)}`);
  }
  return { path, leaf: { mode, oid } };
}

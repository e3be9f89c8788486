/** `PUT /contents/{path}`: one file in one commit, and the only way to begin an empty repository. */

import { json, Refusal, type SandboxResponse } from '../server.ts';
import type { Call } from './call.ts';
import { BOT, GITHUB } from './commits.ts';
import { invalid, readBody, readContent, requireMessage, requireSize } from './fields.ts';
import { readPerson } from './git-commits.ts';
import { readable, splitPath } from './names.ts';
import type { Repository } from './repository.ts';
import { commitJson, htmlUrl } from './shapes.ts';
import { EditError, TREE } from './trees.ts';

export function putContents({ repository, name, body, url, limits }: Call): SandboxResponse {
  const fields = readBody(body, {
    message: 'string',
    content: 'string',
    'branch?': 'string',
    'sha?': 'string',
    'author?': 'object',
    'committer?': 'object',
  });
  const { message, branch = repository.defaultBranch, sha } = fields;
  requireMessage(message);
  const bytes = readContent(fields.content);
  requireSize(bytes, limits.blobBytes);
  const path = splitPath(name);
  if (!path) throw new Refusal(422, 'path contains a malformed path component');
  const head = headOf(repository, branch);
  const replaced = head === null ? null : requireShaOf(repository, head, path, sha);
  requireUnguarded(repository, branch, replaced === null);
  const oid = repository.objects.write('blob', bytes);
  const committer = readPerson(fields.committer);
  const commit = repository.writeCommit({
    tree: putLeaf(repository, head, path, oid),
    parents: head === null ? [] : [head],
    message,
    author: readPerson(fields.author) ?? committer ?? BOT,
    committer: committer ?? GITHUB,
  });
  repository.refs.write(branch, commit);
  const content = fileJson(repository, { path: readable(path.join('/')), sha: oid, size: bytes.length, branch, url });
  return json(replaced === null ? 201 : 200, { content, commit: commitJson(repository, commit, url) });
}

/** Null in an empty repository, where the default branch begins with this commit. */
function headOf(repository: Repository, branch: string): string | null {
  const head = repository.refs.read(branch);
  if (head !== null || (repository.isEmpty() && branch === repository.defaultBranch)) return head;
  throw new Refusal(404, `Branch ${branch} not found`);
}

/** The id of the file that is replaced, which the client has to name; null where there is none. */
function requireShaOf(repository: Repository, head: string, path: readonly string[], sha: string | undefined) {
  const there = repository.trees.find(repository.rootOf(head), path);
  if (there?.mode === TREE) throw new Refusal(422, 'path contains a malformed path component');
  if (there && sha === undefined) throw invalid([`"sha" wasn't supplied.`]);
  if (sha !== undefined && sha !== there?.oid) {
    throw new Refusal(409, `${readable(path.join('/'))} does not match ${sha}`);
  }
  return there?.oid ?? null;
}

function requireUnguarded(repository: Repository, branch: string, isNew: boolean): void {
  const guard = repository.guard(branch);
  if (guard === 'protection') {
    const what = isNew ? 'create' : 'update';
    throw new Refusal(409, `Could not ${what} file: Changes must be made through a pull request.`);
  }
  if (guard === 'ruleset') {
    throw new Refusal(409, 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n');
  }
}

function putLeaf({ trees, rootOf }: Repository, head: string | null, path: readonly string[], oid: string): string {
  try {
    return trees.edit(head === null ? null : rootOf(head), [{ path, leaf: { mode: null, oid } }]);
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    throw new Refusal(422, 'path contains a malformed path component');
  }
}

interface File {
  readonly path: string;
  readonly sha: string;
  /** Bytes. */
  readonly size: number;
  readonly branch: string;
  readonly url: string;
}

function fileJson(repository: Repository, { path, sha, size, branch, url }: File) {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  return {
    name: path.split('/').at(-1),
    path,
    sha,
    size,
    type: 'file',
    url: `${url}/contents/${encoded}?ref=${encodeURIComponent(branch)}`,
    git_url: `${url}/git/blobs/${sha}`,
    html_url: htmlUrl(repository, `/blob/${branch}/${encoded}`),
  };
}

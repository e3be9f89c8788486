/** Objects of GitHub's answers for a repository, a ref and a commit. */

import type { Signature } from './commits.ts';
import type { Repository } from './repository.ts';

/** Address of a page for people; the API's own addresses are below the API's origin. */
export const htmlUrl = (repository: Repository, path = ''): string => `https://github.com/${repository.name}${path}`;

export function repositoryJson(repository: Repository, url: string) {
  const { id, name, defaultBranch, options } = repository;
  const isPrivate = options.private ?? true;
  return {
    id,
    node_id: nodeId('R', name),
    name: name.split('/')[1],
    full_name: name,
    owner: { login: name.split('/')[0] },
    private: isPrivate,
    visibility: isPrivate ? 'private' : 'public',
    html_url: htmlUrl(repository),
    url,
    default_branch: defaultBranch,
    archived: false,
    disabled: false,
    permissions: { admin: false, maintain: false, push: options.contents !== 'read', triage: false, pull: true },
  };
}

export const refJson = (repository: Repository, branch: string, oid: string, url: string) => ({
  ref: `refs/heads/${branch}`,
  node_id: refId(repository, branch),
  url: `${url}/git/refs/heads/${branch}`,
  object: { type: 'commit', sha: oid, url: `${url}/git/commits/${oid}` },
});

export function commitJson(repository: Repository, oid: string, url: string) {
  const commit = repository.readCommit(oid);
  if (!commit) throw new Error(`${oid} is not a commit`);
  return {
    sha: oid,
    node_id: nodeId('C', `${repository.name}:${oid}`),
    url: `${url}/git/commits/${oid}`,
    html_url: htmlUrl(repository, `/commit/${oid}`),
    author: signatureJson(commit.author),
    committer: signatureJson(commit.committer),
    tree: { sha: commit.tree, url: `${url}/git/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${url}/git/commits/${sha}`,
      html_url: htmlUrl(repository, `/commit/${sha}`),
    })),
    verification: { verified: false, reason: 'unsigned', signature: null, payload: null, verified_at: null },
  };
}

/** `2026-03-01T00:00:00Z` */
const signatureJson = ({ name, email, seconds }: Signature) => ({
  name,
  email,
  date: new Date(seconds * 1000).toISOString().replace('.000Z', 'Z'),
});

export const refId = (repository: Repository, branch: string): string =>
  nodeId('REF', `${repository.name}:refs/heads/${branch}`);

/** The repository's name and the branch that an id of a ref stands for; null where it stands for something else. */
export function readRefId(id: string): { repository: string; branch: string } | null {
  const [kind, packed = ''] = id.split('_');
  const [, repository, branch] = /^([^:]*):refs\/heads\/(.*)$/.exec(Buffer.from(packed, 'hex').toString()) ?? [];
  if (kind !== 'REF' || repository === undefined || branch === undefined) return null;
  return { repository, branch };
}

/** Opaque to clients, as GitHub's are: `R_kgDOABCD`. */
export const nodeId = (kind: string, text: string): string => `${kind}_${Buffer.from(text).toString('hex')}`;

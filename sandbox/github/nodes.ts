/** Objects of the GraphQL API for a repository, a branch and a commit. */

import { GraphQLError } from 'graphql';
import type { Repository } from './repository.ts';
import { htmlUrl, nodeId, refId } from './shapes.ts';

/** Finds a repository by `owner/name`; null where the token sees none. */
export type Find = (name: string) => Repository | null;

/** GitHub tells errors apart by `type`, beside the message. */
export const refused = (type: string, message: string): GraphQLError =>
  new GraphQLError(message, { extensions: { type } });

export function found(find: Find, name: string): Repository {
  const repository = find(name);
  if (repository && repository.options.contents !== 'none') return repository;
  throw refused('NOT_FOUND', `Could not resolve to a Repository with the name '${name}'.`);
}

export const repositoryNode = (repository: Repository) => ({
  id: nodeId('R', repository.name),
  nameWithOwner: repository.name,
  isEmpty: repository.isEmpty(),
  isPrivate: repository.options.private ?? true,
  defaultBranchRef: () => refNode(repository, repository.defaultBranch),
  ref: ({ qualifiedName }: { qualifiedName: string }) =>
    refNode(repository, qualifiedName.replace(/^refs\/heads\//, '')),
});

export function refNode(repository: Repository, branch: string) {
  const head = repository.refs.read(branch);
  if (head === null) return null;
  return {
    id: refId(repository, branch),
    name: branch,
    prefix: 'refs/heads/',
    target: () => commitNode(repository, head),
  };
}

export function commitNode(repository: Repository, oid: string) {
  const commit = repository.readCommit(oid);
  const url = htmlUrl(repository, `/commit/${oid}`);
  return {
    __typename: 'Commit',
    id: nodeId('C', `${repository.name}:${oid}`),
    oid,
    url,
    commitUrl: url,
    message: commit?.message,
    committedDate: new Date((commit?.committer.seconds ?? 0) * 1000).toISOString().replace('.000Z', 'Z'),
  };
}

/** The mutation `createCommitOnBranch`: all changes or none, and only onto the head that the client has seen. */

import { BOT, GITHUB } from './commits.ts';
import { splitPath } from './names.ts';
import { commitNode, type Find, found, refNode, refused } from './nodes.ts';
import type { Repository } from './repository.ts';
import type { CreateCommitOnBranchInput, FileChanges } from './schema.ts';
import { readRefId } from './shapes.ts';
import { type Edit, EditError } from './trees.ts';

export function createCommitOnBranch(find: Find, input: CreateCommitOnBranchInput) {
  const { repository, branch } = readBranch(find, input.branch);
  if (repository.options.contents === 'read') throw refused('FORBIDDEN', 'Resource not accessible by integration');
  const head = repository.refs.read(branch);
  if (head === null) {
    throw refused('NOT_FOUND', `No branch named '${branch}' exists on repository '${repository.name}'.`);
  }
  const { expectedHeadOid, message, fileChanges, clientMutationId } = input;
  if (head !== expectedHeadOid) {
    const advice = 'but it did not.  Pull and try again.';
    throw refused('STALE_DATA', `Expected branch to point to "${expectedHeadOid}" ${advice}`);
  }
  const tree = changedTree(repository, head, fileChanges ?? {});
  requireUnguarded(repository, branch);
  const commit = repository.writeCommit({
    tree,
    parents: [head],
    message: message.body ? `${message.headline}\n\n${message.body}` : message.headline,
    author: BOT,
    committer: GITHUB,
  });
  repository.refs.write(branch, commit);
  return { clientMutationId, commit: commitNode(repository, commit), ref: refNode(repository, branch) };
}

function readBranch(find: Find, { id, repositoryNameWithOwner, branchName }: CreateCommitOnBranchInput['branch']) {
  const byName = repositoryNameWithOwner != null && branchName != null;
  if (id == null && byName) return { repository: found(find, repositoryNameWithOwner), branch: branchName };
  if (id == null || repositoryNameWithOwner != null || branchName != null) {
    throw refused('UNPROCESSABLE', 'A branch is named by its id, or by repositoryNameWithOwner and branchName.');
  }
  const meant = readRefId(id);
  if (!meant) throw refused('NOT_FOUND', `Could not resolve to a node with the global id of '${id}'.`);
  return { repository: found(find, meant.repository), branch: meant.branch };
}

/** Deletions come first, so that a folder may take the place of a file. */
function changedTree(repository: Repository, head: string, { additions, deletions }: FileChanges): string {
  const { trees, objects, rootOf } = repository;
  const added = (additions ?? []).map(({ path, contents }): Edit => {
    return { path: pathOf(path, 'addition'), leaf: { mode: null, oid: objects.write('blob', contents) } };
  });
  const deleted = (deletions ?? []).map(({ path }): Edit => ({ path: pathOf(path, 'deletion'), leaf: null }));
  const paths = [...added, ...deleted].map(({ path }) => path.join('/'));
  if (new Set(paths).size < paths.length) throw refused('UNPROCESSABLE', 'A path was requested more than once');
  try {
    return trees.edit(trees.edit(rootOf(head), deleted), added);
  } catch (error) {
    if (!(error instanceof EditError)) throw error;
    if (error.kind === 'conflict') throw invalidPath('addition');
    const fault = `A path was requested for deletion which does not exist as of commit oid \`${head}\``;
    throw refused('UNPROCESSABLE', fault);
  }
}

function pathOf(path: string, purpose: 'addition' | 'deletion'): string[] {
  const names = splitPath(path);
  if (!names) throw invalidPath(purpose);
  return names;
}

const invalidPath = (purpose: 'addition' | 'deletion') =>
  refused('UNPROCESSABLE', `A path was requested for ${purpose} that is invalid`);

function requireUnguarded(repository: Repository, branch: string): void {
  const guard = repository.guard(branch);
  const advice = 'Changes must be made through a pull request.';
  if (guard === 'protection') throw refused('BRANCH_PROTECTION_RULE_VIOLATION', advice);
  if (guard === 'ruleset') throw refused('UNPROCESSABLE', `Repository rule violations found\n\n${advice}\n\n`);
}

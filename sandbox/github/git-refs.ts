/** The endpoints of branches: `/git/ref/heads/…` and `/git/refs`. */

import { json, Refusal, type SandboxResponse } from '../server.ts';
import type { Call } from './call.ts';
import { readBody, requireSha } from './fields.ts';
import { isBranchName } from './names.ts';
import type { Repository } from './repository.ts';
import { refJson } from './shapes.ts';

export function getRef({ repository, name, url }: Call): SandboxResponse {
  const oid = repository.refs.read(name);
  if (oid === null) throw new Refusal(404, 'Not Found');
  return json(200, refJson(repository, name, oid, url));
}

const CREATION_REFUSED = {
  protection: 'Reference update failed',
  ruleset: 'Repository rule violations found\n\nCannot create ref due to creations being restricted.',
};

export function createRef({ repository, body, url }: Call): SandboxResponse {
  const { ref, sha } = readBody(body, { ref: 'string', sha: 'string' });
  requireSha(sha);
  const branch = ref.replace(/^refs\/heads\//, '');
  if (branch === ref || !isBranchName(branch)) throw new Refusal(422, `${ref} is not a valid ref name`);
  if (repository.refs.read(branch) !== null) throw new Refusal(422, 'Reference already exists');
  if (!repository.readCommit(sha)) throw new Refusal(422, 'Object does not exist');
  const guard = repository.guard(branch);
  if (guard) throw new Refusal(422, CREATION_REFUSED[guard]);
  if (isInTheWay(repository, branch)) throw new Refusal(422, 'Reference update failed');
  repository.refs.write(branch, sha);
  return json(201, refJson(repository, branch, sha, url));
}

/** Git keeps a branch as a file, so that there cannot be `a` and `a/b` at once. */
const isInTheWay = ({ refs }: Repository, branch: string): boolean =>
  refs.list().some((other) => other.startsWith(`${branch}/`) || branch.startsWith(`${other}/`));

const UPDATE_REFUSED = {
  protection: 'Changes must be made through a pull request.',
  ruleset: 'Repository rule violations found\n\nChanges must be made through a pull request.\n\n',
};

export function updateRef({ repository, name, body, url }: Call): SandboxResponse {
  const { sha, force = false } = readBody(body, { sha: 'string', 'force?': 'boolean' });
  requireSha(sha);
  const head = repository.refs.read(name);
  if (head === null) throw new Refusal(422, 'Reference does not exist');
  if (!repository.readCommit(sha)) throw new Refusal(422, 'Object does not exist');
  if (!force && !repository.descends(sha, head)) throw new Refusal(422, 'Update is not a fast forward');
  const guard = repository.guard(name);
  if (guard) throw new Refusal(422, UPDATE_REFUSED[guard]);
  repository.refs.write(name, sha);
  return json(200, refJson(repository, name, sha, url));
}

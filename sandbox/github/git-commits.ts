/** The endpoints of commits: `/git/commits`. */

import { json, Refusal, type SandboxResponse } from '../server.ts';
import type { Call } from './call.ts';
import { BOT, type Person } from './commits.ts';
import { invalid, readBody, readFields, requireMessage, requireSha } from './fields.ts';
import type { Repository } from './repository.ts';
import { commitJson } from './shapes.ts';

export function getCommit({ repository, name, url }: Call): SandboxResponse {
  requireSha(name);
  if (!repository.readCommit(name)) throw new Refusal(404, 'Not Found');
  return json(200, commitJson(repository, name, url));
}

export function createCommit({ repository, body, url }: Call): SandboxResponse {
  const fields = readBody(body, {
    message: 'string',
    tree: 'string',
    'parents?': 'array',
    'author?': 'object',
    'committer?': 'object',
  });
  const { message, tree, parents = [] } = fields;
  requireMessage(message);
  requireSha(tree);
  if (!repository.objects.body(tree, 'tree')) throw new Refusal(422, 'Tree SHA does not exist or is not a tree object');
  const author = readPerson(fields.author) ?? BOT;
  const committer = readPerson(fields.committer) ?? author;
  const commit = { tree, parents: readParents(repository, parents), message, author, committer };
  return json(201, commitJson(repository, repository.writeCommit(commit), url));
}

function readParents(repository: Repository, parents: readonly unknown[]): string[] {
  return parents.map((parent) => {
    if (typeof parent !== 'string') throw invalid([`For 'properties/parents', ${parent} is not a string.`]);
    requireSha(parent);
    if (repository.readCommit(parent)) return parent;
    throw new Refusal(422, 'Parent SHA does not exist or is not a commit object');
  });
}

/** `{name, email, date}`; a name or address that would break git's header is refused. */
export function readPerson(value: unknown): (Person & { seconds?: number }) | undefined {
  if (value === undefined) return undefined;
  const { name, email, date } = readFields(value, { name: 'string', email: 'string', 'date?': 'string' });
  if (/[<>\n\0]/.test(name + email) || name.trim() === '') throw invalid([`${name} <${email}> is not a person.`]);
  if (date === undefined) return { name, email };
  const seconds = Math.floor(Date.parse(date) / 1000);
  if (Number.isNaN(seconds) || !date.includes('T'))
    throw invalid([`For 'properties/date', ${date} is not a date-time.`]);
  return { name, email, seconds };
}

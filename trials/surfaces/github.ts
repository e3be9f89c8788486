/** Places of GitHub's answers with text that others may have chosen: names in a repository, the words of a ruleset. */

import { startGitHub } from '../../sandbox/github/server.ts';
import { type Fault, reply, type SandboxRequest } from '../../sandbox/server.ts';
import type { OwnPlace } from './vendors.ts';

export const GITHUB_TOKEN = 'ghs_q7Xo2LrbWm0TzKc5VhYd8NsEuJ3pFaG1iB4x';
const REPOSITORY = 'octo-org/octo-repo';

/** A GitHub with the workflow's repository, which answers as it is told to where it is asked so. */
export interface GitHubTarget {
  readonly origin: string;
  readonly repository: Awaited<ReturnType<typeof startGitHub>> extends infer Server
    ? Server extends { repository: (name: string) => infer One }
      ? One
      : never
    : never;
  answer: { readonly fault: Fault; readonly asked: (request: SandboxRequest) => boolean } | null;
  readonly close: () => Promise<void>;
}

export async function openGitHubTarget(): Promise<GitHubTarget> {
  const target: { answer: GitHubTarget['answer'] } = { answer: null };
  const server = await startGitHub({
    token: GITHUB_TOKEN,
    repositories: [{ name: REPOSITORY }],
    intercept: (request) => (target.answer?.asked(request) ? target.answer.fault : undefined),
  });
  return Object.assign(target, {
    origin: server.origin,
    repository: server.repository(REPOSITORY),
    close: server.close,
  });
}

const json = (status: number, body: unknown): Fault =>
  reply(status, { 'content-type': 'application/json; charset=utf-8' }, JSON.stringify(body));

const lineOf = ({ method, path }: SandboxRequest): string => `${method} ${path}`;
const at = (pattern: RegExp) => (request: SandboxRequest) => pattern.test(lineOf(request));

const refused = (status: number, asked: RegExp): OwnPlace => ({
  name: `GitHub's \`message\` of a ${status} to ${asked.source}`,
  asked: at(asked),
  answer: (text) => json(status, { message: text, documentation_url: text, errors: [{ message: text }] }),
});

const SHA = '0123456789abcdef0123456789abcdef01234567';

export const GITHUB_PLACES: readonly OwnPlace[] = [
  ...[401, 403, 404, 422, 503].map((status) => refused(status, /^GET \/repos\/[\w/-]+$/)),
  refused(422, /git\/blobs$/),
  refused(409, /git\/trees/),
  {
    name: 'the default branch',
    asked: at(/^GET \/repos\/[\w-]+\/[\w-]+$/),
    answer: (text) => json(200, { private: true, default_branch: text }),
  },
  {
    name: 'the commit of a branch',
    asked: at(/git\/ref\/heads/),
    answer: (text) => json(200, { ref: text, object: { type: 'commit', sha: text } }),
  },
  {
    name: 'the tree of a commit',
    asked: at(/git\/commits\//),
    answer: (text) => json(200, { sha: SHA, tree: { sha: text }, parents: [] }),
  },
  {
    name: 'names in a tree',
    asked: at(/git\/trees\//),
    answer: (text) => json(200, { sha: SHA, truncated: false, tree: [{ path: text, type: text, sha: SHA, size: 1 }] }),
  },
  {
    name: 'what a ruleset says',
    asked: at(/graphql/),
    answer: (text) =>
      json(200, {
        data: null,
        errors: [{ type: 'UNPROCESSABLE', message: `Repository rule violations found\n\n${text}` }],
      }),
  },
  {
    name: 'an error of GraphQL',
    asked: at(/graphql/),
    answer: (text) => json(200, { data: null, errors: [{ type: text, message: text }] }),
  },
  {
    name: 'the commit that was made',
    asked: at(/graphql/),
    answer: (text) => json(200, { data: { createCommitOnBranch: { commit: { oid: text } } } }),
  },
];

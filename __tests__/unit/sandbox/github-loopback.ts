import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from '@jest/globals';
import {
  type GitHubOptions,
  type GitHubServer,
  type SandboxRepository,
  startGitHub,
} from '../../../sandbox/github/server.ts';

export const token = 'secret-token';
export const NAME = 'acme/audit';

const open: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()));
});

/** A server with the repository `acme/audit` unless told otherwise; it and its folder are gone after the test. */
export async function start(options: Partial<GitHubOptions> = {}): Promise<GitHubServer> {
  const server = await startGitHub({ token, repositories: [{ name: NAME }], ...options });
  open.push(server.close);
  return server;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-github-test-'));
  open.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer's shape is what the tests are about
  readonly body: any;
}

export async function ask(
  server: GitHubServer,
  call: `${'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE'} /${string}`,
  body?: unknown,
  headers: Readonly<Record<string, string>> = { authorization: `Bearer ${token}` },
): Promise<Answer> {
  const [method = '', path = ''] = call.split(' ');
  const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(server.origin + path, { method, headers, ...sent });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, body: isJson ? JSON.parse(text) : text };
}

/** The same below `/repos/acme/audit`. */
export const askRepo = (server: GitHubServer, call: string, body?: unknown): Promise<Answer> => {
  const [method, path] = call.split(' ');
  return ask(server, `${method} /repos/${NAME}${path}` as 'GET /', body);
};

const MUTATION = `mutation ($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { clientMutationId commit { oid url message } ref { name target { oid } } }
}`;

/** `createCommitOnBranch` on main of `acme/audit`; the input's fields can be replaced one by one. */
export const commitOnBranch = (server: GitHubServer, input: Readonly<Record<string, unknown>>): Promise<Answer> =>
  ask(server, 'POST /graphql', {
    query: MUTATION,
    variables: {
      input: {
        branch: { repositoryNameWithOwner: NAME, branchName: 'main' },
        message: { headline: 'Export' },
        ...input,
      },
    },
  });

export const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');

export const git = ({ path }: Pick<SandboxRepository, 'path'>, ...args: readonly string[]): string =>
  execFileSync('git', ['--git-dir', path, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** Throws, with what git said, where it finds anything wrong. */
export function requireSound(repository: SandboxRepository): void {
  const said = execFileSync(
    'sh',
    ['-c', 'git --git-dir "$0" fsck --full --strict --no-dangling 2>&1', repository.path],
    {
      encoding: 'utf8',
    },
  );
  if (said.trim() !== '') throw new Error(said);
}

/**
 * Speaks as GitHub does to a workflow that commits, over real bare repositories, so that git itself can judge what was
 * made of them: https://docs.github.com/rest/git and `createCommitOnBranch` of https://docs.github.com/graphql.
 */

import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Refusal,
  readQuery,
  refusing,
  type SandboxRequest,
  type SandboxResponse,
  type SandboxServer,
  type ServerOptions,
  segmentsOf,
  startServer,
} from '../server.ts';
import type { Limits } from './call.ts';
import { answerGraphql } from './graphql.ts';
import type { Find } from './nodes.ts';
import { makeRepository, type Repository, type RepositoryOptions, type SandboxRepository } from './repository.ts';
import { answerRest, errorShape, requireKnownHeaders } from './rest.ts';

export type { RepositoryOptions, SandboxRepository } from './repository.ts';

export interface GitHubOptions extends ServerOptions {
  readonly token: string;
  readonly repositories: readonly RepositoryOptions[];
  /** Folder of the bare repositories. Defaults to a new temporary folder, in memory where there is room, which `close` removes. */
  readonly folder?: string;
  /** Milliseconds since 1970, for the dates of commits. Defaults to the clock. */
  readonly now?: () => number;
  /**
   * Answers `/repos/{owner}/{repo}/actions/…`, with what follows `/actions` as the request's path (`/artifacts/7`).
   * Null is a 404, as everything is without this option.
   */
  readonly actions?: (request: SandboxRequest, repository: string) => SandboxResponse | null;
  /** Entries after which a recursive listing of a tree is cut. Defaults to 100,000. */
  readonly treeLimit?: number;
  /** Defaults to 100 MiB. */
  readonly maxBlobBytes?: number;
  /** A longer body of a GraphQL request never gets past the gateway. Defaults to 40 MiB. */
  readonly maxGraphqlBytes?: number;
}

export interface GitHubServer extends SandboxServer {
  /** Throws where there is no repository of this name. */
  readonly repository: (name: string) => SandboxRepository;
}

const MIB = 1024 * 1024;

export async function startGitHub(options: GitHubOptions): Promise<GitHubServer> {
  const folder = options.folder ?? mkdtempSync(join(temporaryFolder(), 'sandbox-github-'));
  const repositories = new Map(
    options.repositories.map((one, index): [string, Repository] => {
      return [
        one.name.toLowerCase(),
        makeRepository(index + 1, join(folder, `${one.name}.git`), one, options.now ?? Date.now),
      ];
    }),
  );
  const find: Find = (name) => repositories.get(name.toLowerCase()) ?? null;
  const server = await startServer((request) => answer(request, options, find), options);
  return {
    ...server,
    repository: (name) => {
      const repository = find(name);
      if (!repository) throw new Error(`the sandbox has no repository ${name}`);
      return repository;
    },
    close: async () => {
      await server.close();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

const MEMORY = '/dev/shm';
/** Bytes: containers have a memory file system of 64 MiB, which some large blobs would fill. */
const ROOM = 2 * 1024 * MIB;

/** Every commit is some ten small files, which take a disk twenty times as long as memory. */
function temporaryFolder(): string {
  if (!existsSync(MEMORY)) return tmpdir();
  const { bavail, bsize } = statfsSync(MEMORY);
  return bavail * bsize > ROOM ? MEMORY : tmpdir();
}

function answer(request: SandboxRequest, options: GitHubOptions, find: Find): SandboxResponse {
  return refusing(errorShape(), () => {
    requireIdentity(request, options.token);
    if (request.path === '/graphql') return graphql(request, options, find);
    const [root, owner, name, ...rest] = segmentsOf(request);
    if (root !== 'repos' || !owner || !name) throw new Refusal(404, 'Not Found');
    const repository = find(`${owner}/${name}`);
    if (rest[0] === 'actions') return actions(request, options, repository);
    return answerRest(request, { repository, path: rest.join('/'), limits: limitsOf(options) });
  })(request);
}

const limitsOf = ({ treeLimit = 100_000, maxBlobBytes = 100 * MIB }: GitHubOptions): Limits => ({
  treeEntries: treeLimit,
  blobBytes: maxBlobBytes,
});

function requireIdentity({ headers }: SandboxRequest, token: string): void {
  if (!headers['user-agent']) {
    throw new Refusal(
      403,
      'Request forbidden by administrative rules. Please make sure your request has a User-Agent header',
    );
  }
  const [, given] = /^(?:token|bearer) (.+)$/i.exec(headers.authorization ?? '') ?? [];
  if (given !== token) throw new Refusal(401, 'Bad credentials');
}

function graphql(request: SandboxRequest, { maxGraphqlBytes = 40 * MIB }: GitHubOptions, find: Find): SandboxResponse {
  if (Buffer.byteLength(request.body) > maxGraphqlBytes) {
    const body = '<!DOCTYPE html><title>Unicorn! &middot; GitHub</title><p>This page is taking too long to load.</p>';
    return { status: 502, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
  }
  requireKnownHeaders(request);
  readQuery(request, [], 422);
  return answerGraphql(request, find);
}

function actions(request: SandboxRequest, options: GitHubOptions, repository: Repository | null): SandboxResponse {
  if (!repository) throw new Refusal(404, 'Not Found');
  if (repository.options.actions === 'none') throw new Refusal(403, 'Resource not accessible by integration');
  const [, path = ''] = /^\/repos\/[^/]+\/[^/]+\/actions(.*)$/.exec(request.path) ?? [];
  const answered = options.actions?.({ ...request, path }, repository.name);
  if (!answered) throw new Refusal(404, 'Not Found');
  return answered;
}
